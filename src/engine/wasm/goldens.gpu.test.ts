/** The whole plan in WebAssembly against what PyTorch computed. */
import { join } from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import {
  checkGeneration,
  checkPass,
  checkSteps,
  checkTraining,
  type ExpectedRun,
} from '../../../tests/support/engine-checks.ts';
import {
  hasSharedGoldens,
  microBatches,
  readJson,
  readLines,
  readStudent,
  readTensors,
  sharedGoldens,
} from '../../../tests/support/goldens.ts';
import type { EngineStudent } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { loadKernels, type Kernels } from './kernels.ts';
import { startNodeThread } from './node-thread.ts';
import { WasmExecutor } from './wasm-executor.ts';

const golden = (...path: string[]): string => join(sharedGoldens, ...path);

describe.skipIf(!hasSharedGoldens())('the plan in WebAssembly agrees with PyTorch', () => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels();
  });

  const open = (student: EngineStudent, threads: number) =>
    new PlanEngine(student, {
      createExecutor: (layout) =>
        new WasmExecutor(layout, { kernels, threads, startThread: startNodeThread, poison: true }),
      reason: 'A test.',
    });

  for (const threads of [1, 2]) {
    describe(`${threads} threads`, () => {
      for (const folder of ['tiny-gated', 'tiny-tied']) {
        for (const kind of ['', 'long-'] as const) {
          test(`one pass, ${folder}, ${kind}batch`, async () => {
            const engine = open(readStudent(golden(folder)), threads);
            await checkPass(engine, golden(folder), kind);
            engine.dispose();
          });
        }
      }

      for (const kind of ['', 'accumulation-', 'half-clipped-']) {
        test(`20 steps, ${kind}training`, async () => {
          const student = readStudent(golden('tiny-gated'));
          const engine = open(student, threads);
          await checkTraining(engine, student, golden('training'), kind);
          engine.dispose();
        });
      }

      test('generation, greedy and beam', async () => {
        const engine = open(readStudent(golden('generation')), threads);
        await checkGeneration(engine, golden('generation'));
        engine.dispose();
      });

      test('a run from text, with a vocabulary of 32,128', async () => {
        const run = readJson(golden('cos-e-run', 'run.json')) as ExpectedRun['run'];
        const steps = readLines(golden('cos-e-run', 'metrics.jsonl')) as ExpectedRun['steps'];
        const batches = microBatches(readTensors(golden('cos-e-run', 'batches.safetensors')));
        const engine = open(readStudent(golden('cos-e-run', 'student')), threads);
        await checkSteps(engine, batches, { run, steps });
        engine.dispose();
      });
    });
  }
});
