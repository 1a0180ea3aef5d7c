import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import {
  checkRecipe,
  formatRecipe,
  notebookRecipe,
  parseRecipe,
  parseRunFile,
  presets,
  recipeSchema,
} from './recipe.ts';

describe('recipe', () => {
  it('takes the notebook’s values for missing keys', () => {
    expect(parseRecipe('{}', 'run.json')).toEqual({
      method: 'step-by-step',
      labels: 'gold',
      alpha: 0.5,
      steps: 4000,
      batchSize: 16,
      accumulation: 1,
      optimizer: 'adamw',
      learningRate: 5e-5,
      schedule: 'linear',
      warmupSteps: 0,
      weightDecay: 0,
      maxGradNorm: 1,
      dropout: 0.1,
      freeze: [],
      lora: null,
      seed: 0,
      shuffle: true,
      maxInputTokens: 1024,
      maxTargetTokens: 256,
      generationMaxTokens: 63,
      generation: null,
      evalEvery: 500,
      patience: 0,
      take: 'last',
      saveEvery: 1000,
    });
  });

  it('names every unknown key', () => {
    const read = () => parseRecipe('{\n "steps": 20,\n "stepz": 3,\n "alfa": 1\n}', 'run.json');
    expect(read).toThrow(InputError);
    expect(read).toThrow(
      /run\.json, line 3: "stepz" is not a setting; "alfa" is not a setting.*The settings are: method/s,
    );
  });

  it.each([
    ['{"alpha": 1.5}', 'alpha must be at most 1'],
    ['{"steps": 0}', 'steps must be at least 1'],
    ['{"steps": 2.5}', 'steps must be a whole number'],
    ['{"steps": "20"}', 'steps must be a whole number'],
    ['{"learningRate": null}', 'learningRate must be a number'],
    ['{"method": "magic"}', 'method must be "step-by-step" or "standard"'],
    ['{"shuffle": 1}', 'shuffle must be true or false'],
    ['{"steps": 10, "warmupSteps": 11}', 'warmupSteps (11) is more than steps (10)'],
    ['{"freeze": "encoder"}', 'freeze must be a list of parts'],
    ['{"freeze": ["head"]}', 'freeze must be "embeddings" or "encoder" or "decoder"'],
    ['{"freeze": ["decoder", "encoder", "embeddings"]}', 'nothing would be trained'],
    ['{"steps": 10', 'not valid JSON'],
    ['[]', 'run.json: '],
  ])('refuses %s in words', (text, words) => {
    expect(() => parseRecipe(text, 'run.json')).toThrow(InputError);
    expect(() => parseRecipe(text, 'run.json')).toThrow(words);
  });

  it.each([
    ['{\n "steps": 20,\n "alpha": }', /run\.json, line 3: this is not valid JSON: it has “}” at column 11/],
    ['{\n "steps": 20\n "alpha": 1\n}', /run\.json, line 3: .* at column 2, where a comma/],
    ['{"steps": twenty}', /run\.json, line 1: .*“twenty” at column 11/],
    ['{\n "steps": 20,\n', /run\.json, line 2: .*it ends in the middle of an object/],
    ['', /run\.json, line 1: .*it holds no value/],
  ])('says on which line %j is not JSON', (text, words) => {
    expect(() => parseRecipe(text, 'run.json')).toThrow(words);
  });

  it('refuses a key that other programs may write', () => {
    expect(() => parseRecipe('{"stillroom": 1}', 'run.json')).toThrow('"stillroom" is not a setting');
  });

  it('is the same after being written and read', () => {
    const arbitrary = fc.record({
      method: fc.constantFrom('step-by-step' as const, 'standard' as const),
      labels: fc.constantFrom('gold' as const, 'teacher' as const),
      alpha: fc.double({ min: 0, max: 1, noNaN: true }),
      steps: fc.integer({ min: 1, max: 10_000 }),
      seed: fc.integer({ min: 0, max: 0xffff_ffff }),
      shuffle: fc.boolean(),
      freeze: fc.subarray(['embeddings' as const, 'encoder' as const, 'decoder' as const], { maxLength: 2 }),
      schedule: fc.constantFrom('linear' as const, 'constant' as const, 'cosine' as const),
    });
    fc.assert(
      fc.property(arbitrary, (keys) => {
        const recipe = recipeSchema.parse(keys);
        const again = parseRecipe(formatRecipe(recipe), 'run.json');
        // -0 is written as 0, which is the same alpha.
        expect({ ...again, alpha: again.alpha + 0 }).toEqual({ ...recipe, alpha: recipe.alpha + 0 });
      }),
    );
  });

  it('knows each frozen part once, in one order', () => {
    const { freeze } = parseRecipe('{"freeze": ["encoder", "embeddings", "encoder"]}', 'run.json');
    expect(freeze).toEqual(['embeddings', 'encoder']);
  });

  it('has presets that are valid and say when to use them', () => {
    for (const preset of presets) {
      expect(checkRecipe(preset.recipe)).toEqual({ recipe: preset.recipe, issues: [] });
      expect(preset.use.length).toBeGreaterThan(20);
    }
    expect(presets[1].recipe).toEqual(notebookRecipe);
  });
});

it('names ten keys that are no settings, and counts the rest', () => {
  const keys = Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`key${at}`, at]));
  const { issues } = checkRecipe(keys);
  expect(issues.map(({ problem }) => problem)).toEqual([
    ...Array.from({ length: 10 }, (_, at) => `"key${at}" is not a setting`),
    '199990 more are no settings',
  ]);
  expect(() => parseRecipe(JSON.stringify(keys), 'run.json')).toThrow(/199990 more are no settings/);
});

it.each([
  ['a list', '[1]'],
  ['a number', '3'],
  ['nothing', 'null'],
  ['a text', '"alpha"'],
])('%s is no recipe, and says so', (_, text) => {
  expect(() => parseRunFile(text, 'run.json')).toThrow(InputError);
});

it('what run.json says of rows is read apart, and wrong with its line', () => {
  expect(parseRunFile('{"alpha": 0.25}', 'run.json')).toMatchObject({ recipe: { alpha: 0.25 }, data: null });
  expect(parseRunFile('{"alpha": 0.25, "data": {}}', 'run.json').data).not.toBeNull();
  const wrong = '{\n  "alpha": 0.25,\n  "data": 7\n}';
  expect(() => parseRunFile(wrong, 'run.json')).toThrow(/^run\.json, line 3: "data"/);
});
