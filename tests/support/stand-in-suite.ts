/** Another student in the place of an engine's own, through any engine. */
import { describe, expect, test } from 'vitest';
import { RandomSequence } from '../../src/base/random.ts';
import type { Engine, EngineStudent, StepResult } from '../../src/engine/engine.ts';
import {
  randomBatch,
  tinyEngineStudent,
  tinyMicroBatch,
  tinyUpdate,
} from '../../src/engine/plan/testing/tiny-engine.ts';
import { halfBase } from '../../src/student/lora/half-base.ts';
import { initialiseAdapters, type Lora } from '../../src/student/lora/lora.ts';
import { frozenParameters } from '../../src/student/reduce/freeze.ts';
import { expectSameState } from './same-state.ts';

export const standInCases = ['whole', 'frozen', 'adafactor', 'lora', 'lora on a half base'] as const;
type StandInCase = (typeof standInCases)[number];

/** A student that is trained, and the base that it is made from as a student of its own. */
export function standInStudent(which: StandInCase): { trained: EngineStudent; base: EngineStudent } {
  const base = tinyEngineStudent();
  const { config, weights } = base;
  const lora: Lora = { rank: 3, alpha: 6, dropout: 0.1, targets: 'all-linear' };
  // Adapters that say something, as after a training.
  const adapters = initialiseAdapters(config, lora, 7);
  const random = new RandomSequence(8);
  for (const values of adapters.values())
    values.forEach((_, at) => (values[at]! += 0.1 * random.nextNormal()));
  switch (which) {
    case 'whole':
      return { trained: base, base };
    case 'frozen':
      return { trained: { ...base, frozen: frozenParameters(config, ['embeddings', 'encoder']) }, base };
    case 'adafactor':
      return { trained: { ...base, optimizer: 'adafactor' }, base };
    case 'lora':
      return { trained: { ...base, adapters: { lora, weights: adapters } }, base };
    case 'lora on a half base': {
      const half: Lora = { ...lora, baseDtype: 'float16' };
      const trained = { ...base, adapters: { lora: half, weights: adapters } };
      return { trained, base: { config, weights: halfBase(config, weights) } };
    }
    default:
      return which satisfies never;
  }
}

const { config } = tinyEngineStudent();
const questions = randomBatch(config, 5, [
  [7, 2],
  [3, 4],
]);

/** Everything that may be asked while another student is there. */
async function answersOf(engine: Engine): Promise<unknown> {
  const { loss } = await engine.evaluate(questions);
  const greedy = await engine.generate(questions.inputs, { maxNewTokens: 5, numBeams: 1 });
  const beams = await engine.generate(questions.inputs, { maxNewTokens: 5, numBeams: 2 });
  return { loss, greedy, beams };
}

/** Steps of a tiny student, dropout and all. */
export async function trainTiny(engine: Engine, from: number, to: number): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (let step = from; step <= to; step += 1)
    results.push(await engine.step([tinyMicroBatch(config, step)], { ...tinyUpdate, step }));
  return results;
}

/**
 * The base answers as an engine of its own does, and the training continues as if it had not been asked, to the byte.
 * The trained weights are set aside on the device; with adapters none are.
 */
export function describeStandIn(
  name: string,
  open: (student: EngineStudent) => Promise<Engine> | Engine,
  { skip = false, which = standInCases }: { skip?: boolean; which?: readonly StandInCase[] } = {},
): void {
  describe.skipIf(skip)(name, () => {
    test.each(which)('%s', { timeout: 240_000 }, async (one) => {
      const { trained, base } = standInStudent(one);
      const quiet = await open(trained);
      const expected = await trainTiny(quiet, 1, 4);
      const alone = await open(base);
      const engine = await open(trained);
      expect(await trainTiny(engine, 1, 2)).toEqual(expected.slice(0, 2));
      const own = await answersOf(engine);

      const held = engine.describe().bytesHeld;
      const putBack = await engine.standIn(trained.weights);
      const aside = engine.describe().bytesHeld - held;
      if (trained.adapters === undefined) expect(aside).toBeGreaterThan(0);
      else expect(aside).toBe(0);
      const found = await answersOf(engine);
      expect(found).toEqual(await answersOf(alone));
      expect(found).not.toEqual(own);
      const before = engine.describe().bytesHeld;
      await putBack();
      expect(before - engine.describe().bytesHeld).toBe(aside);

      expect(await answersOf(engine)).toEqual(own);
      expect(await trainTiny(engine, 3, 4)).toEqual(expected.slice(2));
      expectSameState(await engine.read(), await quiet.read());
      for (const opened of [quiet, alone, engine]) opened.dispose();
    });

    test('refuses all else meanwhile, and weights that do not fit', { timeout: 120_000 }, async () => {
      const { trained } = standInStudent('whole');
      const engine = await open(trained);
      await trainTiny(engine, 1, 1);
      const state = await engine.read();
      const lacking = new Map(trained.weights);
      lacking.delete('shared.weight');
      await expect(engine.standIn(lacking)).rejects.toThrow('shared.weight is missing');
      const putBack = await engine.standIn(trained.weights);
      const words = 'in the middle of another student’s turn';
      await expect(trainTiny(engine, 2, 2)).rejects.toThrow(words);
      await expect(engine.standIn(trained.weights)).rejects.toThrow(words);
      expect(() => engine.source()).toThrow(words);
      expect(() => engine.restore(state)).toThrow(words);
      await putBack();
      expectSameState(await engine.read(), state);
      engine.dispose();
    });
  });
}
