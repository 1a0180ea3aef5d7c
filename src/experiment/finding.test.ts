import { expect, it } from 'vitest';
import { findingOf } from './finding.ts';
import type { Result } from './ledger.ts';
import type { Varied } from './spec.ts';

const result = (varied: Varied, correct: number): Result => ({
  varied,
  accuracy: { base: { correct: 10, total: 100 }, distilled: { correct, total: 100 }, teacher: null },
  run: JSON.stringify(varied),
});
/** By alpha, one value for each seed. */
const alphas = (byAlpha: Record<string, number[]>): Result[] =>
  Object.entries(byAlpha).flatMap(([alpha, shares]) =>
    shares.map((correct, seed) => result({ alpha: Number(alpha), seed }, correct)),
  );

it('names the best and how sure that is', () => {
  expect(findingOf([], false)).toBe('No run has ended yet.');
  expect(findingOf(alphas({ 0.1: [80] }), false)).toBe(
    'So far: alpha 0.1 has 80.0 % right; before training it had 10.0 %.',
  );
  // Differences of 10, 12 and 11 points: 11 ± 4.303 · 1/√3.
  expect(findingOf(alphas({ 0.5: [70, 70, 70], 0.1: [80, 82, 81] }), true)).toBe(
    'Alpha 0.1 is best: 81.0 % right over 3 seeds, +11.0 points over alpha 0.5 (95 % interval +8.5 to +13.5).',
  );
  expect(findingOf(alphas({ 0.5: [70, 82], 0.1: [80, 78] }), true)).toMatch(
    /^No sure difference can be seen: alpha 0\.1 has 79\.0 % right over 2 seeds, \+3\.0 points over alpha 0\.5, and the 95 % interval is −\d+\.\d to \+\d+\.\d\.$/,
  );
  expect(findingOf(alphas({ 0.5: [70], 0.1: [80] }), true)).toBe(
    'Alpha 0.1 is best with 80.0 % right, before alpha 0.5 with 70.0 %; one seed does not say how sure that is.',
  );
  expect(findingOf(alphas({ 0.5: [70], 0.1: [70] }), true)).toBe(
    'No difference can be seen: alpha 0.5 and alpha 0.1 both have 70.0 % right.',
  );
});

it('names settings by words, as people read them', () => {
  const varied = { weightDecay: 0, seed: 0 };
  expect(findingOf([result(varied, 80)], true)).toMatch(/^Weight decay 0 has 80\.0 % right/);
});

it('says how few rows the best one needs for what another has with all', () => {
  const curve = (method: string, shares: readonly number[]): Result[] =>
    shares.map((correct, index) => result({ method, fraction: [0.125, 0.25, 0.5, 1][index]! }, correct));
  const results = [...curve('standard', [40, 50, 60, 70]), ...curve('step-by-step', [66, 74, 80, 90])];
  // Halfway between 0.125 and 0.25.
  expect(findingOf(results, true)).toContain(
    'With about 19 % of the rows, method step-by-step does what method standard does with all of them.',
  );
  expect(findingOf(curve('standard', [40, 50, 60, 70]), true)).not.toContain('of the rows');
});
