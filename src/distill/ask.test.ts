import { describe, expect, it } from 'vitest';
import { LostWeightsError } from '../base/errors.ts';
import { puttingBack } from '../engine/stand-in.ts';
import { answerSome, ask, warmUp, type AskOptions, type Asking } from './ask.ts';
import { notebookRecipe } from './recipe.ts';
import { base, letters, toldStudent } from './testing/told-student.ts';

const everything: Asking = { numBeams: 1, maxNewTokens: null, rationale: true, base: true };

function scene(changes: Partial<AskOptions> = {}, asking: Partial<Asking> = {}) {
  const told = toldStudent((text, isBase) => `${isBase ? 'base' : 'distilled'}(${text})`);
  const options: AskOptions = {
    asking: { ...everything, ...asking },
    engine: told.engine,
    tokenizer: letters,
    recipe: notebookRecipe,
    baseWeights: base,
    step: 7,
    ...changes,
  };
  const reports: [string, number, number][] = [];
  const run = (question: string, stopAfter = Infinity) =>
    ask(options, question, {
      report: (what, done, total) => void reports.push([what, done, total]),
      stopped: () => reports.length >= stopAfter,
    });
  return { ...told, options, reports, run };
}

describe('a question', () => {
  it('is answered and explained by the distilled student, and answered bare by its base', async () => {
    const { run, reports, weight } = scene();
    const asked = await run('  why? ');
    expect(asked).toMatchObject({
      question: 'why?',
      step: 7,
      truncated: false,
      distilled: { answer: 'distilled(predict: why?)', rationale: 'distilled(explain: why?)' },
      base: { answer: 'base(why?)' },
    });
    expect(reports.map(([what, done]) => [what, done])).toEqual([
      ['distilled student answers', 0],
      ['distilled student explains', 1],
      ['base student answers', 2],
      ['base student explains', 3],
    ]);
    expect(new Set(reports.map(([, , total]) => total))).toEqual(new Set([4]));
    for (const spoken of [asked!.distilled, asked!.base!]) {
      expect(spoken.answerMs).toBeGreaterThanOrEqual(0);
      expect(spoken.rationaleMs).toBeGreaterThanOrEqual(0);
    }
    expect(weight()).toBe(2);
  });

  it('is neither explained nor put to the base student where that was not asked for, or cannot be', async () => {
    for (const { run, reports } of [
      scene({}, { rationale: false, base: false }),
      scene({ baseWeights: null }, { rationale: false }),
    ]) {
      const asked = await run('why?');
      expect(asked).toMatchObject({ base: null, distilled: { rationale: null, rationaleMs: null } });
      expect(reports).toEqual([['distilled student answers', 0, 1]]);
    }
    const standard = scene({ recipe: { ...notebookRecipe, method: 'standard' } });
    expect(await standard.run('why?')).toMatchObject({
      distilled: { answer: 'distilled(why?)', rationale: null },
      base: { answer: 'base(why?)', rationale: null },
    });
    expect(standard.reports.at(-1)).toEqual(['base student answers', 1, 2]);
  });

  it('of one target has the rationale that came with the answer', async () => {
    const { engine } = toldStudent((text, isBase) => (isBase ? 'x' : 'since so answer: tea'));
    const recipe = { ...notebookRecipe, method: 'rationale-then-label' as const };
    const { run, reports } = scene({ engine, recipe });
    expect(await run('why?')).toMatchObject({
      distilled: { answer: 'tea', rationale: 'since so', rationaleMs: null },
      base: { answer: 'x', rationale: null },
    });
    expect(reports).toHaveLength(2);
  });

  it('says where it has more tokens than a student reads, the end token among them', async () => {
    const cut = async (maxInputTokens: number) =>
      (await scene({ recipe: { ...notebookRecipe, maxInputTokens } }).run('abc'))?.truncated;
    expect(await cut(3)).toBe(true);
    expect(await cut(4)).toBe(false);
  });

  it('that is empty is refused, and nothing is asked', async () => {
    const { run, asked } = scene();
    await expect(run(' \n')).rejects.toThrow('The question is empty. Type or paste one, then ask.');
    expect(asked).toEqual([]);
  });

  it.each([0, 1, 2, 3])(
    'stopped after %d texts gives nothing, with the trained weights on the engine',
    async (count) => {
      const { run, asked, weight } = scene();
      expect(await run('why?', count)).toBeNull();
      expect(asked).toHaveLength(count);
      expect(weight()).toBe(2);
    },
  );

  it('that the base student fails on leaves the trained weights on the engine; where they cannot go back, it says so', async () => {
    const failing = scene();
    const { engine } = failing;
    const generate = engine.generate.bind(engine);
    engine.generate = (...given) =>
      failing.weight() === 1 ? Promise.reject(new Error('out of memory')) : generate(...given);
    await expect(failing.run('why?')).rejects.toThrow('out of memory');
    expect(failing.weight()).toBe(2);

    const lost = scene();
    lost.engine.standIn = () =>
      Promise.resolve(puttingBack(() => Promise.reject(new Error('The GPU is gone.'))));
    const error = await lost.run('why?').catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(LostWeightsError);
    expect(String(error)).toContain('could not be put back on the engine (The GPU is gone).');
  });
});

describe('a few questions', () => {
  it('are answered together, and explained where that was asked for and is a task', async () => {
    const { options, asked } = scene();
    expect(await answerSome(options, ['a', 'b'])).toEqual([
      { answer: 'distilled(predict: a)', rationale: 'distilled(explain: a)' },
      { answer: 'distilled(predict: b)', rationale: 'distilled(explain: b)' },
    ]);
    expect(asked.map(({ texts }) => texts.length)).toEqual([2, 2]);
    const bare = scene({}, { rationale: false });
    expect(await answerSome(bare.options, ['a'])).toEqual([
      { answer: 'distilled(predict: a)', rationale: null },
    ]);
    expect(bare.asked).toHaveLength(1);
    const standard = scene({ recipe: { ...notebookRecipe, method: 'standard' } });
    expect(await answerSome(standard.options, ['a'])).toEqual([{ answer: 'distilled(a)', rationale: null }]);
    expect(standard.asked).toHaveLength(1);
  });

  it('are warmed up for with one of two tokens, written as the recipe has it', async () => {
    const generation = {
      numBeams: 3,
      noRepeatNgramSize: 0,
      repetitionPenalty: 1,
      minNewTokens: 0,
      lengthPenalty: 1,
      earlyStopping: false,
    };
    const { options, asked } = scene({ recipe: { ...notebookRecipe, generation } });
    await warmUp(options);
    await warmUp({ ...options, recipe: notebookRecipe });
    expect(asked.map((one) => [one.texts, one.options.numBeams, one.options.maxNewTokens])).toEqual([
      [['?'], 3, 2],
      [['?'], 1, 2],
    ]);
  });
});
