import { expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { Answers } from './answers.ts';
import { bringBack, promptLines } from './batch.ts';
import { Lessons, type Manner } from './lessons.ts';
import type { Prompt } from './prompt.ts';
import type { Api } from './providers.ts';

const manner: Manner = {
  api: 'chat',
  model: 'm',
  temperature: 0.5,
  maxTokens: 100,
  votes: 1,
  usesSchema: false,
};
const rows = ['which animal?', 'which place?'].map((input, row): Example => {
  return { row, input, label: 'farm', rationale: null, teacherLabel: null, question: null, choices: null };
});

function scene(api: Api = 'chat') {
  const own = { ...manner, api };
  const prompt = ({ input }: Example): Prompt =>
    api === 'completions'
      ? { kind: 'text', text: input, stop: [] }
      : { kind: 'turns', system: null, turns: [{ role: 'user', content: input }] };
  const lessons = new Lessons(rows, prompt, own, ['farm']);
  const answers = new Answers('', () => undefined);
  return {
    lessons,
    answers,
    lines: async () =>
      (await promptLines(lessons, answers, own, api)).map((line) => JSON.parse(line) as Line),
    bring: (...brought: (object | string)[]) =>
      bringBack(
        brought.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'),
        lessons,
        answers,
        own,
        api,
      ),
  };
}

interface Line {
  custom_id?: string;
  key?: string;
  [more: string]: unknown;
}

it.each(['chat', 'completions', 'ollama'] as const)(
  'prompts for %s are lines of OpenAI’s batches',
  async (api) => {
    const lines = await scene(api).lines();
    expect(lines).toHaveLength(2);
    for (const [index, line] of lines.entries()) {
      expect(line).toMatchObject({ method: 'POST', body: { model: 'm' } });
      expect(line['url']).toMatch(/^\//);
      expect(JSON.stringify(line['body'])).toContain(rows[index]!.input);
    }
    expect(new Set(lines.map(({ custom_id: id }) => id)).size).toBe(2);
  },
);

it('prompts for Anthropic and Google are lines of theirs', async () => {
  const [anthropic] = await scene('anthropic').lines();
  expect(Object.keys(anthropic!)).toEqual(['custom_id', 'params']);
  const [google] = await scene('google').lines();
  expect(Object.keys(google!)).toEqual(['key', 'request']);
});

it('answers find their rows in any order, once, and questions that have one are not asked again', async () => {
  const { lines, bring, lessons, answers } = scene();
  const [first, second] = (await lines()).map(({ custom_id: id }) => id!);
  const found = await bring(
    { custom_id: second, text: 'It is a place. So the answer is farm.' },
    '',
    { custom_id: second, text: 'A second answer to the same question.' },
    { custom_id: 'of another file', text: 'So the answer is farm.' },
    {
      custom_id: first,
      response: {
        body: { choices: [{ message: { content: 'So the answer is farm.' }, finish_reason: 'stop' }] },
      },
    },
  );
  expect(found).toEqual({ added: 2, foreign: 1, unread: [] });
  expect(answers.get(second!)).toMatchObject({
    row: 1,
    model: 'm',
    text: 'It is a place. So the answer is farm.',
  });
  expect(answers.get(first!)).toMatchObject({ row: 0, finish: 'stop' });
  expect(lessons.counts).toMatchObject({ read: 2 });
  expect(await lines()).toEqual([]);
});

it('lines that hold no answer are told by their numbers, and the rest is kept', async () => {
  const { lines, bring } = scene();
  const [first, second] = (await lines()).map(({ custom_id: id }) => id!);
  const found = await bring(
    'no JSON',
    { text: 'of nobody' },
    '',
    { custom_id: first, response: { body: { error: { message: 'no' } } } },
    { custom_id: second, text: 'So the answer is farm.' },
  );
  expect(found).toEqual({
    added: 1,
    foreign: 0,
    unread: [
      { line: 1, why: 'it is no line of results' },
      { line: 2, why: 'it has no custom_id' },
      { line: 4, why: 'it holds no answer' },
    ],
  });
});
