/** Backends as people know them. */
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
      return `Training runs on ${gpu.description}, with WebGPU.`;
    case 'software':
      return `No GPU was found (the only adapter, ${gpu.description}, is software), so training runs on the CPU with WebAssembly.`;
    case 'none':
      return `No GPU can be used (${gpu.description}), so training runs on the CPU with WebAssembly.`;
    default:
      return gpu.kind satisfies never;
  }
}
