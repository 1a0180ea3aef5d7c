/** Whether there is a GPU for tests, in software or not; says once, in one line, that tests are skipped for want of one. */
import { probeAdapter } from '../../src/engine/gpu/probe.ts';
import { openNodeGpu } from '../../src/engine/tfjs/node-backend.ts';

const probe = await probeAdapter(await openNodeGpu());
if (probe.kind === 'none') {
  console.log(
    `Skipped: WebGPU, because ${probe.description}. \`npm test\` finds a software driver where Chromium is installed.`,
  );
}

export const hasGpu = probe.kind !== 'none';
