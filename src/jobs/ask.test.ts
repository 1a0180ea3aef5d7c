import { beforeEach, describe, expect, it, vi } from 'vitest';
import { askedAtOnce, type Asked } from '../distill/ask.ts';
import type { Engine } from '../engine/engine.ts';
import { askMany, askRun } from './ask.ts';
import { EngineOwner } from './engine-owner.ts';

/**
 * What the student would write: generation itself is held against PyTorch in `src/distill/ask.gpu.test.ts`. Here it is how
 * questions take their turns, and what is kept of them.
 */
const student = vi.hoisted(() => ({
  warmed: 0,
  turns: [] as number[],
  answer: (_turn: number): unknown => null,
}));
vi.mock('../distill/ask.ts', async (load) => ({
  ...(await load<typeof import('../distill/ask.ts')>()),
  warmUp: () => Promise.resolve(void (student.warmed += 1)),
  ask: (_options: unknown, question: string) => Promise.resolve(student.answer(0) ?? { question }),
  answerSome: async (_options: unknown, texts: readonly string[]) => {
    student.turns.push(texts.length);
    await Promise.resolve(student.answer(student.turns.length));
    return texts.map((text) => ({ answer: text.toUpperCase() }));
  },
}));

beforeEach(() => {
  student.warmed = 0;
  student.turns = [];
  student.answer = () => null;
});

const owner = () => new EngineOwner({ dispose: () => undefined } as unknown as Engine);
const told: unknown[][] = [];
const question = (signal = new AbortController().signal) => ({
  options: () => ({}) as never,
  report: (...args: unknown[]) => void told.push(args),
  signal,
});
const texts = Array.from({ length: 2 * askedAtOnce + 3 }, (_, at) => `q${at}`);
const answered = (count: number) => texts.slice(0, count).map((text) => ({ answer: text.toUpperCase() }));

describe('a question', () => {
  it('has its turn, and a fresh engine is warmed up before it is timed', async () => {
    told.length = 0;
    expect(await askRun(owner(), { ...question(), text: 'why' })).toEqual({ question: 'why' });
    expect([student.warmed, told]).toEqual([0, [['waiting for the current step', 0, 1]]]);
    await askRun(owner(), { ...question(), text: 'why', isFresh: true });
    expect(student.warmed).toBe(1);
  });

  it('that is cancelled while it waits ends with the reason', async () => {
    const stop = new AbortController();
    const one = owner();
    let done: () => void = () => undefined;
    const before = one.use(() => new Promise<void>((resolve) => (done = resolve)));
    const asked: Promise<Asked> = askRun(one, { ...question(stop.signal), text: 'why' });
    stop.abort(new Error('no longer'));
    await expect(asked).rejects.toThrow('no longer');
    done();
    await before;
  });
});

describe('many questions', () => {
  it('have their answers in order, some at a turn, and are told as they come', async () => {
    told.length = 0;
    const { answers, problem } = await askMany(owner(), { ...question(), texts, isFresh: true });
    expect([answers, problem]).toEqual([answered(texts.length), null]);
    expect([student.turns, student.warmed]).toEqual([[askedAtOnce, askedAtOnce, 3], 1]);
    expect(told).toEqual([0, askedAtOnce, 2 * askedAtOnce].map((count) => ['answered', count, texts.length]));
  });

  it('are none where there are none', async () => {
    expect(await askMany(owner(), { ...question(), texts: [], isFresh: true })).toEqual({
      answers: [],
      problem: null,
    });
    expect(student.warmed).toBe(0);
  });

  it('that are cancelled keep what was answered, and fail in silence', async () => {
    const stop = new AbortController();
    student.answer = (turn) => turn === 2 && stop.abort();
    expect(await askMany(owner(), { ...question(stop.signal), texts })).toEqual({
      answers: answered(2 * askedAtOnce),
      problem: null,
    });
    const failing = new AbortController();
    student.answer = () => {
      failing.abort();
      throw new Error('ended');
    };
    expect(await askMany(owner(), { ...question(failing.signal), texts })).toEqual({
      answers: [],
      problem: null,
    });
  });

  it('that fail keep what was answered with the words; a failure before any answer is thrown', async () => {
    student.answer = (turn) => {
      if (turn === 2) throw new Error('no memory');
    };
    const { answers, problem } = await askMany(owner(), { ...question(), texts });
    expect(answers).toEqual(answered(askedAtOnce));
    expect(problem?.message).toContain('no memory');
    student.turns = [0];
    await expect(askMany(owner(), { ...question(), texts })).rejects.toThrow('no memory');
  });
});
