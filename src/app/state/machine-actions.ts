/** What this machine can do, and how fast. */
import type { BenchReport } from '../../worker/protocol.ts';
import type { Requests } from './requests.ts';

export function machineActions({ set, request }: Pick<Requests, 'set' | 'request'>) {
  return {
    probe: async (): Promise<void> => {
      const machine = await request('machine', { type: 'probe' });
      if (machine) set({ machine });
    },

    /** Measures every engine of this browser; what it finds is shown on the Benchmark screen. */
    bench: async (model: BenchReport['model']): Promise<void> => {
      set({ bench: null });
      const bench = await request('bench', { type: 'bench', model });
      if (bench) set({ bench });
    },
  };
}
