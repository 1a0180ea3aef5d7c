/** GPUs for tests: SwiftShader under `npm test`, at WebGPU's default limits and without features unless asked. */
import { probeAdapter } from '../../device.ts';
import { openNodeGpu } from '../../tfjs/node-backend.ts';
import { Gpu } from '../gpu.ts';

/** False, with one line that says so, where there is no adapter. */
export async function hasGpu(): Promise<boolean> {
  const probe = await probeAdapter(await openNodeGpu());
  if (probe.kind === 'none') {
    console.log(
      `Skipped: the plan on WebGPU, because ${probe.description}. \`npm test\` finds a software driver where Chromium is installed.`,
    );
  }
  return probe.kind !== 'none';
}

/** @param options `features` takes what the adapter offers (subgroups, larger buffers). */
export async function openTestGpu(options: { features?: boolean } = {}): Promise<Gpu> {
  const probe = await probeAdapter(await openNodeGpu());
  if (probe.kind === 'none') throw new Error('Ask hasGpu() first.');
  return Gpu.open(probe.adapter, { name: probe.description, defaultsOnly: options.features !== true });
}
