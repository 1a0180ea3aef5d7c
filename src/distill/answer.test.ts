import { describe, expect, it } from 'vitest';
import { answerAll, answerInputs, answerTokens, askedBy, explainInputs } from './answer.ts';
import { notebookRecipe, recipeSchema } from './recipe.ts';
import { letters, toldStudent } from './testing/told-student.ts';

const limits = { maxInputTokens: 50, maxNewTokens: 50 };

async function all<T>(work: AsyncGenerator<number, T>): Promise<{ done: number[]; result: T }> {
  const done: number[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return { done, result: next.value };
    done.push(next.value);
  }
}

describe('answers to many texts', () => {
  it('come in the order of the texts, though the short go through first, those of one length as they are', async () => {
    const { engine, asked } = toldStudent((text) => text.toUpperCase());
    const texts = ['eeeee', 'bb', 'dddd', 'a', 'cc'];
    const { done, result } = await all(answerAll(engine, letters, texts, { ...limits, batchSize: 2 }));
    expect(result).toEqual(['EEEEE', 'BB', 'DDDD', 'A', 'CC']);
    expect(asked.map((one) => one.texts)).toEqual([['a', 'bb'], ['cc', 'dddd'], ['eeeee']]);
    expect(done).toEqual([2, 4, 5]);
  });

  it('go through 32 at a time, of which each is told; of no texts there are none', async () => {
    const { engine, asked } = toldStudent((text) => text);
    const texts = Array.from({ length: 65 }, (_, at) => `t${at}`);
    const { done, result } = await all(answerAll(engine, letters, texts, limits));
    expect(result).toEqual(texts);
    expect(done).toEqual([32, 64, 65]);
    expect(asked.map((one) => one.texts.length)).toEqual([32, 32, 1]);
    expect(await all(answerAll(engine, letters, [], limits))).toEqual({ done: [], result: [] });
  });

  it('are asked with inputs that are cut, greedily where nothing else is said', async () => {
    const { engine, asked } = toldStudent((text) => text);
    await all(answerAll(engine, letters, ['abcdef'], { maxInputTokens: 4, maxNewTokens: 3 }));
    await all(answerAll(engine, letters, ['abcdef'], { ...limits, numBeams: 3, lengthPenalty: 2 }));
    expect(asked).toEqual([
      { texts: ['abc'], options: { numBeams: 1, maxNewTokens: 3 }, isBase: false },
      { texts: ['abcdef'], options: { numBeams: 3, lengthPenalty: 2, maxNewTokens: 50 }, isBase: false },
    ]);
  });

  it('stop where nobody asks for more', async () => {
    const { engine, asked } = toldStudent((text) => text);
    const work = answerAll(engine, letters, ['a', 'b', 'c'], { ...limits, batchSize: 1 });
    await work.next();
    await work.return([]);
    expect(asked).toHaveLength(1);
  });
});

describe('how a student is asked', () => {
  const generation = recipeSchema.parse({ generation: { numBeams: 4, lengthPenalty: 2 } }).generation;
  const recipe = { ...notebookRecipe, generation, generationMaxTokens: 20, maxInputTokens: 30 };

  it('is as the recipe has it, but for what a person chose', () => {
    expect(askedBy(recipe)).toMatchObject({
      maxInputTokens: 30,
      maxNewTokens: 20,
      numBeams: 4,
      lengthPenalty: 2,
    });
    expect(askedBy(recipe, { numBeams: 1, maxNewTokens: null })).toEqual(askedBy(recipe));
    expect(askedBy(recipe, { numBeams: 2, maxNewTokens: 5 })).toEqual({
      ...askedBy(recipe),
      numBeams: 2,
      maxNewTokens: 5,
    });
    expect(askedBy({ ...recipe, generation: null })).toEqual({ maxInputTokens: 30, maxNewTokens: 20 });
  });

  it('lets a label behind its rationale be as far away as its target was', () => {
    const lengths = { generationMaxTokens: 20, maxTargetTokens: 90 };
    expect(answerTokens({ ...lengths, method: 'rationale-then-label' })).toBe(90);
    expect(answerTokens({ ...lengths, method: 'rationale-then-label', maxTargetTokens: 10 })).toBe(20);
    for (const method of ['step-by-step', 'standard', 'label-then-rationale'] as const)
      expect(answerTokens({ ...lengths, method })).toBe(20);
  });
});

describe('inputs', () => {
  const told = () => toldStudent((text) => (text === 'q' ? 'so answer: tea' : `<${text}>`));

  it('are asked as the method taught, and read so', async () => {
    const { engine, asked } = told();
    const of = async (method: 'step-by-step' | 'standard' | 'rationale-then-label') =>
      (await all(answerInputs(engine, letters, { ...notebookRecipe, method }, ['q']))).result;
    expect(await of('step-by-step')).toEqual([{ answer: '<predict: q>', rationale: null }]);
    expect(await of('standard')).toEqual([{ answer: 'so answer: tea', rationale: null }]);
    expect(await of('rationale-then-label')).toEqual([{ answer: 'tea', rationale: 'so' }]);
    expect(asked.map(({ options }) => options.maxNewTokens)).toEqual([63, 63, 256]);
  });

  it('are explained where rationales are a task of their own', async () => {
    const { engine, asked } = told();
    const explained = async (method: 'step-by-step' | 'standard' | 'rationale-then-label') =>
      (await all(explainInputs(engine, letters, { ...notebookRecipe, method }, ['a', 'b']))).result;
    expect(await explained('step-by-step')).toEqual(['<explain: a>', '<explain: b>']);
    expect(await explained('standard')).toEqual([]);
    expect(await explained('rationale-then-label')).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('are asked with the beams and the length that a person chose', async () => {
    const { engine, asked } = told();
    const writing = { numBeams: 3, maxNewTokens: 4 };
    await all(answerInputs(engine, letters, notebookRecipe, ['a'], writing));
    await all(explainInputs(engine, letters, notebookRecipe, ['a'], writing));
    for (const { options } of asked) expect(options).toEqual({ numBeams: 3, maxNewTokens: 4 });
    expect(asked).toHaveLength(2);
  });
});
