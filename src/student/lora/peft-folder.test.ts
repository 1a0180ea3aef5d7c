import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasSharedGoldens } from '../../../tests/support/goldens.ts';
import { loraCases, readLoraCase } from '../../../tests/support/lora-suite.ts';
import { InputError } from '../../base/errors.ts';
import { joinChunks } from '../../formats/safetensors-writer.ts';
import { parseT5Config } from '../config.ts';
import { tinyConfig } from '../testing/tiny-student.ts';
import { defaultLora, initialiseAdapters, type Lora } from './lora.ts';
import { adapterConfigText, adapterModel, parseAdapterConfig, readAdapters } from './peft-folder.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const lora: Lora = { ...defaultLora, rank: 2, targets: ['q', 'v'] };
const text = adapterConfigText(config, lora, 'base');
const changed = (change: object): string => JSON.stringify({ ...(JSON.parse(text) as object), ...change });

test('what is written is read back', () => {
  expect(parseAdapterConfig(text, 'f')).toEqual(lora);
  const adapters = initialiseAdapters(config, lora, 3);
  const bytes = joinChunks(adapterModel(config, lora, adapters));
  expect(readAdapters(bytes, 'f', config, lora)).toEqual(adapters);
  const all = parseAdapterConfig(adapterConfigText(config, { ...lora, targets: 'all-linear' }, 'b'), 'f');
  expect(all.targets).toContain('wo');
});

test.each([
  ['{', 'not valid JSON'],
  [changed({ peft_type: 'IA3' }), 'peft_type'],
  [changed({ r: 0 }), 'r:'],
  [changed({ r: 1e9 }), 'r:'],
  [changed({ bias: 'all' }), 'bias'],
  [changed({ use_dora: true }), '"use_dora"'],
  [changed({ rank_pattern: { q: 4 } }), '"rank_pattern"'],
  [changed({ modules_to_save: ['lm_head'] }), '"modules_to_save"'],
  [changed({ target_modules: '.*q' }), 'pattern'],
])('settings that would compute something else are refused: %s', (other, words) => {
  expect(() => parseAdapterConfig(other, 'adapter_config.json')).toThrow(InputError);
  expect(() => parseAdapterConfig(other, 'adapter_config.json')).toThrow(words);
});

test('adapters of another base are refused', () => {
  const bytes = joinChunks(adapterModel(config, lora, initialiseAdapters(config, lora, 3)));
  const read = (overrides: object, asked = lora) =>
    readAdapters(bytes, 'f', parseT5Config(JSON.stringify({ ...tinyConfig(), ...overrides }), 'c'), asked);
  for (const overrides of [
    { d_model: config.d_model + 4 },
    { num_layers: config.num_layers + 1 },
    { num_decoder_layers: config.num_decoder_layers - 1 },
  ])
    expect(() => read(overrides)).toThrow('another base');
  expect(() => read({}, { ...lora, targets: ['q'] })).toThrow('no such layer');
  expect(() => read({}, { ...lora, targets: ['q', 'v', 'k'] })).toThrow('is missing');
});

describe.skipIf(!hasSharedGoldens('more'))('folders that peft wrote', () => {
  test.each(loraCases)('%s', (which) => {
    const { folder, base, lora: expected, initial } = readLoraCase(which);
    const file = (name: string) => join(folder, 'initial', name);
    const found = parseAdapterConfig(readFileSync(file('adapter_config.json'), 'utf8'), 'f');
    const { targets, ...settings } = found;
    const { targets: asked, ...rest } = expected;
    expect(settings).toEqual(rest);
    expect(new Set(targets)).toEqual(new Set(asked));
    const bytes = new Uint8Array(readFileSync(file('adapter_model.safetensors')));
    const adapters = readAdapters(bytes, 'f', base.config, found);
    expect(new Map([...adapters].sort())).toEqual(new Map([...initial].sort()));
    // The same tensors under the same names: peft reads what is written here.
    const again = readAdapters(
      joinChunks(adapterModel(base.config, found, adapters)),
      'f',
      base.config,
      found,
    );
    expect(again).toEqual(adapters);
  });
});
