import { describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { expectCloseInNorm } from '../../../tests/support/closeness.ts';
import { hasSharedGoldens, readTensors, weightsOf } from '../../../tests/support/goldens.ts';
import { loraCases, readLoraCase } from '../../../tests/support/lora-suite.ts';
import { InputError } from '../../base/errors.ts';
import { parseT5Config } from '../config.ts';
import { sizeOf } from '../parameters.ts';
import { tinyConfig } from '../testing/tiny-student.ts';
import {
  adaptedModules,
  adapterParameters,
  defaultLora,
  initialiseAdapters,
  mergeAdapters,
  shapesOf,
} from './lora.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');

describe('targets', () => {
  test('are the last names of modules: wi is not wi_0', () => {
    const modules = adaptedModules(config, { ...defaultLora, rank: 2, targets: ['q'] });
    expect(modules.every(({ name }) => name.endsWith('.q'))).toBe(true);
    const blocks = config.num_layers + 2 * config.num_decoder_layers;
    expect(modules).toHaveLength(blocks);
    const all = adaptedModules(config, { ...defaultLora, rank: 2, targets: 'all-linear' });
    expect(all.some(({ name }) => name.includes('lm_head'))).toBe(false);
    expect(all.length).toBeGreaterThan(4 * blocks);
  });

  test.each([['w'], ['lm_head'], ['relative_attention_bias'], ['layer_norm']])(
    'that are not there: %s',
    (target) => {
      expect(() => adaptedModules(config, { ...defaultLora, targets: ['q', target] })).toThrow(InputError);
      expect(() => adaptedModules(config, { ...defaultLora, targets: ['q', target] })).toThrow(`"${target}"`);
    },
  );

  test('none, or a rank above the width', () => {
    expect(() => adaptedModules(config, { ...defaultLora, targets: [] })).toThrow('no targets');
    expect(() => adaptedModules(config, { ...defaultLora, rank: 10_000 })).toThrow('above the width');
  });
});

test('adapters begin with A within ±1/√inputs and B zero, the same for a seed', () => {
  const adapters = initialiseAdapters(config, { ...defaultLora, rank: 3 }, 5);
  for (const { name, shape } of adapterParameters(config, { ...defaultLora, rank: 3 })) {
    const values = adapters.get(name)!;
    expect(values).toHaveLength(sizeOf(shape));
    expect(shapesOf(config)(name, values.length)).toEqual(shape);
    const bound = name.includes('lora_A') ? shape[1]! ** -0.5 : 0;
    const largest = Math.max(...values.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(Math.fround(bound));
    expect(largest).toBeGreaterThanOrEqual(0.5 * bound);
    if (bound > 0) expect(new Set(values).size).toBeGreaterThan(values.length / 2);
  }
  expect(initialiseAdapters(config, { ...defaultLora, rank: 3 }, 5)).toEqual(adapters);
  expect(initialiseAdapters(config, { ...defaultLora, rank: 3 }, 6)).not.toEqual(adapters);
});

describe.skipIf(!hasSharedGoldens('more'))('merged weights agree with peft', () => {
  test.each(loraCases)('%s', (which) => {
    const { folder, base, lora, final } = readLoraCase(which);
    const merged = mergeAdapters(base, lora, final);
    const expected = weightsOf(readTensors(join(folder, 'merged.safetensors')));
    for (const [name, values] of expected)
      expectCloseInNorm(merged.get(name), values, 1e-3, name, base.weights.get(name));
    // What has no adapter is not copied.
    const others = [...merged].filter(([name]) => !expected.has(name));
    expect(others.length).toBeGreaterThan(0);
    for (const [name, values] of others) expect(values).toBe(base.weights.get(name));
  });
});
