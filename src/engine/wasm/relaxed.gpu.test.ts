/** The kernels with relaxed SIMD, where the runtime has it: PyTorch's numbers, and the same bytes on any threads. */
import { setFlagsFromString } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { engineFixtures, readStudent } from '../../../tests/support/goldens.ts';
import { describeGoldens } from '../../../tests/support/golden-suite.ts';
import { describeHalfBase } from '../../../tests/support/half-base-suite.ts';
import { haveSameBytes } from '../../../tests/support/same-state.ts';
import type { EngineStudent } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { loadKernels, type Kernels } from './kernels.ts';
import { judgeRelaxed, measureGain } from './kernel-trial.ts';
import { startNodeThread } from './node-thread.ts';
import { hasRelaxedSimd, loadRelaxedKernels } from './relaxed-kernels.ts';
import { WasmExecutor, type WasmExecutorOptions } from './wasm-executor.ts';

// Node 20 has the instructions behind a flag.
if (!hasRelaxedSimd()) setFlagsFromString('--experimental-wasm-relaxed-simd');

const [plain, relaxed] = [await loadKernels(), hasRelaxedSimd() ? await loadRelaxedKernels() : null];
if (relaxed === null) console.log('Skipped: relaxed SIMD, which this runtime does not have.');

const open =
  (kernels: Kernels, options: Partial<WasmExecutorOptions> = {}) =>
  (student: EngineStudent): PlanEngine =>
    new PlanEngine(student, {
      createExecutor: (layout) =>
        new WasmExecutor(layout, { kernels, startThread: startNodeThread, poison: true, ...options }),
      reason: 'A test.',
    });

describe.skipIf(relaxed === null)('relaxed SIMD', () => {
  if (relaxed === null) return;
  describeGoldens('agrees with PyTorch', open(relaxed, { threads: 2 }));
  describeHalfBase('takes a base in half precision', open(relaxed));

  /** All weights after a few steps. */
  async function trained(kernels: Kernels, options: Partial<WasmExecutorOptions>): Promise<Float32Array[]> {
    const engine = open(kernels, options)(readStudent(engineFixtures, 'tiny-gated'));
    const task = {
      inputs: [Int32Array.of(5, 9, 12, 7, 1), Int32Array.of(4, 1)],
      targets: [Int32Array.of(8, 3, 1), Int32Array.of(6, 1)],
    };
    for (let step = 1; step <= 4; step += 1) {
      await engine.step([{ answer: task, rationale: task }], {
        step,
        alpha: 0.5,
        learningRate: 1e-3,
        weightDecay: 0.01,
        maxGradNorm: 1,
        dropout: 0.1,
        seed: 3,
      });
    }
    const { weights } = await engine.read();
    engine.dispose();
    return [...weights.values()];
  }
  const areSame = (a: readonly Float32Array[], b: readonly Float32Array[]): boolean =>
    a.every((values, index) => haveSameBytes(values, b[index]!));

  const verdict = judgeRelaxed(plain, relaxed);

  test('is held to be right by the choice between the two, and measured', async () => {
    // Processors from before 2013 have no fused products.
    expect(['right', 'unfused']).toContain(verdict);
    // Null on a busy machine.
    const gain = await measureGain(plain, relaxed);
    console.log(
      `Relaxed SIMD, ${verdict}: ${gain === null ? 'too busy to measure' : `${gain.toFixed(3)} times`}.`,
    );
    if (gain !== null) expect(gain > 0).toBe(verdict === 'right');
  });

  test('gives the same bytes on any number of threads, and others than plain SIMD where it fuses', async () => {
    const once = await trained(relaxed, {});
    for (const options of [{}, { threads: 2 }, { turns: 5 }]) {
      expect(areSame(await trained(relaxed, options), once), JSON.stringify(options)).toBe(true);
    }
    expect(areSame(await trained(plain, {}), once)).toBe(verdict === 'unfused');
  });

  test('says so of itself', () => {
    const engine = open(relaxed)(readStudent(engineFixtures, 'tiny-gated'));
    expect(engine.describe().adapter).toBe('WebAssembly relaxed SIMD, one thread');
    engine.dispose();
  });
});
