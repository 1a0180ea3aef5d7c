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
  recipeIdentity,
  recipeSchema,
  withBaseDtype,
  withLora,
  withSettings,
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

describe('bounds', () => {
  const whole: [name: string, least: number, most: number][] = [
    ['steps', 1, 10_000_000],
    ['batchSize', 1, 4096],
    ['accumulation', 1, 1024],
    ['warmupSteps', 0, 10_000_000],
    ['seed', 0, 4_294_967_295],
    ['maxInputTokens', 2, 16_384],
    ['maxTargetTokens', 2, 16_384],
    ['generationMaxTokens', 1, 4096],
    ['evalEvery', 0, 10_000_000],
    ['patience', 0, 1_000_000],
    ['saveEvery', 0, 10_000_000],
    ['lora rank', 1, 4096],
    ['generation numBeams', 1, 16],
    ['generation noRepeatNgramSize', 0, 100],
    ['generation minNewTokens', 0, 4096],
  ];
  const real: typeof whole = [
    ['alpha', 0, 1],
    ['learningRate', 0, 10],
    ['weightDecay', 0, 10],
    ['maxGradNorm', 0, 1e9],
    ['dropout', 0, 0.95],
    ['lora alpha', 1e-6, 1e6],
    ['lora dropout', 0, 0.95],
    ['generation repetitionPenalty', 0.01, 100],
    ['generation lengthPenalty', -100, 100],
  ];
  /** A recipe with one setting; as many steps as there may be, which a warm-up may not exceed. */
  const problemsOf = (name: string, value: number): string[] => {
    const [first, second] = name.split(' ') as [string, string?];
    const setting = second === undefined ? { [first]: value } : { [first]: { [second]: value } };
    return checkRecipe({ steps: 10_000_000, ...setting }).issues.map(({ problem }) => problem);
  };

  it.each([...whole, ...real])('%s is from %d to %d, both among them', (name, least, most) => {
    const inside = most - least > 2 ? least + 1 : (least + most) / 2;
    for (const value of [least, inside, most]) expect(problemsOf(name, value)).toEqual([]);
    const beyond = whole.some(([other]) => other === name) ? 1 : 1e-7;
    expect(problemsOf(name, least - beyond)).toEqual([`${name} must be at least ${least}`]);
    expect(problemsOf(name, most + beyond)).toEqual([`${name} must be at most ${most}`]);
  });

  it.each(whole)('%s is a whole number', (name, least) => {
    expect(problemsOf(name, least + 0.5)).toEqual([`${name} must be a whole number`]);
  });
});

it('a table that is left empty has the defaults of peft and of transformers', () => {
  const { lora, generation } = parseRecipe('{"lora": {}, "generation": {}}', 'run.json');
  expect(lora).toEqual({ rank: 8, alpha: 8, dropout: 0, targets: ['q', 'v'], baseDtype: 'float32' });
  expect(generation).toEqual({
    numBeams: 1,
    noRepeatNgramSize: 0,
    repetitionPenalty: 1,
    minNewTokens: 0,
    lengthPenalty: 1,
    earlyStopping: false,
  });
});

it.each([
  ['{"lora": {"targets": ["a name of more than 20 letters"]}}', 'lora targets must be'],
  [`{"lora": {"targets": ["${'q'.repeat(21)}"]}}`, 'lora targets must be'],
  [`{"lora": {"targets": ${JSON.stringify(new Array(21).fill('q'))}}}`, 'lora targets must be'],
  ['{"lora": {"targets": ["" ]}}', 'lora targets must be'],
  ['{"generation": {"earlyStopping": "sometimes"}}', 'must be true, false or "never"'],
  ['{"take": "first"}', 'take must be "last", "best" or a step'],
  ['{"take": 0}', 'take must be "last", "best" or a step'],
  ['{"take": 123456789}', 'take must be "last", "best" or a step'],
  ['{"steps": 10, "take": 11}', 'take (11) is more than steps (10)'],
  ['{"evalEvery": 0, "take": "best"}', 'take goes by measurements, and evalEvery is 0'],
  ['{"evalEvery": 0, "patience": 1}', 'patience goes by measurements, and evalEvery is 0'],
  ['{"freeze": ["encoder"], "lora": {}}', 'with lora all of the student is frozen'],
])('refuses %s in words', (text, words) => {
  expect(() => parseRecipe(text, 'run.json')).toThrow(words);
});

it.each([
  [`{"lora": {"targets": ["${'q'.repeat(20)}"]}}`],
  [`{"lora": {"targets": ${JSON.stringify(new Array(20).fill('q'))}}}`],
  ['{"generation": {"earlyStopping": "never"}}'],
  ['{"steps": 10, "take": 10}'],
  ['{"steps": 10, "take": "10", "warmupSteps": 10}'],
  ['{"evalEvery": 1, "take": "best", "patience": 1}'],
  ['{"evalEvery": 0, "take": "last", "patience": 0}'],
  ['{"freeze": ["encoder", "decoder"]}'],
])('takes %s', (text) => {
  expect(() => parseRecipe(text, 'run.json')).not.toThrow();
});

it('the small preset is what the guide and the study were measured with', () => {
  const { alpha, steps, learningRate, warmupSteps, weightDecay, ...rest } = presets[0].recipe;
  expect({ alpha, steps, learningRate, warmupSteps, weightDecay }).toEqual({
    alpha: 0.1,
    steps: 600,
    learningRate: 0.002,
    warmupSteps: 20,
    weightDecay: 0.01,
  });
  const { maxInputTokens, maxTargetTokens, generationMaxTokens, evalEvery, saveEvery } = rest;
  expect([maxInputTokens, maxTargetTokens, generationMaxTokens]).toEqual([128, 96, 48]);
  expect([evalEvery, saveEvery]).toEqual([100, 200]);
});

it('names ten unknown keys whole and up to 60 letters of each, and counts an eleventh', () => {
  const problems = (keys: string[]) =>
    checkRecipe(Object.fromEntries(keys.map((key) => [key, 1]))).issues.map(({ problem }) => problem);
  const ten = Array.from({ length: 10 }, (_, at) => `k${at}`);
  expect(problems(ten)).toHaveLength(10);
  expect(problems([...ten, 'k10']).at(-1)).toBe('1 more are no settings');
  const long = 'x'.repeat(60);
  expect(problems([long])).toEqual([`"${long}" is not a setting`]);
  expect(problems([`${long}y`])).toEqual([`"${long}…" is not a setting`]);
});

describe('a recipe with other settings', () => {
  it('has adapters of a rank, whose alpha is the rank, or as the recipe has it', () => {
    expect(withLora(notebookRecipe, 4).lora).toEqual({
      rank: 4,
      alpha: 4,
      dropout: 0,
      targets: ['q', 'v'],
      baseDtype: 'float32',
    });
    const before = { rank: 8, alpha: 32, dropout: 0.1, targets: ['k'], baseDtype: 'float16' as const };
    expect(withLora({ ...notebookRecipe, lora: before }, 16).lora).toEqual({ ...before, rank: 16 });
    expect(() => withLora({ ...notebookRecipe, freeze: ['encoder'] }, 4)).toThrow(
      /all of the student is frozen\./,
    );
    expect(() => withLora(notebookRecipe, 0)).toThrow(
      /^lora rank must be at least 1;.* Choose a rank of 4 to 64/,
    );
  });

  it('has another precision of the base of adapters, and says where there are none', () => {
    const adapted = withLora(notebookRecipe, 4);
    expect(withBaseDtype(adapted, 'float16')).toEqual({
      ...adapted,
      lora: { ...adapted.lora, baseDtype: 'float16' },
    });
    expect(() => withBaseDtype(notebookRecipe, 'float16')).toThrow(/this recipe has none\. Add --lora RANK/);
  });

  it('keeps the rest, and is refused where they contradict it', () => {
    expect(withSettings(notebookRecipe, { steps: 7 })).toEqual({ ...notebookRecipe, steps: 7 });
    expect(() => withSettings(notebookRecipe, { steps: 7, warmupSteps: 8 })).toThrow(
      'warmupSteps (8) is more than steps (7). Change the options, or the recipe.',
    );
  });
});

it('is named as it was before settings that came later, and by them where they are not as before', () => {
  const early = JSON.parse(recipeIdentity(notebookRecipe)) as object;
  for (const key of ['lora', 'optimizer', 'patience', 'take', 'generation'])
    expect(early).not.toHaveProperty(key);
  expect(early).toHaveProperty('saveEvery', 1000);
  const changes = [
    { lora: withLora(notebookRecipe, 4).lora },
    { lora: withBaseDtype(withLora(notebookRecipe, 4), 'float16').lora },
    { optimizer: 'adafactor' as const },
    { patience: 1 },
    { take: 'best' },
    { generation: parseRecipe('{"generation": {}}', 'run.json').generation },
  ];
  const names = changes.map((change) => recipeIdentity({ ...notebookRecipe, ...change }));
  expect(new Set([recipeIdentity(notebookRecipe), ...names]).size).toBe(7);
  // Adapters of versions that knew no other precision.
  expect(JSON.parse(names[0]!)).toMatchObject({
    lora: { rank: 4, alpha: 4, dropout: 0, targets: ['q', 'v'] },
  });
  expect(names[0]).not.toContain('baseDtype');
  expect(names[1]).toContain('"baseDtype": "float16"');
});

it('says of a key on which line it is, from 1, and of no line where the key is not written', () => {
  const line = (text: string) => {
    try {
      parseRecipe(text, 'run.json');
    } catch (error) {
      return (error as InputError).line;
    }
    return undefined;
  };
  expect(line('{"alpha": 2}')).toBe(1);
  expect(line('{\n\n "alpha": 2}')).toBe(3);
  expect(line('{"\\u0061lpha": 2}')).toBeNull();
  expect(line('[]')).toBeNull();
});

it('says of a list of 200,000 wrong names what it must be', () => {
  const names = Array.from({ length: 200_000 }, () => 'nowhere');
  expect(checkRecipe({ freeze: names }).issues).toEqual([
    { key: 'freeze', problem: 'freeze must be a list of parts' },
  ]);
  expect(() => parseRecipe(JSON.stringify({ freeze: names }), 'run.json')).toThrow(/must be a list of parts/);
  expect(checkRecipe({ lora: { targets: names } }).issues).toHaveLength(1);
  expect(checkRecipe({ freeze: ['encoder', 'encoder'] }).recipe?.freeze).toEqual(['encoder']);
});
