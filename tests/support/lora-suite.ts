/** LoRA as peft computed it, through any engine that can be looked into. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { EngineStudent } from '../../src/engine/engine.ts';
import type { InspectableEngine } from '../../src/engine/tfjs/tfjs-engine.ts';
import type { Lora } from '../../src/student/lora/lora.ts';
import type { Weights } from '../../src/student/config.ts';
import { expectClose, expectCloseInNorm, expectNear } from './closeness.ts';
import { checkGreedy, checkState, checkSteps, type ExpectedRun } from './engine-checks.ts';
import {
  hasSharedGoldens,
  microBatches,
  readJson,
  readStudent,
  readTensors,
  sharedGoldens,
  taskBatch,
  unpaddedValues,
  weightsOf,
} from './goldens.ts';

const golden = (...path: string[]): string => join(sharedGoldens, 'more', ...path);

/** The column "accept" of the goldens' README. */
const accepted = { logits: 2e-4, passLoss: 1e-5, gradient: 1e-4 };

export const loraCases = ['gated-qv', 'gated-all', 'tied-qv', 'tied-all'] as const;

interface ExpectedLora extends ExpectedRun {
  base: string;
  lora: { rank: number; alpha: number; targets: string[] };
  batch: { loss: number; tokens: number };
}

/** A case's base, its settings, its adapters before and after training, and what was measured. */
export function readLoraCase(name: string): {
  folder: string;
  base: EngineStudent;
  lora: Lora;
  initial: Weights;
  final: Weights;
  expected: ExpectedLora;
} {
  const folder = golden('lora', name);
  const expected = readJson(folder, 'expected.json') as ExpectedLora;
  const { rank, alpha, targets } = expected.lora;
  const adapters = (when: string) => weightsOf(readTensors(folder, when, 'adapter_model.safetensors'));
  return {
    folder,
    expected,
    lora: { rank, alpha, dropout: 0, targets },
    base: readStudent(golden(expected.base)),
    initial: adapters('initial'),
    final: adapters('final'),
  };
}

/**
 * From fixed adapters: logits and loss, greedy answers of the base alone, the first gradients, 20 steps with the state
 * that they end in, logits and greedy answers after them.
 * @param maxSteps Fewer than 20 where software is slow: what comes after them is then left out.
 */
export function describeLora(
  name: string,
  open: (student: EngineStudent) => Promise<InspectableEngine> | InspectableEngine,
  { skip = false, maxSteps = Infinity }: { skip?: boolean; maxSteps?: number } = {},
): void {
  async function checkCase(engine: InspectableEngine, one: ReturnType<typeof readLoraCase>): Promise<void> {
    const { folder, base, initial, expected } = one;
    const batch = taskBatch(readTensors(golden(expected.base), 'batch.safetensors'));
    const logits = readTensors(folder, 'expected.safetensors');
    const checkLogits = async (tensor: string) => {
      const found = await engine.forward(batch);
      unpaddedValues(logits, tensor, batch.targets).forEach((values, row) =>
        expectClose(found.logits[row]!, values, accepted.logits, `${tensor} of row ${row}`),
      );
    };
    await checkLogits('logits');
    expectNear((await engine.evaluate(batch)).loss, expected.batch.loss, accepted.passLoss, 'loss');

    engine.restore({ weights: base.weights, expAvg: new Map(), expAvgSq: new Map(), step: 0 });
    await checkGreedy(engine, folder, 'base');
    engine.restore({ weights: initial, expAvg: new Map(), expAvgSq: new Map(), step: 0 });

    const batches = microBatches(readTensors(golden('batches.safetensors')));
    const { alpha } = expected.run;
    const still = { learningRate: 0, weightDecay: 0, maxGradNorm: 0, dropout: 0, seed: 0 };
    await engine.step([batches[0]!], { ...still, step: 1, alpha });
    const { expAvg } = await engine.read();
    const gradients = weightsOf(readTensors(folder, 'first-gradients.safetensors'), 'grad.');
    expect([...expAvg.keys()].sort()).toEqual([...gradients.keys()].sort());
    for (const [tensor, values] of gradients) {
      // The first moment after one step from nothing.
      const gradient = expAvg.get(tensor)!.map((value) => value / 0.1);
      expectCloseInNorm(gradient, values, accepted.gradient, `gradient of ${tensor}`);
    }
    engine.restore({ weights: initial, expAvg: new Map(), expAvgSq: new Map(), step: 0 });

    await checkSteps(engine, batches, { run: expected.run, steps: expected.steps.slice(0, maxSteps) });
    if (maxSteps < expected.steps.length) return;
    const final = join(folder, 'final', 'adapter_model.safetensors');
    await checkState(engine, initial, final, join(folder, 'adam.safetensors'));
    await checkLogits('trained.logits');
    await checkGreedy(engine, folder, 'adapter');
  }

  describe.skipIf(skip || !hasSharedGoldens('more'))(name, () => {
    test.each(loraCases)('%s', { timeout: 120_000 }, async (which) => {
      const one = readLoraCase(which);
      const { config, weights } = one.base;
      const engine = await open({ config, weights, adapters: { lora: one.lora, weights: one.initial } });
      try {
        await checkCase(engine, one);
      } finally {
        engine.dispose();
      }
    });
  });
}
