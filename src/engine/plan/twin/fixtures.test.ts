/** The plan in double precision against the project's own fixtures: they are always there, dropout among them. */
import { join } from 'node:path';
import { describe, test } from 'vitest';
import {
  checkPass,
  checkSteps,
  checkTraining,
  type ExpectedRun,
} from '../../../../tests/support/engine-checks.ts';
import {
  engineFixtures,
  microBatches,
  readJson,
  readStudent,
  readTensors,
} from '../../../../tests/support/goldens.ts';
import { createTwinEngine } from './twin-engine.ts';

const fixture = (...path: string[]): string => join(engineFixtures, ...path);

describe('the plan in double precision agrees with the fixtures', () => {
  test('one pass, v1.1 and untied', async () => {
    await checkPass(createTwinEngine(readStudent(fixture('tiny-gated'))), fixture('tiny-gated'), '');
  });

  test('one pass, v1.0 and tied, short and long', async () => {
    const engine = createTwinEngine(readStudent(fixture('tiny-tied')));
    await checkPass(engine, fixture('tiny-tied'), '');
    await checkPass(engine, fixture('tiny-tied'), 'long-');
  });

  test('training', async () => {
    const student = readStudent(fixture('tiny-gated'));
    await checkTraining(createTwinEngine(student), student, fixture('training'), '');
  });

  test('steps with dropout, two micro-batches each', async () => {
    const expected = readJson(fixture('dropout', 'expected.json')) as ExpectedRun;
    const batches = microBatches(readTensors(fixture('training', 'batches.safetensors')));
    await checkSteps(createTwinEngine(readStudent(fixture('tiny-gated'))), batches, expected);
  });
});
