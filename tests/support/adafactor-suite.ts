/** Adafactor as transformers computed it, through any engine: 20 steps, the weights and averages that they end in. */
import { join } from 'node:path';
import { describe, test } from 'vitest';
import type { Engine, EngineStudent } from '../../src/engine/engine.ts';
import { expectCloseInNorm } from './closeness.ts';
import { checkState, checkSteps, type ExpectedRun } from './engine-checks.ts';
import {
  hasSharedGoldens,
  microBatches,
  readJson,
  readStudent,
  readTensors,
  sharedGoldens,
  weightsOf,
} from './goldens.ts';
import { readLoraCase } from './lora-suite.ts';

const golden = (...path: string[]): string => join(sharedGoldens, 'more', ...path);

/** The column "accept" of the goldens' README, for rows, columns and vectors. */
const acceptedAverage = 2e-4;

export const adafactorCases = [
  'gated-constant',
  'gated-trainer',
  'gated-defaults',
  'tied-constant',
  'tied-defaults',
  'lora-defaults',
] as const;

interface ExpectedAdafactor extends Omit<ExpectedRun, 'run'> {
  /** Null where gradients are not clipped. */
  run: Omit<ExpectedRun['run'], 'maxGradNorm'> & { maxGradNorm: number | null };
  base: string;
  lora?: string;
  optimizer: { relative_step: boolean };
}

/**
 * @param which Cases to take; all where it is left out.
 * @param maxSteps Fewer than 20 where software is slow: what comes after them is then left out.
 */
export function describeAdafactor(
  name: string,
  open: (student: EngineStudent) => Promise<Engine> | Engine,
  {
    which = adafactorCases,
    skip = false,
    maxSteps = Infinity,
  }: { which?: readonly (typeof adafactorCases)[number][]; skip?: boolean; maxSteps?: number } = {},
): void {
  describe.skipIf(skip || !hasSharedGoldens('more'))(name, () => {
    test.each(which)('%s', { timeout: 300_000 }, async (one) => {
      const folder = golden('adafactor', one);
      const { base, lora, optimizer, run, steps } = readJson(folder, 'expected.json') as ExpectedAdafactor;
      const student = readStudent(golden(base));
      const adapted = lora === undefined ? null : readLoraCase(lora);
      const engine = await open({
        ...student,
        ...(adapted !== null && { adapters: { lora: adapted.lora, weights: adapted.initial } }),
        optimizer: optimizer.relative_step ? 'adafactor-relative' : 'adafactor',
      });
      try {
        const taken = steps.slice(0, maxSteps).map((step) => ({
          ...step,
          // The file tells the rate of one weight. What the engine is told is the same for all of them.
          learningRate: optimizer.relative_step ? Math.min(1e-2, step.step ** -0.5) : step.learningRate,
        }));
        const batches = microBatches(readTensors(golden('batches.safetensors')));
        await checkSteps(engine, batches, {
          run: { ...run, maxGradNorm: run.maxGradNorm ?? 0 },
          steps: taken,
        });
        if (taken.length < steps.length) return;
        const initial = adapted === null ? student.weights : adapted.initial;
        await checkState(engine, initial, join(folder, 'final.safetensors'), null);
        await checkAverages(engine, join(folder, 'state.safetensors'));
      } finally {
        engine.dispose();
      }
    });
  });
}

async function checkAverages(engine: Engine, file: string): Promise<void> {
  const state = await engine.read();
  const expected = readTensors(file);
  const groups = [
    ['exp_avg_sq_row.', state.expAvgSqRow],
    ['exp_avg_sq_col.', state.expAvgSqCol],
    ['exp_avg_sq.', state.expAvgSq],
  ] as const;
  for (const [prefix, found] of groups) {
    for (const [name, values] of weightsOf(expected, prefix)) {
      expectCloseInNorm(found?.get(name), values, acceptedAverage, `${prefix}${name}`);
    }
  }
}
