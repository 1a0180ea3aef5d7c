import { afterEach, expect, it, vi } from 'vitest';
import { engineFixtures, readStudent } from '../../tests/support/goldens.ts';
import { EngineError } from '../base/errors.ts';
import { openEngine } from './machine.ts';

const student = readStudent(engineFixtures, 'tiny-gated');
const validate = WebAssembly.validate;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

it('falls back to TensorFlow.js where there is no SIMD, unless the compiled engine was asked for', async () => {
  vi.stubEnv('STILLROOM_GPU', 'none');
  // What a machine without SIMD says of the module that holds nothing else: the kernels' own probe.
  vi.spyOn(WebAssembly, 'validate').mockImplementation((bytes) => bytes.byteLength > 60 && validate(bytes));
  await expect(openEngine(student, { engine: 'wasm', backend: null })).rejects.toThrow(EngineError);
  const engine = await openEngine(student, { engine: null, backend: null });
  const { engine: name, reason } = engine.describe();
  expect(name).toBe('tfjs');
  expect(reason).toMatch(
    /compiled engine did not start \(WebAssembly with SIMD .* not available here\), so /,
  );
  const [answer] = await engine.generate([Int32Array.of(5, 1)], { maxNewTokens: 2, numBeams: 1 });
  expect(answer!.ids.length).toBeGreaterThan(0);
  engine.dispose();
});
