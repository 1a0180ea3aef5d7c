import { describe, expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { Answers } from '../teacher/answers.ts';
import { Budget, type Limits } from '../teacher/budget.ts';
import { Lessons } from '../teacher/lessons.ts';
import type { Outcome } from '../teacher/outcome.ts';
import { Pace } from '../teacher/pace.ts';
import { teachRows, type TeachProgress } from './teach.ts';

// What a teacher makes of requests is made up here, one row at a time; over a network it is `teach.test.ts`.
const usage = { input: 10, output: 5 };
const answer = (text = 'So the answer is farm.'): Outcome => ({
  kind: 'answered',
  reply: { text, reasoning: '', finish: 'stop', usage },
});
const fault: Outcome = { kind: 'fault', isBilled: false, words: 'it broke' };
const refused: Outcome = { kind: 'refused', isBilled: false, words: 'not this one' };
const slower: Outcome = { kind: 'slower', waitMs: 1000, words: 'too many' };

async function teach(
  count: number,
  outcomeOf: (request: number, row: number) => Outcome,
  limits: Partial<Limits> = {},
  inputOf = (row: number): string => `thing ${row}?`,
) {
  let nowMs = 0;
  const clock = {
    nowMs: () => nowMs,
    random: () => 0.5,
    sleep: (ms: number) => Promise.resolve(void (nowMs += ms)),
  };
  const rows = Array.from({ length: count }, (_, row): Example => ({
    row,
    input: inputOf(row),
    label: 'farm',
    rationale: null,
    teacherLabel: null,
    question: null,
    choices: null,
  }));
  const manner = { api: 'chat', model: 'm', temperature: 0, maxTokens: 64, votes: 1, usesSchema: false };
  const log: string[] = [];
  const answers = new Answers('', (text) => log.push(text));
  const asked: number[] = [];
  const reports: TeachProgress[] = [];
  const told: string[] = [];
  const omitted: string[][] = [];
  const { end, progress } = await teachRows({
    lessons: new Lessons(rows, ({ input }) => ({ kind: 'text', text: input, stop: [] }), manner, null),
    manner,
    streams: false,
    ask: (ask, _, row) => {
      asked.push(row);
      omitted.push([...ask.omitted]);
      nowMs += 7;
      return Promise.resolve(outcomeOf(asked.length, row));
    },
    answers,
    budget: new Budget({ rows: null, tokens: null, money: null, ...limits }, null, answers.before()),
    pace: new Pace(1, clock),
    clock,
    stop: new AbortController().signal,
    abort: new AbortController().signal,
    report: (one) => reports.push(one),
    tell: (words) => told.push(words),
  });
  return { end, progress, asked, reports, told, omitted, log };
}
const words = (end: { kind: string; error?: Error }) => end.error?.message;

describe('progress', () => {
  it('counts rows that were asked for as they are answered or given up', async () => {
    const { reports, progress, end } = await teach(3, (_, row) => (row === 1 ? refused : answer()));
    expect(end).toEqual({ kind: 'done' });
    expect(reports.map(({ done, asked, read }) => [done, asked, read])).toEqual([
      [0, 0, 0],
      [1, 1, 1],
      [2, 2, 1],
      [3, 3, 2],
    ]);
    expect(progress).toMatchObject({
      total: 3,
      requests: 3,
      faults: 1,
      inFlight: 0,
      elapsedMs: 21,
      cost: null,
    });
    expect(progress.spent).toEqual({ input: 20, output: 10 });
  });

  it('does not count a row that a run ended on as asked for', async () => {
    const { progress, end } = await teach(2, (_, row) =>
      row === 0 ? answer() : { kind: 'ended', problem: 'No quota is left.', remedy: 'Pay.' },
    );
    expect(words(end as never)).toBe('No quota is left. Pay.');
    expect(progress).toMatchObject({ done: 1, asked: 1, requests: 2 });
  });

  it('keeps how long an answer took', async () => {
    const { log } = await teach(1, () => answer());
    expect(log.map((line) => (JSON.parse(line) as { elapsedMs?: number }).elapsedMs)).toEqual([undefined, 7]);
  });
});

describe('a teacher that does not answer', () => {
  it('is given up after six faults where it never has', async () => {
    const { end, asked } = await teach(3, () => fault);
    expect(words(end as never)).toContain('does not answer (it broke)');
    expect(asked).toHaveLength(6);
    // The sixth is in time.
    expect((await teach(1, (request) => (request === 6 ? answer() : fault))).end).toEqual({ kind: 'done' });
  });

  it('that has answered before loses a row after seven faults, and its run after four rows in a row', async () => {
    const one = await teach(3, (_, row) => (row === 1 ? fault : answer()));
    expect([one.end, one.asked]).toEqual([{ kind: 'done' }, [0, 1, 1, 1, 1, 1, 1, 1, 2]]);
    const seventh = await teach(2, (request, row) => (row === 0 || request === 8 ? answer() : fault));
    expect(seventh.progress).toMatchObject({ done: 2, read: 2, faults: 6 });
    const all = await teach(9, (_, row) => (row === 0 ? answer() : refused));
    expect([words(all.end as never), all.asked]).toEqual([
      expect.stringContaining('does not answer'),
      [0, 1, 2, 3, 4],
    ]);
    const never = await teach(9, () => refused);
    expect(never.asked).toEqual([0, 1, 2, 3]);
    const between = await teach(9, (_, row) => (row % 4 === 0 ? answer() : refused));
    expect([between.end, between.progress.done]).toEqual([{ kind: 'done' }, 9]);
  });

  it('that asks twelve times in a row to slow down is left alone', async () => {
    const { end, asked } = await teach(1, () => slower);
    expect(words(end as never)).toContain('asked 12 times in a row to slow down');
    expect(asked).toHaveLength(12);
    const last = await teach(1, (request) => (request === 12 ? answer() : slower));
    expect([last.end, last.progress.faults]).toEqual([{ kind: 'done' }, 11]);
  });
});

it('what a teacher does not take is left out from then on, said once; refused again, the row is given up', async () => {
  const unsupported: Outcome = { kind: 'unsupported', feature: 'temperature', words: 'no such field' };
  const { omitted, told, end } = await teach(2, (request) => (request === 1 ? unsupported : answer()));
  expect([omitted, end]).toEqual([[[], ['temperature'], ['temperature']], { kind: 'done' }]);
  expect(told).toEqual([
    'The teacher does not take temperature (no such field). It is asked without it from now on.',
  ]);
  const again = await teach(1, () => unsupported);
  expect([again.asked.length, again.progress]).toMatchObject([2, { done: 1, read: 0, asked: 1 }]);
});

describe('what is billed', () => {
  it('counts as the most where a fault may have cost it', async () => {
    for (const isBilled of [true, false]) {
      const { progress } = await teach(2, (_, row) =>
        row === 0 ? answer() : { kind: 'refused', isBilled, words: 'no' },
      );
      expect(progress.spent.output).toBe(isBilled ? 5 + 64 : 5);
    }
  });

  it('ends the run where a limit is met, and says so where the teacher passed it', async () => {
    const met = await teach(5, () => answer(), { rows: 2 });
    expect([met.end, met.progress.done]).toEqual([{ kind: 'budget', limit: 'rows' }, 2]);
    const passing = await teach(
      5,
      () => ({
        kind: 'answered',
        reply: { text: 'x', reasoning: '', finish: 'stop', usage: { input: 10, output: 5000 } },
      }),
      { tokens: 1000 },
    );
    expect(words(passing.end as never)).toContain('more tokens than it was allowed');
    expect(passing.asked).toHaveLength(1);
  });

  it('of a row that does not fit ends the run, also where a later one would fit', async () => {
    const inputOf = (row: number) => (row === 1 ? 'long '.repeat(5000) : `thing ${row}?`);
    const { end, asked } = await teach(3, () => answer(), { tokens: 1000 }, inputOf);
    expect([end, asked]).toEqual([{ kind: 'budget', limit: 'tokens' }, [0]]);
  });
});
