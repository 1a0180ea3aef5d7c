/** The whole plan, in double precision, against what PyTorch computed. */
import { join } from 'node:path';
import { describe, test } from 'vitest';
import {
  checkGeneration,
  checkPass,
  checkSteps,
  checkTraining,
  type ExpectedRun,
} from '../../../../tests/support/engine-checks.ts';
import {
  hasSharedGoldens,
  microBatches,
  readJson,
  readLines,
  readStudent,
  readTensors,
  sharedGoldens,
} from '../../../../tests/support/goldens.ts';
import { createTwinEngine } from './twin-engine.ts';

const golden = (...path: string[]): string => join(sharedGoldens, ...path);

describe.skipIf(!hasSharedGoldens())('the plan in double precision agrees with PyTorch', () => {
  for (const folder of ['tiny-gated', 'tiny-tied']) {
    for (const kind of ['', 'long-'] as const) {
      test(`one pass, ${folder}, ${kind}batch`, async () => {
        await checkPass(createTwinEngine(readStudent(golden(folder))), golden(folder), kind);
      });
    }
  }

  for (const kind of ['', 'accumulation-', 'half-clipped-']) {
    test(`20 steps, ${kind}training`, async () => {
      const student = readStudent(golden('tiny-gated'));
      await checkTraining(createTwinEngine(student), student, golden('training'), kind);
    });
  }

  test('generation, greedy and beam', async () => {
    await checkGeneration(createTwinEngine(readStudent(golden('generation'))), golden('generation'));
  });

  test('the first steps of a run from text, with a vocabulary of 32,128', { timeout: 60_000 }, async () => {
    const { run, steps } = cosERun();
    const batches = microBatches(readTensors(golden('cos-e-run', 'batches.safetensors')));
    const engine = createTwinEngine(readStudent(golden('cos-e-run', 'student')));
    await checkSteps(engine, batches, { run, steps: steps.slice(0, 4) });
  });
});

function cosERun(): ExpectedRun {
  return {
    run: readJson(golden('cos-e-run', 'run.json')) as ExpectedRun['run'],
    steps: readLines(golden('cos-e-run', 'metrics.jsonl')) as ExpectedRun['steps'],
  };
}
