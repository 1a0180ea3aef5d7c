import { expect, test } from 'vitest';
import { frozenParameters } from '../../student/reduce/freeze.ts';
import { evaluationFlops, stepFlops } from './step-flops.ts';
import { parseTiny, randomBatch } from './testing/tiny-engine.ts';

const config = parseTiny({ num_layers: 2, num_decoder_layers: 2 });
const shape = { batchSize: 4, inputTokens: 12, targetTokens: 6, method: 'step-by-step' } as const;

test('a step costs about three forward passes, and less with every part that is frozen', () => {
  const whole = stepFlops(config, shape, new Set());
  const rows = Array<[number, number]>(8).fill([12, 6]);
  const forward = evaluationFlops(config, randomBatch(config, 1, rows));
  // Backward is twice forward; norm and AdamW come on top, and count for much where the student is tiny.
  expect(whole).toBeGreaterThan(2.5 * forward);
  expect(stepFlops(config, { ...shape, method: 'standard' }, new Set())).toBeLessThan(0.75 * whole);
  const encoder = stepFlops(config, shape, frozenParameters(config, ['encoder']));
  const both = stepFlops(config, shape, frozenParameters(config, ['encoder', 'embeddings']));
  expect(encoder).toBeLessThan(whole);
  expect(both).toBeLessThan(encoder);
  expect(stepFlops({ ...config, num_layers: 1 }, shape, new Set())).toBeLessThan(whole);
});
