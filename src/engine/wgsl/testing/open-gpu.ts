/** GPUs for tests: SwiftShader under `npm test`, at WebGPU's default limits and without features unless asked. */
import { probeAdapter } from '../../gpu/probe.ts';
import { openNodeGpu } from '../../tfjs/node-backend.ts';
import { Gpu } from '../gpu.ts';

/** @param options `features` takes what the adapter offers (subgroups, larger buffers). */
export async function openTestGpu(options: { features?: boolean } = {}): Promise<Gpu> {
  const probe = await probeAdapter(await openNodeGpu());
  if (probe.kind === 'none') throw new Error('There is no GPU; see tests/support/gpu.ts.');
  return Gpu.open(probe.adapter, { name: probe.description, defaultsOnly: options.features !== true });
}
