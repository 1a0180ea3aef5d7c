/** Backends as people know them. */
import { formatPercent } from '../../base/units.ts';
import type { Machine } from '../../worker/protocol.ts';
import type { Backend } from '../state/studio-store.ts';

export const backendWords: Record<Backend, { short: string; long: string }> = {
  webgpu: { short: 'GPU', long: 'the GPU (WebGPU)' },
  wasm: { short: 'CPU', long: 'the CPU (WebAssembly)' },
  cpu: { short: 'CPU, slow', long: 'the CPU (plain JavaScript)' },
};

/** What this machine trains on without a choice, and why, as a sentence. */
export function machineWords({ gpu }: Machine): string {
  switch (gpu.kind) {
    case 'hardware':
      if (gpu.proof?.verdict === 'wrong') {
        return `${gpu.description} computes wrongly, so training runs on the CPU with WebAssembly.`;
      }
      return `Training runs on ${gpu.description}, with WebGPU.`;
    case 'software':
      return `No GPU was found (the only adapter, ${gpu.description}, is software), so training runs on the CPU with WebAssembly.`;
    case 'none':
      return `No GPU can be used (${gpu.description}), so training runs on the CPU with WebAssembly.`;
    default:
      return gpu.kind satisfies never;
  }
}

const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

/** How the GPU compared with the CPU, as a sentence. */
export function proofWords({ proof }: Machine['gpu']): string {
  if (proof === null)
    return 'Not checked yet: before it first trains, one step on it is held against the CPU.';
  const { checkedAt, worstDifference, verdict } = proof;
  const day = date.format(new Date(checkedAt));
  if (verdict === 'right') {
    return `Computes rightly. Checked on ${day}: a step differs from the CPU’s by ${worstDifference?.toExponential(0) ?? 'nothing'} at most.`;
  }
  const by =
    worstDifference === null
      ? 'values that are no numbers'
      : `differences of ${formatPercent(worstDifference)}`;
  return `Computes wrongly. Checked on ${day}: a step had ${by}, so nothing is trained on it. A newer driver or browser is checked again.`;
}
