import { describe, expect, it } from 'vitest';
import { parseT5Config } from './config.ts';
import { initialiseWeights } from './initialise.ts';
import { expectedParameters } from './parameters.ts';
import { tinyConfig } from './testing/tiny-student.ts';

const config = parseT5Config(
  JSON.stringify(tinyConfig({ vocab_size: 200, d_model: 64, d_kv: 16, d_ff: 100, num_heads: 2 })),
  'config.json',
);

/** Hugging Face's rules, and ours for lm_head. */
const deviations: [part: string, deviation: number][] = [
  ['shared', 1],
  ['.q', (64 * 16) ** -0.5],
  ['.k', 64 ** -0.5],
  ['.v', 64 ** -0.5],
  ['.o', 32 ** -0.5],
  ['.wi_0', 64 ** -0.5],
  ['.wi_1', 64 ** -0.5],
  ['.wo', 100 ** -0.5],
  ['lm_head', 64 ** -0.5],
];

describe('initialiseWeights', () => {
  const weights = initialiseWeights(config, 3);

  it('makes every parameter', () => {
    expect([...weights].map(([name, values]) => [name, values.length])).toEqual(
      expectedParameters(config).map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)]),
    );
  });

  it.each(deviations)('gives %s the standard deviation %d', (part, deviation) => {
    const chosen = [...weights].filter(([name]) => name.endsWith(`${part}.weight`));
    expect(chosen.length).toBeGreaterThan(0);
    for (const [, values] of chosen) {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
      // Five standard errors: of the mean σ/√n, of the spread about σ/√2n.
      const error = (5 * deviation) / Math.sqrt(values.length);
      expect(Math.abs(mean)).toBeLessThan(error);
      expect(Math.abs(spread - deviation)).toBeLessThan(error);
    }
  });

  it('starts layer norms at one', () => {
    const norms = [...weights].filter(([name]) => name.includes('layer_norm'));
    expect(norms).toHaveLength(10);
    expect(norms.every(([, values]) => values.every((value) => value === 1))).toBe(true);
  });

  it('follows the seed', () => {
    expect(initialiseWeights(config, 3)).toEqual(weights);
    expect(initialiseWeights(config, 4)).not.toEqual(weights);
  });
});
