/** What GPU this machine has, and opening one that was asked for: known to every engine that computes on one. */
import { NoGpuError } from '../../base/errors.ts';

export type AdapterProbe =
  | { kind: 'none'; description: string }
  | { kind: 'software' | 'hardware'; description: string; adapter: GPUAdapter };

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render|\bwarp\b/i;

/** Whether an adapter's name is that of a GPU in software. */
export function isSoftwareName(name: string): boolean {
  return softwareNames.test(name);
}

/** Looks for a GPU. `description` names it, or says why there is none (to follow "because"). */
export async function probeAdapter(gpu: GPU | undefined): Promise<AdapterProbe> {
  if (gpu === undefined) return { kind: 'none', description: 'WebGPU is not available here' };
  let adapter: GPUAdapter | null = null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    // Some drivers throw where they should answer null.
  }
  if (adapter === null) return { kind: 'none', description: 'WebGPU found no GPU' };
  const { description, vendor, architecture, device } = adapter.info;
  const parts = [description, vendor, architecture, device].filter((part) => part !== '');
  const isSoftware = adapter.info.isFallbackAdapter || parts.some(isSoftwareName);
  const shown = description !== '' ? description : parts.join(' ');
  if (isSoftware) return { kind: 'software', description: shown || 'a software adapter', adapter };
  return { kind: 'hardware', description: shown || 'an unnamed GPU', adapter };
}

/** What a driver said, for a sentence. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Opens something on a GPU that was asked for.
 * @throws NoGpuError where there is none or it does not open.
 */
export async function withAskedGpu<T>(
  probe: AdapterProbe,
  open: (adapter: GPUAdapter, name: string) => Promise<T>,
): Promise<T> {
  if (probe.kind === 'none') {
    throw new NoGpuError(
      `WebGPU was asked for, but ${probe.description}.`,
      'Choose wasm, or use a browser and a graphics driver that offer WebGPU.',
    );
  }
  try {
    return await open(probe.adapter, probe.description);
  } catch (error) {
    throw new NoGpuError(
      `The GPU (${probe.description}) could not be opened: ${causeOf(error)}.`,
      'Close other programs that use the GPU and try again, or choose wasm.',
    );
  }
}
