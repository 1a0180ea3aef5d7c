import { describe, expect, it } from 'vitest';
import { Answers, keyOf, type Question, type StoredAnswer } from './answers.ts';

const keys = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];
const most = { input: 100, output: 50 };
const answered = (key: string, row: number, changes: Partial<StoredAnswer> = {}): StoredAnswer => ({
  type: 'answered',
  key,
  row,
  model: 'm',
  text: 'So the answer is x.',
  reasoning: '',
  finish: 'stop',
  usage: { input: 10, output: 5 },
  elapsedMs: 1,
  ...changes,
});
const asked = (key: string, row: number) => ({ type: 'asked', key, row, most }) as const;
const failed = (key: string, row: number, isBilled: boolean) =>
  ({ type: 'failed', key, row, isBilled, words: 'no' }) as const;

/** A store and what it wrote. */
function store(log = '') {
  const written: string[] = [log];
  return { answers: new Answers(log, (text) => written.push(text)), text: () => written.join('') };
}

describe('the log of answers', () => {
  it('says the same when it is read again', () => {
    const { answers, text } = store();
    answers.add(asked(keys[0], 1));
    answers.add(answered(keys[0], 1));
    answers.add({ type: 'marked', key: keys[0], mark: { kind: 'edited', label: 'y', rationale: 'because' } });
    answers.add(asked(keys[1], 4));
    const again = store(text()).answers;
    for (const one of [answers, again]) {
      expect(one.size).toBe(1);
      expect(one.get(keys[0])).toEqual(answered(keys[0], 1));
      expect(one.get(keys[1])).toBeNull();
      expect(one.markOf(keys[0])).toEqual({ kind: 'edited', label: 'y', rationale: 'because' });
      expect(one.before()).toEqual({ rows: new Set([1, 4]), spent: { input: 110, output: 55 } });
      expect(one.unreadable).toBe(0);
    }
  });

  it('counts lines that cannot be read, keeps the rest, and begins a line of its own after a torn one', () => {
    const torn = `${JSON.stringify(answered(keys[0], 1))}\n{"type":"other"}\n\n${JSON.stringify(answered(keys[1], 2)).slice(0, 40)}`;
    const { answers, text } = store(torn);
    expect([answers.unreadable, answers.size]).toEqual([2, 1]);
    answers.add(answered(keys[2], 3));
    expect(text()).toBe(`${torn}\n${JSON.stringify(answered(keys[2], 3))}\n`);
    const again = store(text());
    expect([again.answers.size, again.answers.unreadable]).toEqual([2, 2]);
    // Nothing to end.
    expect(again.text()).toBe(text());
    expect(store().text()).toBe('');
  });

  it('takes no line whose key, row or count is none', () => {
    const bad = [
      answered('a'.repeat(63), 1),
      answered(`${'a'.repeat(64)}b`, 1),
      answered(keys[0], -1),
      answered(keys[0], 1, { usage: { input: -1, output: 0 } }),
      answered(keys[0], 1, { elapsedMs: -1 }),
      answered(keys[0], 1, { finish: 'other' as 'stop' }),
    ];
    const { answers } = store(bad.map((line) => `${JSON.stringify(line)}\n`).join(''));
    expect([answers.unreadable, answers.size]).toEqual([bad.length, 0]);
  });

  it('takes a mark away again', () => {
    const { answers } = store();
    answers.add({ type: 'marked', key: keys[0], mark: { kind: 'accepted' } });
    expect(answers.markOf(keys[0])).toEqual({ kind: 'accepted' });
    answers.add({ type: 'marked', key: keys[0], mark: null });
    expect([answers.markOf(keys[0]), answers.before().rows.size]).toEqual([null, 0]);
  });
});

describe('what was spent', () => {
  const spentBy = (...lines: Parameters<Answers['add']>[0][]) => {
    const { answers } = store();
    for (const line of lines) answers.add(line);
    return answers.before().spent;
  };

  it('is the most of a request without an end, and of one whose use is not known', () => {
    expect(spentBy(asked(keys[0], 1))).toEqual(most);
    expect(spentBy(asked(keys[0], 1), answered(keys[0], 1, { usage: null }))).toEqual(most);
    // Brought back by a file: nobody asked here.
    expect(spentBy(answered(keys[0], 1, { usage: null }))).toEqual({ input: 0, output: 0 });
  });

  it('counts both requests where one was asked again after a kill', () => {
    expect(spentBy(asked(keys[0], 1), asked(keys[0], 1), answered(keys[0], 1))).toEqual({
      input: 110,
      output: 55,
    });
  });

  it('counts a failure where it was billed alone', () => {
    expect(spentBy(asked(keys[0], 1), failed(keys[0], 1, true))).toEqual(most);
    expect(spentBy(asked(keys[0], 1), failed(keys[0], 1, false))).toEqual({ input: 0, output: 0 });
  });
});

it('a question has the same key as itself alone', async () => {
  const question: Question = {
    api: 'chat',
    model: 'm',
    prompt: { kind: 'text', text: 'Q', stop: [] },
    temperature: 0,
    maxTokens: 10,
    schema: null,
    twin: 0,
    sample: 0,
  };
  const others: Partial<Question>[] = [
    {},
    { api: 'ollama' },
    { model: 'n' },
    { prompt: { kind: 'text', text: 'R', stop: [] } },
    { temperature: 0.5 },
    { maxTokens: 20 },
    { schema: {} },
    { twin: 1 },
    { sample: 1 },
  ];
  const made = await Promise.all(others.map((changes) => keyOf({ ...question, ...changes })));
  expect(new Set(made).size).toBe(others.length);
  expect(made[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(await keyOf({ ...question })).toBe(made[0]);
});
