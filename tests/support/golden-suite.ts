/** The shared goldens, all of them, through any engine that can be looked into. */
import { join } from 'node:path';
import { describe, test } from 'vitest';
import type { EngineStudent } from '../../src/engine/engine.ts';
import type { InspectableEngine } from '../../src/engine/tfjs/tfjs-engine.ts';
import { checkGeneration, checkPass, checkSteps, checkTraining, type ExpectedRun } from './engine-checks.ts';
import {
  hasSharedGoldens,
  microBatches,
  readJson,
  readLines,
  readStudent,
  readTensors,
  sharedGoldens,
} from './goldens.ts';

const golden = (...path: string[]): string => join(sharedGoldens, ...path);

/**
 * @param open An engine with this student in it; disposed of after each test.
 * @param textSteps Steps of the run from text with its vocabulary of 32,128: software GPUs take minutes for all.
 */
export function describeGoldens(
  name: string,
  open: (student: EngineStudent) => Promise<InspectableEngine> | InspectableEngine,
  { skip = false, textSteps }: { skip?: boolean; textSteps?: number } = {},
): void {
  async function withEngine<T>(student: EngineStudent, work: (engine: InspectableEngine) => Promise<T>) {
    const engine = await open(student);
    try {
      await work(engine);
    } finally {
      engine.dispose();
    }
  }

  describe.skipIf(skip || !hasSharedGoldens())(name, () => {
    for (const folder of ['tiny-gated', 'tiny-tied']) {
      for (const kind of ['', 'long-'] as const) {
        test(`one pass, ${folder}, ${kind}batch`, () =>
          withEngine(readStudent(golden(folder)), (engine) => checkPass(engine, golden(folder), kind)));
      }
    }

    for (const kind of ['', 'accumulation-', 'half-clipped-']) {
      test(`20 steps, ${kind}training`, () => {
        const student = readStudent(golden('tiny-gated'));
        return withEngine(student, (engine) => checkTraining(engine, student, golden('training'), kind));
      });
    }

    test('generation, greedy and beam', () =>
      withEngine(readStudent(golden('generation')), (engine) =>
        checkGeneration(engine, golden('generation')),
      ));

    test('a run from text, with a vocabulary of 32,128', { timeout: 300_000 }, () => {
      const run = readJson(golden('cos-e-run', 'run.json')) as ExpectedRun['run'];
      const steps = readLines(golden('cos-e-run', 'metrics.jsonl')) as ExpectedRun['steps'];
      const batches = microBatches(readTensors(golden('cos-e-run', 'batches.safetensors')));
      return withEngine(readStudent(golden('cos-e-run', 'student')), (engine) =>
        checkSteps(engine, batches, { run, steps: steps.slice(0, textSteps) }),
      );
    });
  });
}
