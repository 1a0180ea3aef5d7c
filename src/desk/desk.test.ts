import 'fake-indexeddb/auto';
import { setTimeout } from 'node:timers/promises';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTeacher, type TeacherServer } from '../../tests/support/teacher-server.ts';
import type { Example } from '../data/example.ts';
import { providers } from '../teacher/providers.ts';
import { askTeacher } from '../teacher/transport.ts';
import type { Desk as DeskClass, Hooks, Task } from './desk.ts';
import { accuracyOf, countRows, doubtsOf, verdictOf } from './judge.ts';
import { firstSetup, pickDemonstrations, promptOf, readSetup, templateProblem, type Setup } from './setup.ts';

let server: TeacherServer;
let answerTo: (said: string) => string = () => '';
let Desk: typeof DeskClass;

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  vi.resetModules();
  ({ Desk } = await import('./desk.ts'));
  server = await startTeacher(({ said }) => ({ kind: 'answer', text: answerTo(said) }));
});
afterEach(() => server.close());

const example = (row: number, part: Partial<Example> = {}): Example => ({
  row,
  input: `question ${row} about kettles`,
  label: 'a',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: ['a', 'b'],
  ...part,
});
const examples = Array.from({ length: 6 }, (_, row) => example(row));
const setup: Setup = { ...firstSetup, model: 'm', inFlight: 2 };

function hooks(part: Partial<Hooks> = {}): Hooks {
  const place = {
    fetch,
    endpoint: new URL(`${server.url}/v1`),
    provider: providers.chat,
    key: null,
    idleMs: 5000,
  };
  return {
    ask: (ask, signal) => askTeacher(place, ask, signal),
    clock: {
      nowMs: () => performance.now(),
      random: () => 0.5,
      sleep: (_, signal) => setTimeout(1, undefined, { signal }).catch(() => undefined),
    },
    stop: new AbortController().signal,
    abort: new AbortController().signal,
    report: () => undefined,
    tell: () => undefined,
    ...part,
  };
}
const all: Task = { pass: 'first', rows: 6 };

it('asks each row once, whatever page asks, and what a person decided stays beside what was said', async () => {
  answerTo = (said) =>
    /question [14]/.test(said) ? 'So the answer is (b).' : 'Kettles boil. So the answer is (a).';
  const desk = await Desk.open('d', examples, setup);
  await desk.run({ pass: 'first', rows: 2 }, hooks());
  const heard: number[] = [];
  const ask: Hooks['ask'] = (asking, signal, row) => {
    heard.push(row);
    return hooks().ask(asking, signal, row);
  };
  await desk.run(all, hooks({ ask }));
  expect(heard).toEqual([2, 3, 4, 5]);
  expect(server.asked).toHaveLength(6);
  expect(countRows(desk.rows)).toMatchObject({ all: 6, right: 4, wrong: 2 });
  await desk.mark(0, { kind: 'rejected' });
  await desk.mark(1, { kind: 'edited', label: 'a', rationale: 'By hand.' });

  const again = await Desk.open('d', examples, setup);
  expect(again.openRows(all)).toBe(0);
  await again.run(all, hooks());
  expect(server.asked).toHaveLength(6);
  expect(again.rows[1]).toMatchObject({
    mark: { kind: 'edited', rationale: 'By hand.' },
    said: { answer: { text: 'So the answer is (b).' } },
  });
  expect(again.reasons().map(({ row, reason }) => [row.row, reason.rationale, reason.teacherLabel])).toEqual([
    [0, null, 'a'],
    [1, 'By hand.', 'a'],
    [2, 'Kettles boil.', 'a'],
    [3, 'Kettles boil.', 'a'],
    [4, null, 'b'],
    [5, 'Kettles boil.', 'a'],
  ]);
  await again.mark(0, null);
  expect(again.reasons()[0]!.reason.rationale).toBe('Kettles boil.');
  expect((await Desk.open('d', examples, { ...setup, model: 'other' })).stored).toBe(0);
});

it('a page that goes in the middle loses no answer, and the next one asks for none again', async () => {
  answerTo = () => 'Kettles boil. So the answer is (a).';
  const abort = new AbortController();
  let reports = 0;
  const desk = await Desk.open('d', examples, { ...setup, inFlight: 1 });
  const { end } = await desk.run(
    all,
    hooks({
      abort: abort.signal,
      report: () => {
        reports += 1;
        if (reports === 4) abort.abort();
      },
    }),
  );
  expect(end.kind).toBe('stopped');
  const kept = desk.stored;
  expect(kept).toBeGreaterThanOrEqual(3);
  const inFlight = server.asked.length - kept;
  const next = await Desk.open('d', examples, setup);
  expect(next.openRows(all)).toBe(6 - kept);
  await next.run(all, hooks());
  expect(server.asked).toHaveLength(6 + inFlight);
});

it('asks what could not be read more strictly, and for reasons of labels that it got wrong', async () => {
  answerTo = (said) => {
    if (said.includes('The answer is (a) a. Why?')) return 'Given, it is clear. So the answer is (a).';
    if (said.includes('question 2'))
      return said.includes('the last one') ? 'Strictly. So the answer is (a).' : 'Hm.';
    if (said.includes('question 3')) return 'Hm.';
    return said.includes('question 4') ? 'Cold. So the answer is (b).' : 'Hot. So the answer is (a).';
  };
  const desk = await Desk.open('d', examples, setup);
  await desk.run(all, hooks());
  expect(desk.rows.map(verdictOf)).toEqual(['right', 'right', 'unread', 'unread', 'wrong', 'right']);
  expect(desk.openRows({ pass: 'again' })).toBe(2);
  await desk.run({ pass: 'again' }, hooks());
  expect(verdictOf(desk.rows[2]!)).toBe('right');
  expect(verdictOf(desk.rows[3]!)).toBe('unread');
  await desk.run({ pass: 'given' }, hooks());
  const reasons = (of: DeskClass) =>
    of.reasons().map(({ reason }) => [reason.rationale, reason.rationalised]);
  const expected = [
    ['Hot.', false],
    ['Hot.', false],
    ['Strictly.', false],
    ['Given, it is clear.', true],
    ['Given, it is clear.', true],
    ['Hot.', false],
  ];
  expect(reasons(desk)).toEqual(expected);
  const asked = server.asked.length;
  const again = await Desk.open('d', examples, setup);
  expect(reasons(again)).toEqual(expected);
  expect(server.asked).toHaveLength(asked);
  expect(accuracyOf(countRows(again.rows))).toEqual({ correct: 4, total: 5 });
});

it('prompts go out as a file, and answers come back by file', async () => {
  const desk = await Desk.open('d', examples, { ...setup, where: 'file' });
  const keys = (await desk.prompts()).map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
  const lines = keys
    .slice(0, 4)
    .map((id) => JSON.stringify({ custom_id: id, text: 'It is. So the answer is a.' }));
  expect(await desk.takeAnswers('answers.jsonl', lines.join('\n'))).toMatchObject({ added: 4, foreign: 0 });
  expect((await desk.prompts()).length).toBe(2);
  const again = await Desk.open('d', examples, { ...setup, where: 'file' });
  expect(countRows(again.rows).right).toBe(4);
  await expect(again.takeAnswers('x.jsonl', 'no JSON')).rejects.toThrow(
    /x\.jsonl, line 1: No line of it is an answer/,
  );
});

it('demonstrations are picked from right rows, of different labels first, and never shown to themselves', () => {
  const taught = [
    example(0, { rationale: 'One.', teacherLabel: 'b' }),
    example(1, { rationale: 'Two.', teacherLabel: 'a' }),
    example(2, { rationale: 'Three.' }),
    example(3, { rationale: 'Four.', label: 'b' }),
  ];
  const demonstrations = pickDemonstrations(taught, 2);
  expect(demonstrations.map(({ row }) => row)).toEqual([1, 3]);
  const shown = (row: Example): string =>
    JSON.stringify(promptOf(row, { ...setup, demonstrations }, 'first'));
  expect(shown(taught[0]!)).toMatch(/Two.*Four/);
  expect(shown(taught[1]!)).not.toContain('Two.');
  const template = 'Look:\n{question}\nOne of\n{choices}';
  expect(shown({ ...taught[0]!, question: 'Who?' })).not.toContain('Look');
  expect(
    JSON.stringify(promptOf({ ...taught[0]!, question: 'Who?' }, { ...setup, template }, 'first')),
  ).toContain(String.raw`Look:\nWho?\nOne of\n(a) a\n(b) b`);
});

it('a demonstration that is not written yet is not sent, and a template names the question', () => {
  const [written, blank] = pickDemonstrations(
    [example(1, { rationale: 'Two.' }), example(2, { rationale: 'Three.' })],
    2,
  );
  const demonstrations = [written!, { ...blank!, rationale: ' ' }, { ...blank!, label: '' }];
  const prompt = promptOf(example(0), { ...setup, demonstrations }, 'first');
  expect(prompt).toMatchObject({ turns: { length: 3 } });
  expect(templateProblem('{question}\n{choices}')).toBeNull();
  expect(templateProblem('{choices}')).toBe('It names neither {input} nor {question}.');
  expect(templateProblem('{input} {id}')).toBe('There is no column {id}.');
});

it('doubts an answer by what can be seen of it, and reads a stored setup only where it is one', () => {
  const said = (label: string, rationale: string | null) =>
    ({ read: { ok: true, label, rationale }, givenUp: null, agreeing: 1 }) as never;
  const one = (label: string, rationale: string | null) =>
    doubtsOf(
      {
        row: example(0, { choices: ['a1', 'b2'], label: 'a1' }),
        said: said(label, rationale),
        given: null,
        mark: null,
      },
      1,
    );
  expect(one('a1', 'The kettles of this question are warm.')).toEqual([]);
  expect(one('b2', 'Neither a1 nor b2.')).toEqual(['wrong', 'two-choices', 'few-shared-words']);
  expect(one('a1', null)).toEqual(['no-reason']);
  expect(readSetup(JSON.parse(JSON.stringify(setup)))).toEqual(setup);
  expect(readSetup({ ...setup, api: 'none' })).toBeNull();
});
