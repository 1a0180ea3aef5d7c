/**
 * The engine against the project's own PyTorch fixtures (scripts/make_fixtures.py), so that every clone proves the
 * numbers: all of them, on both backends.
 */
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { describeBackends } from '../../../tests/support/backends.ts';
import {
  checkGeneration,
  checkPass,
  checkSteps,
  checkTraining,
  type ExpectedRun,
} from '../../../tests/support/engine-checks.ts';
import {
  engineFixtures,
  microBatches,
  readJson,
  readStudent,
  readTensors,
} from '../../../tests/support/goldens.ts';
import { createTfjsEngine } from './tfjs-engine.ts';

describe('PyTorch’s numbers, from our own fixtures', () => {
  describeBackends((open) => {
    for (const [model, kind] of [
      ['tiny-gated', ''],
      ['tiny-tied', ''],
      ['tiny-tied', 'long-'],
    ] as const) {
      it(`${kind}batch of ${model}: encoder, logits, loss, gradients`, async () => {
        const folder = join(engineFixtures, model);
        const engine = createTfjsEngine(readStudent(folder), open());
        await checkPass(engine, folder, kind);
        engine.dispose();
      });
    }

    it('training on two tasks with accumulation and clipping', async () => {
      const student = readStudent(engineFixtures, 'tiny-gated');
      const engine = createTfjsEngine(student, open());
      await checkTraining(engine, student, join(engineFixtures, 'training'), '');
      engine.dispose();
    });

    it('dropout: Hugging Face’s places, our masks', async () => {
      const engine = createTfjsEngine(readStudent(engineFixtures, 'tiny-gated'), open());
      const { run, steps } = readJson(engineFixtures, 'dropout', 'expected.json') as ExpectedRun;
      const batches = microBatches(readTensors(engineFixtures, 'training', 'batches.safetensors'));
      await checkSteps(engine, batches, { run, steps });
      engine.dispose();
    });

    it('greedy and beam search', async () => {
      const folder = join(engineFixtures, 'generation');
      const engine = createTfjsEngine(readStudent(folder), open());
      await checkGeneration(engine, folder);
      engine.dispose();
    });
  });
});
