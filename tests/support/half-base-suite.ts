/** A base in half precision, through any engine that runs plans. */
import { describe, expect, test } from 'vitest';
import { RandomSequence } from '../../src/base/random.ts';
import type { EngineStudent, StepResult } from '../../src/engine/engine.ts';
import type { PlanEngine } from '../../src/engine/plan/plan-engine.ts';
import {
  randomBatch,
  tinyEngineStudent,
  tinyMicroBatch,
  tinyUpdate,
} from '../../src/engine/plan/testing/tiny-engine.ts';
import type { Weights } from '../../src/student/config.ts';
import { halfBase } from '../../src/student/lora/half-base.ts';
import { initialiseAdapters, type Lora } from '../../src/student/lora/lora.ts';
import { expectSameState } from './same-state.ts';

const cases: [string, Record<string, unknown>, Lora][] = [
  [
    'gated, all linear layers',
    { feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
    { rank: 3, alpha: 5, dropout: 0.1, targets: 'all-linear' },
  ],
  [
    'tied, sizes that are no whole fours',
    { feed_forward_proj: 'relu', tie_word_embeddings: true, d_model: 22, d_kv: 5, d_ff: 37, vocab_size: 99 },
    { rank: 4, alpha: 8, dropout: 0, targets: ['q', 'v'] },
  ],
];

/**
 * The numbers of a base in single precision whose matrices were rounded to 16-bit floats before, to the bit: losses of
 * steps, the state that they leave, an evaluation, greedy answers.
 * @param trains False where software is slow: an evaluation of the first case alone.
 */
export function describeHalfBase(
  name: string,
  open: (student: EngineStudent) => Promise<PlanEngine> | PlanEngine,
  { skip = false, trains = true }: { skip?: boolean; trains?: boolean } = {},
): void {
  describe.skipIf(skip)(name, () => {
    test.each(trains ? cases : cases.slice(0, 1))(
      '%s',
      { timeout: 240_000 },
      async (_name, overrides, lora) => {
        const { config, weights } = tinyEngineStudent(overrides);
        const adapters = initialiseAdapters(config, lora, 7);
        const random = new RandomSequence(8);
        for (const values of adapters.values())
          values.forEach((_, i) => (values[i]! += 0.1 * random.nextNormal()));
        const { inputs } = randomBatch(config, 5, [
          [7, 2],
          [3, 2],
        ]);
        const outcome = async (base: Weights, baseDtype: NonNullable<Lora['baseDtype']>) => {
          const engine = await open({
            config,
            weights: base,
            adapters: { lora: { ...lora, baseDtype }, weights: adapters },
          });
          try {
            const results: StepResult[] = [];
            for (const step of trains ? [1, 2] : [])
              results.push(await engine.step([tinyMicroBatch(config, step)], { ...tinyUpdate, step }));
            const { loss } = await engine.evaluate(tinyMicroBatch(config, 9).answer);
            const answers = trains ? await engine.generate(inputs, { maxNewTokens: 5, numBeams: 1 }) : [];
            return { results, loss, answers, state: await engine.read(), ...engine.describe() };
          } finally {
            engine.dispose();
          }
        };
        const half = await outcome(weights, 'float16');
        const full = await outcome(halfBase(config, weights), 'float32');
        expect(half.results).toEqual(full.results);
        expect(half.loss).toBe(full.loss);
        expect(half.answers).toEqual(full.answers);
        expectSameState(half.state, full.state);
        // What was rounded matters, so that these comparisons could fail.
        expect((await outcome(weights, 'float32')).loss).not.toBe(full.loss);
      },
    );

    test('takes half the memory of its matrices', async () => {
      const { config, weights } = tinyEngineStudent({ vocab_size: 4096, d_model: 64 });
      const held = async (baseDtype: NonNullable<Lora['baseDtype']>) => {
        const lora: Lora = { rank: 2, alpha: 2, dropout: 0, targets: ['q'], baseDtype };
        const adapters = { lora, weights: initialiseAdapters(config, lora, 1) };
        const engine = await open({ config, weights, adapters });
        const { bytesHeld } = engine.describe();
        engine.dispose();
        return bytesHeld;
      };
      // Two vocabularies of 1 MB; memory may come in pages.
      expect((await held('float32')) - (await held('float16'))).toBeGreaterThan(0.9e6);
    });
  });
}
