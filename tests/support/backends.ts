/** Backends that the engine's tests run on. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { OpenBackend } from '../../src/engine/tfjs/open.ts';
import { openNodeBackend } from '../../src/engine/tfjs/node-backend.ts';
import { hasGpu } from './gpu.ts';

/** Runs tests on WebAssembly, and on WebGPU where there is any (SwiftShader under \`npm test\`). */
export function describeBackends(tests: (open: () => OpenBackend, name: 'wasm' | 'webgpu') => void): void {
  for (const name of ['wasm', 'webgpu'] as const) {
    describe.skipIf(name === 'webgpu' && !hasGpu)(name, () => {
      let backend: OpenBackend | null = null;
      beforeAll(async () => {
        backend = await openNodeBackend({ backend: name });
      });
      afterAll(() => backend?.close());
      tests(() => backend!, name);
    });
  }
}
