/** Backends that the engine's tests run on. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { OpenBackend } from '../../src/engine/device.ts';
import { probeAdapter } from '../../src/engine/device.ts';
import { openNodeBackend, openNodeGpu } from '../../src/engine/tfjs/node-backend.ts';

const probe = await probeAdapter(await openNodeGpu());
if (probe.kind === 'none') {
  console.log(
    `Skipped: WebGPU, because ${probe.description}. \`npm test\` finds a software driver where Chromium is installed.`,
  );
}

/** Runs tests on WebAssembly, and on WebGPU where there is any (SwiftShader under \`npm test\`). */
export function describeBackends(tests: (open: () => OpenBackend, name: 'wasm' | 'webgpu') => void): void {
  for (const name of ['wasm', 'webgpu'] as const) {
    describe.skipIf(name === 'webgpu' && probe.kind === 'none')(name, () => {
      let backend: OpenBackend | null = null;
      beforeAll(async () => {
        backend = await openNodeBackend({ backend: name });
      });
      afterAll(() => backend?.close());
      tests(() => backend!, name);
    });
  }
}
