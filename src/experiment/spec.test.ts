import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { smallRecipe } from '../distill/recipe.ts';
import { mostRuns, parseSpec, plannedRuns } from './spec.ts';

const runsOf = (spec: object) => plannedRuns(parseSpec(JSON.stringify(spec), 'sweep.json'), 'sweep.json');

describe('plannedRuns', () => {
  it('makes every combination, seed by seed, each with the whole recipe', () => {
    const runs = runsOf({
      recipe: { steps: 30 },
      vary: { alpha: [0.1, 0.5], seed: [0, 1], fraction: [0.5, 1] },
    });
    expect(runs.map(({ varied }) => varied)).toEqual([
      { alpha: 0.1, seed: 0, fraction: 0.5 },
      { alpha: 0.1, seed: 0, fraction: 1 },
      { alpha: 0.5, seed: 0, fraction: 0.5 },
      { alpha: 0.5, seed: 0, fraction: 1 },
      { alpha: 0.1, seed: 1, fraction: 0.5 },
      { alpha: 0.1, seed: 1, fraction: 1 },
      { alpha: 0.5, seed: 1, fraction: 0.5 },
      { alpha: 0.5, seed: 1, fraction: 1 },
    ]);
    expect(runs[4]).toMatchObject({ name: 'alpha-0.1-seed-1-fraction-0.5', fraction: 0.5, student: null });
    expect(runs[4]!.recipe).toEqual({
      ...smallRecipe,
      alpha: 0.1,
      seed: 1,
      steps: 30,
      evalEvery: 0,
      saveEvery: 0,
    });
  });

  it('is one run of the small preset where nothing varies', () => {
    expect(runsOf({})).toMatchObject([{ name: 'run', varied: {}, fraction: null, recipe: { steps: 600 } }]);
  });

  it('shortens the warm-up of the preset, and refuses one from the spec', () => {
    expect(runsOf({ vary: { steps: [5] } })[0]!.recipe.warmupSteps).toBe(5);
    expect(() => runsOf({ recipe: { warmupSteps: 9 }, vary: { steps: [5] } })).toThrow('warmupSteps (9)');
  });

  it('takes what varies before what the recipe says', () => {
    expect(runsOf({ recipe: { alpha: 0.9 }, vary: { alpha: [0.2] } })[0]!.recipe.alpha).toBe(0.2);
  });

  it('names folders apart, whatever the values', () => {
    const runs = runsOf({
      vary: { student: ['a/t5', 'b/t5', '../x y'], freeze: [[], ['encoder', 'decoder']] },
    });
    const names = runs.map(({ name }) => name);
    expect(new Set(names).size).toBe(6);
    for (const name of names) expect(name).toMatch(/^student-[\w.+-]+$/);
    expect(runs[2]!.student).toBe('b/t5');
  });
});

describe('parseSpec', () => {
  const refusal = (text: string): InputError => {
    try {
      parseSpec(text, 'sweep.json');
    } catch (error) {
      if (error instanceof InputError) return error;
    }
    throw new Error('It was not refused.');
  };

  it.each([
    ['{"vary": {"alpha": [0.1]}, "seeds": [1]}', '"seeds" is no key of a spec'],
    ['{"vary": {"rows": [1]}}', '"rows" is nothing that can vary'],
    ['{"vary": {"alpha": 0.1}}', '"alpha" must have a list'],
    ['{"vary": {"alpha": []}}', '"alpha" must have a list'],
    ['{"vary": {"alpha": [0.1, 0.1]}}', '"alpha" names a value twice'],
    ['{"vary": {"alpha": [0.1, 7]}}', 'alpha must be at most 1 (alpha 7)'],
    ['{"vary": {"fraction": [0]}}', '"fraction" must have numbers above 0'],
    ['{"vary": {"student": [3]}}', '"student" must have paths'],
    ['{"vary": {"method": ["magic"]}}', 'method must be'],
    ['{"recipe": {"stepz": 3}}', '"stepz" is not a setting'],
    ['{"train": 3}', '"train" must be a path'],
    ['[]', 'a spec is one JSON object'],
    ['{"vary": {"alpha": [0.1,]}}', 'not valid JSON'],
    ['', 'not valid JSON'],
  ])('%s is refused with words', (text, words) => {
    const { message, file } = refusal(text);
    expect(message).toContain(words);
    expect(file).toBe('sweep.json');
  });

  it('names the line of the key at fault', () => {
    expect(refusal('{\n "vary": {\n  "alpha": [0.1],\n  "rows": [1]\n }\n}').line).toBe(4);
  });

  it('counts runs before it makes any', () => {
    const seeds = Array.from({ length: 1000 }, (_, seed) => seed);
    const vary = {
      seed: seeds,
      steps: seeds.map((step) => step + 1),
      batchSize: seeds.map((size) => size + 1),
    };
    expect(refusal(JSON.stringify({ vary })).message).toContain(`at most ${mostRuns}`);
    expect(refusal(' '.repeat(1_000_001)).message).toContain('a spec at most');
  });
});

describe('grids', () => {
  const grids = {
    vary: [
      { method: ['standard', 'step-by-step'], fraction: [0.5, 1], seed: [0, 1] },
      { method: ['step-by-step'], fraction: [0.5], alpha: [0.1, 0.7], seed: [0, 1] },
      { method: ['standard'], fraction: [0.5], steps: [1200], seed: [0] },
    ],
  };

  it('are trained one after the other, and a run that two of them have once', () => {
    // 8; of 4 those at the preset's alpha are there already; 1.
    const runs = runsOf(grids);
    expect(runs).toHaveLength(8 + 2 + 1);
    expect(new Set(runs.map(({ name }) => name)).size).toBe(runs.length);
    // What only another grid varies is told of every run, so that all are told apart by the same keys.
    for (const { varied } of runs)
      expect(Object.keys(varied)).toEqual(['method', 'fraction', 'seed', 'alpha', 'steps']);
    expect(runs[0]!.varied).toEqual({ method: 'standard', fraction: 0.5, seed: 0, alpha: 0.1, steps: 600 });
    expect(runs.at(-1)!.recipe).toMatchObject({ method: 'standard', steps: 1200, seed: 0 });
  });

  it.each([
    ['{"vary": []}', '"vary" has no grid'],
    ['{"vary": [{"alpha": [0.1]}, 3]}', '"vary" must be an object of lists'],
    ['{"train": ["a.jsonl", 3]}', '"train" must be a path'],
    ['{"student": ["a", "b"]}', '"student" must be a path'],
    ['{"metric": "bleu"}', '"metric" must be one of exact'],
    ['{"completions": "loose"}', '"completions" must be one of'],
  ])('%s is refused with words', (text, words) => {
    expect(() => parseSpec(text, 'sweep.json')).toThrow(words);
  });

  it('counts the runs of all of them', () => {
    const seed = Array.from({ length: 600 }, (_, index) => index);
    expect(() => parseSpec(JSON.stringify({ vary: [{ seed }, { seed, steps: [3] }] }), 'sweep.json')).toThrow(
      '1200 runs',
    );
  });

  it('are what the study is: its two specs name its runs, each once', () => {
    const read = (name: string) => {
      const file = new URL(`../../docs/study/${name}.json`, import.meta.url);
      return plannedRuns(parseSpec(readFileSync(file, 'utf8'), name), name);
    };
    // 3 sizes × 2 labels × 2 methods × 5 seeds; 9 alphas beside the preset's × 5; 5 of equal compute.
    expect(read('sample')).toHaveLength(60 + 45 + 5);
    expect(read('svamp')).toHaveLength(12);
  });
});
