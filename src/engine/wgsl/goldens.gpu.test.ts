/** The whole plan on WebGPU, at its default limits, against what PyTorch computed. */
import { join } from 'node:path';
import { describe, test } from 'vitest';
import {
  checkGeneration,
  checkPass,
  checkSteps,
  checkTraining,
  type ExpectedRun,
} from '../../../tests/support/engine-checks.ts';
import {
  engineFixtures,
  hasSharedGoldens,
  microBatches,
  readJson,
  readLines,
  readStudent,
  readTensors,
  sharedGoldens,
} from '../../../tests/support/goldens.ts';
import { hasGpu } from './testing/open-gpu.ts';
import { openTestEngine } from './testing/open-engine.ts';

const golden = (...path: string[]): string => join(sharedGoldens, ...path);
const fixture = (...path: string[]): string => join(engineFixtures, ...path);
const present = await hasGpu();
// Software GPUs take minutes for all of it; the CPU executor, which is held against the same numbers, takes all.
const takesWhole = process.env['STILLROOM_TEST_WHOLE'] === '1';

describe.skipIf(!present)('the plan on WebGPU agrees with PyTorch', () => {
  for (const folder of ['tiny-gated', 'tiny-tied']) {
    test(`one pass, ${folder}`, async () => {
      const engine = await openTestEngine(readStudent(fixture(folder)));
      await checkPass(engine, fixture(folder), '');
      engine.dispose();
    });
  }

  test('generation, greedy and beam', async () => {
    const engine = await openTestEngine(readStudent(fixture('generation')));
    await checkGeneration(engine, fixture('generation'));
    engine.dispose();
  });
});

describe.skipIf(!present || !hasSharedGoldens())('the plan on WebGPU agrees with the shared goldens', () => {
  for (const folder of ['tiny-gated', 'tiny-tied']) {
    for (const kind of ['', 'long-'] as const) {
      test(`one pass, ${folder}, ${kind}batch`, async () => {
        const engine = await openTestEngine(readStudent(golden(folder)));
        await checkPass(engine, golden(folder), kind);
        engine.dispose();
      });
    }
  }

  for (const kind of ['', 'accumulation-', 'half-clipped-']) {
    test(`20 steps, ${kind}training`, async () => {
      const student = readStudent(golden('tiny-gated'));
      const engine = await openTestEngine(student);
      await checkTraining(engine, student, golden('training'), kind);
      engine.dispose();
    });
  }

  test('generation, greedy and beam', async () => {
    const engine = await openTestEngine(readStudent(golden('generation')));
    await checkGeneration(engine, golden('generation'));
    engine.dispose();
  });

  test('a run from text, with a vocabulary of 32,128', async () => {
    const run = readJson(golden('cos-e-run', 'run.json')) as ExpectedRun['run'];
    const steps = readLines(golden('cos-e-run', 'metrics.jsonl')) as ExpectedRun['steps'];
    const batches = microBatches(readTensors(golden('cos-e-run', 'batches.safetensors')));
    const engine = await openTestEngine(readStudent(golden('cos-e-run', 'student')));
    await checkSteps(engine, batches, { run, steps: takesWhole ? steps : steps.slice(0, 2) });
    engine.dispose();
  });
});
