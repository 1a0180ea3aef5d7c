import { afterEach, describe, expect, it } from 'vitest';
import {
  startTeacher,
  type Asked,
  type Behaviour,
  type TeacherServer,
} from '../../tests/support/teacher-server.ts';
import type { Example } from '../data/example.ts';
import { Answers } from '../teacher/answers.ts';
import { Budget, type Limits } from '../teacher/budget.ts';
import { Lessons } from '../teacher/lessons.ts';
import { Pace, type Clock } from '../teacher/pace.ts';
import { buildPrompt } from '../teacher/prompt.ts';
import { apis, providers } from '../teacher/providers.ts';
import { askTeacher } from '../teacher/transport.ts';
import { teachRows, type TeachJob } from './teach.ts';

let server: TeacherServer | null = null;
afterEach(() => server?.close());

const labels = ['beach', 'farm', 'library'];
const row = (index: number): Example => ({
  row: index,
  input: `thing ${index}?`,
  label: labels[index % 3]!,
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
});
const rows = (count: number): Example[] => Array.from({ length: count }, (_, index) => row(index));

const paths: Record<keyof typeof providers, (streams: boolean) => string> = {
  chat: () => '/v1/chat/completions',
  completions: () => '/v1/completions',
  anthropic: () => '/v1/messages',
  google: (streams) => `/v1beta/models/m:${streams ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  ollama: () => '/api/chat',
};

/** The right answer to a question. */
function right({ said }: Asked): Behaviour {
  const index = Number(/thing (\d+)\?(?![\s\S]*thing)/.exec(said)![1]);
  return { kind: 'answer', text: `Because of thing ${index}. So the answer is ${labels[index % 3]!}.` };
}

/** Time that passes when it is slept, and at no other time. */
function sleepyClock(): Clock & { slept: number[] } {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => nowMs,
    random: () => 0.5,
    sleep: (waitMs) => {
      nowMs += waitMs;
      slept.push(waitMs);
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

interface Setting {
  count?: number;
  inFlight?: number;
  limits?: Partial<Limits>;
  log?: string[];
  api?: keyof typeof providers;
  streams?: boolean;
  stop?: AbortController;
  abort?: AbortController;
  maxTokens?: number;
  key?: string;
  idleMs?: number;
  usesSchema?: boolean;
  votes?: number;
}

function teach(url: string, setting: Setting = {}) {
  const { log = [], limits = {}, api = 'chat', inFlight = 16, count = 30, streams = true } = setting;
  const provider = providers[api];
  const clock = sleepyClock();
  const answers = new Answers(log.join(''), (text) => void log.push(text));
  const all = { rows: null, tokens: null, money: null, ...limits };
  const budget = new Budget(all, { input: 1_000_000, output: 2_000_000 }, answers.before());
  const told: string[] = [];
  const place = {
    fetch,
    endpoint: new URL(url),
    provider,
    key: setting.key ?? null,
    idleMs: setting.idleMs ?? 10_000,
  };
  const form = {
    kind: provider.promptKind,
    mode: 'label',
    demonstrations: [],
    instruction: null,
    asJson: false,
  } as const;
  const manner = {
    api,
    model: 'm',
    temperature: 0,
    maxTokens: setting.maxTokens ?? 64,
    votes: setting.votes ?? 1,
    usesSchema: setting.usesSchema ?? false,
  };
  const lessons = new Lessons(
    rows(count),
    (one) => buildPrompt(one, form),
    manner,
    count > 5 ? labels : null,
  );
  const job: TeachJob = {
    lessons,
    streams,
    manner,
    ask: (ask, signal) => askTeacher(place, ask, signal),
    answers,
    budget,
    clock,
    pace: new Pace(inFlight, clock),
    stop: (setting.stop ?? new AbortController()).signal,
    abort: (setting.abort ?? new AbortController()).signal,
    report: () => undefined,
    tell: (words) => void told.push(words),
  };
  return { clock, told, budget, answers, done: teachRows(job) };
}

describe.each(apis)('%s', (api) => {
  it.each([true, false])('asks each row once and reads its answer (streamed: %s)', async (streams) => {
    server = await startTeacher(right);
    const { end, progress, rows: taught } = await teach(server.url, { api, streams }).done;
    expect(end).toEqual({ kind: 'done' });
    expect(progress).toMatchObject({ done: 30, read: 30, right: 30, requests: 30, faults: 0 });
    expect(progress.spent).toEqual({ input: 300, output: 30 * 9 });
    expect(taught[4]!.read).toEqual({ ok: true, label: 'farm', rationale: 'Because of thing 4.' });
    expect(server.asked).toHaveLength(30);
    const [first] = server.asked;
    expect(first!.path).toBe(paths[api](streams));
    expect(JSON.stringify(first!.body)).toMatch(/"(?:max_tokens|maxOutputTokens|num_predict)":64\b/);
  });
});

it('1,000 rows, a fifth of the requests at fault, three restarts: each row stored once, nothing asked twice', async () => {
  // Every fifth request goes wrong, in turns of seven kinds.
  const faults: Behaviour[] = [
    { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
    { kind: 'status', status: 500 },
    { kind: 'cut', text: 'it breaks off here' },
    { kind: 'status', status: 429, body: { error: { message: 'Rate limit. Please try again in 1.2s.' } } },
    { kind: 'raw', type: 'application/json', body: '{"choices": 3}' },
    { kind: 'status', status: 503, body: '<html>busy</html>' },
    { kind: 'raw', type: 'text/event-stream', body: 'data: {"error":{"message":"overloaded"}}\n\n' },
  ];
  let faulted = 0;
  let restart: AbortController | null = null;
  const restarts = [150, 500, 900];
  server = await startTeacher((asked) => {
    if (asked.before === restarts[0]) {
      restarts.shift();
      // Those that are being answered now lose their answers.
      restart?.abort();
      return { kind: 'hang' };
    }
    if (asked.before % 5 !== 0) return right(asked);
    faulted += 1;
    return faults[faulted % faults.length]!;
  });
  const log: string[] = [];
  for (let run = 1; run <= 4; run++) {
    restart = new AbortController();
    const { end } = await teach(server.url, { count: 1000, log, abort: restart }).done;
    expect(end).toEqual({ kind: run < 4 ? 'stopped' : 'done' });
    // A kill tears the last line.
    if (run < 4) log.push('{"type":"answered","key":"');
  }
  const lines = (type: string) =>
    log.flatMap((line) =>
      line.startsWith(`{"type":"${type}"`) && line.endsWith('}\n')
        ? [(JSON.parse(line) as { row: number }).row]
        : [],
    );
  expect(lines('answered').toSorted((a, b) => a - b)).toEqual(rows(1000).map(({ row: index }) => index));
  const failed = lines('failed').length;
  expect(failed).toBeGreaterThan(0.15 * server.asked.length);
  expect(failed).toBeLessThanOrEqual(faulted);
  const inFlightAtRestarts = lines('asked').length - 1000 - failed;
  expect(inFlightAtRestarts).toBeGreaterThanOrEqual(3);
  expect(inFlightAtRestarts).toBeLessThanOrEqual(3 * 16);
  // A request that was aborted before it left never came to the server.
  expect(server.asked.length).toBeLessThanOrEqual(1000 + failed + inFlightAtRestarts);
  expect(server.asked.length).toBeGreaterThan(1000 + failed);
}, 60_000);

it.each(apis.filter((api) => api !== 'completions'))(
  '%s: a schema is asked for, and left out where it is refused',
  async (api) => {
    const asksForSchema = (asked: Asked): boolean =>
      JSON.stringify(asked.body).includes('"additionalProperties"');
    server = await startTeacher((asked) => {
      const message = 'response_format, output_config or format: a schema is not supported by this model';
      if (asksForSchema(asked) && asked.before < 4)
        return { kind: 'status', status: 400, body: { error: { message } } };
      return right(asked);
    });
    const { told, done } = teach(server.url, { api, usesSchema: true });
    expect((await done).progress).toMatchObject({ done: 30, right: 30 });
    expect(asksForSchema(server.asked[0]!)).toBe(true);
    expect(JSON.stringify(server.asked[0]!.body)).toContain('"enum":["beach","farm","library"]');
    expect(asksForSchema(server.asked.at(-1)!)).toBe(false);
    expect(told).toEqual([
      expect.stringMatching(/does not take schema/),
      'The teacher does not keep to the schema: its answers are read as text.',
    ]);
  },
);

it('an answer that stands where the thinking goes is read', async () => {
  const message = { content: '', reasoning_content: '{"rationale": "It floats.", "label": "beach"}' };
  const body = JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] });
  server = await startTeacher(() => ({ kind: 'raw', type: 'application/json', body }));
  const { rows: taught } = await teach(server.url, { count: 1, usesSchema: true }).done;
  expect(taught[0]!.read).toEqual({ ok: true, label: 'beach', rationale: 'It floats.' });
});

describe('budget', () => {
  it.each([
    ['tokens', 40_000],
    ['money', 30_000],
  ] as const)(
    'of %s is never passed at 16 in flight, and used to within one request',
    async (limit, most) => {
      server = await startTeacher(async (asked) => {
        await new Promise((resolve) => setTimeout(resolve, asked.before % 7));
        const answer = right(asked);
        // As much as is allowed, at times.
        return { ...answer, usage: { input: 20, output: asked.before % 3 === 0 ? 64 : 9 } } as Behaviour;
      });
      const { budget, done } = teach(server.url, { count: 2000, limits: { [limit]: most } });
      const { end } = await done;
      expect(end).toEqual({ kind: 'budget', limit });
      const spent = limit === 'tokens' ? budget.spent.input + budget.spent.output : budget.cost!;
      expect(spent).toBeLessThanOrEqual(most);
      expect(spent).toBeGreaterThan(most - 800);
    },
  );

  it('of rows counts rows of earlier runs, and each row once', async () => {
    server = await startTeacher((asked) =>
      asked.before === 3 ? { kind: 'status', status: 500 } : right(asked),
    );
    const log: string[] = [];
    expect((await teach(server.url, { log, limits: { rows: 10 } }).done).progress.done).toBe(10);
    const again = await teach(server.url, { log, limits: { rows: 12 } }).done;
    expect(again.end).toEqual({ kind: 'budget', limit: 'rows' });
    expect(again.progress).toMatchObject({ done: 12, requests: 2 });
  });

  it('counts what a killed run may have cost', async () => {
    server = await startTeacher(right);
    const log: string[] = [];
    await teach(server.url, { count: 1, log }).done;
    const asked = log.filter((line) => line.includes('"asked"'));
    const { spent } = new Answers(asked.join(''), () => undefined).before();
    const { most } = JSON.parse(asked[0]!) as { most: unknown };
    expect(spent).toEqual(most);
  });
});

describe('ends at once, with words,', () => {
  it.each([
    [401, {}, 'Incorrect API key', /does not take the key \(401: Incorrect API key\)\. Check the key/],
    [402, {}, 'Insufficient balance', /wants to be paid first/],
    [
      429,
      {},
      'You exceeded your current quota, please check your plan and billing details.',
      /quota is used up/,
    ],
    [429, {}, 'Rate limit reached for m on requests per day (RPD): Limit 200', /quota is used up/],
    [429, { 'retry-after': '3600' }, 'slow', /asks to wait for 60 minutes/],
    [404, {}, 'model not found', /no such address or model/],
  ])('at %i %o %s', async (status, headers, message, words) => {
    server = await startTeacher((asked) =>
      asked.before < 5 ? right(asked) : { kind: 'status', status, headers, body: { error: { message } } },
    );
    const { end, progress } = await teach(server.url).done;
    expect(end).toMatchObject({ kind: 'failed', error: { message: expect.stringMatching(words) as string } });
    expect(progress.done).toBe(5);
    expect(server.asked.length).toBeLessThan(5 + 8);
  });

  it.each(['http://127.0.0.1:9', 'http://localhost:1'])('where there is no server: %s', async (url) => {
    const { end, progress } = await teach(url).done;
    // What never reached anybody cost nothing.
    expect(progress.spent).toEqual({ input: 0, output: 0 });
    expect(end).toMatchObject({
      kind: 'failed',
      error: { problem: expect.stringMatching(/does not answer/) as string },
    });
  });

  it('where every row is refused', async () => {
    const body = { error: { message: 'the request exceeds the available context size' } };
    server = await startTeacher(() => ({ kind: 'status', status: 400, body }));
    const { end } = await teach(server.url).done;
    expect(end).toMatchObject({
      error: { problem: expect.stringMatching(/available context size/) as string },
    });
    expect(server.asked.length).toBeLessThan(8);
  });
});

it('waits as long as it is asked to, and sends fewer at once', async () => {
  let most = 0;
  server = await startTeacher((asked) => {
    if (asked.before > 6) most = Math.max(most, server!.open());
    return asked.before === 5
      ? { kind: 'status', status: 429, headers: { 'retry-after': '7' } }
      : right(asked);
  });
  const { clock, done } = teach(server.url, { count: 12 });
  expect((await done).end).toEqual({ kind: 'done' });
  expect(Math.max(...clock.slept)).toBeCloseTo(7125, -1);
  expect(most).toBeLessThanOrEqual(5);
});

it('a silent server is asked again after the idle time', async () => {
  server = await startTeacher((asked) => (asked.before === 0 ? { kind: 'hang' } : right(asked)));
  const { progress } = await teach(server.url, { count: 3, idleMs: 500 }).done;
  expect(progress).toMatchObject({ done: 3, read: 3, requests: 4, faults: 1 });
});

it('an answer that drips is waited for, however long it takes in all', async () => {
  server = await startTeacher((asked) => ({ ...right(asked), kind: 'drip', everyMs: 60 }) as Behaviour);
  const { progress } = await teach(server.url, { count: 1, idleMs: 400 }).done;
  expect(progress).toMatchObject({ done: 1, read: 1, requests: 1, faults: 0 });
});

it('an answer of 10 MB is given up, and the others go on', async () => {
  const flood = { kind: 'raw', type: 'application/json', body: ' '.repeat(10_000_000) } as const;
  server = await startTeacher((asked) => (asked.said.includes('thing 2?') ? flood : right(asked)));
  const { rows: taught, progress } = await teach(server.url, { count: 6 }).done;
  expect(taught[2]!.givenUp).toMatch(/4 MB/);
  expect(progress).toMatchObject({ done: 6, read: 5 });
});

it('a cut answer is asked once more with twice the tokens, never with its own text', async () => {
  server = await startTeacher((asked) =>
    asked.said.includes('thing 1?') && asked.body.max_tokens === 64
      ? { kind: 'answer', text: 'It goes on and on', finish: 'length' }
      : right(asked),
  );
  const log: string[] = [];
  const { progress } = await teach(server.url, { count: 3, log }).done;
  expect(progress).toMatchObject({ done: 3, read: 3, requests: 4 });
  const again = server.asked.filter(({ said }) => said.includes('thing 1?'));
  expect(again.map(({ body }) => body.max_tokens)).toEqual([64, 128]);
  expect(again[1]!.said).not.toContain('on and on');
  expect((await teach(server.url, { count: 3, log }).done).progress).toMatchObject({ read: 3, requests: 0 });
});

it('leaves out what a server does not take, and says so', async () => {
  server = await startTeacher((asked) => {
    const refused =
      'max_tokens' in asked.body ? 'max_tokens' : 'temperature' in asked.body ? 'temperature' : null;
    if (refused === null) return right(asked);
    const message =
      refused === 'max_tokens'
        ? "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        : "Unsupported value: 'temperature' does not support 0 with this model.";
    return { kind: 'status', status: 400, body: { error: { message } } };
  });
  const { told, done } = teach(server.url);
  expect((await done).progress).toMatchObject({ done: 30, read: 30 });
  expect(told.map((words) => /take (\w+)/.exec(words)?.[1])).toEqual(['max_tokens', 'temperature']);
  expect(server.asked.at(-1)!.body.max_completion_tokens).toBe(64);
});

it('of several answers the label counts that most of them give, with a reason for it', async () => {
  const asked = new Map<string, number>();
  server = await startTeacher((now) => {
    const nth = asked.get(now.said) ?? 0;
    asked.set(now.said, nth + 1);
    return nth === 0 ? { kind: 'answer', text: 'A slip. So the answer is library.' } : right(now);
  });
  const log: string[] = [];
  const { rows: taught, progress } = await teach(server.url, { count: 6, votes: 3, log }).done;
  expect(progress).toMatchObject({ done: 6, right: 6, requests: 18 });
  expect(taught.map(({ agreeing }) => agreeing)).toEqual([2, 2, 3, 2, 2, 3]);
  expect(taught[0]!.read).toEqual({ ok: true, label: 'beach', rationale: 'Because of thing 0.' });
  const more = await teach(server.url, { count: 6, votes: 4, log }).done;
  expect(more.progress).toMatchObject({ right: 6, requests: 6 });
});

it('stops after what is in flight, and resumes with the rest', async () => {
  const stop = new AbortController();
  server = await startTeacher((asked) => {
    if (asked.before === 9) stop.abort();
    return right(asked);
  });
  const log: string[] = [];
  const { end, progress } = await teach(server.url, { log, stop }).done;
  expect(end).toEqual({ kind: 'stopped' });
  expect(progress.done).toBe(server.asked.length);
  const rest = await teach(server.url, { log }).done;
  expect(rest.progress).toMatchObject({ done: 30, requests: 30 - progress.done });
  expect(server.asked).toHaveLength(30);
});

it('rows with the same text have an answer each', async () => {
  server = await startTeacher(right);
  const { done, answers } = teach(server.url, { count: 2 });
  await done;
  expect(answers.size).toBe(2);
});

it('no key that a server repeats is kept or said', async () => {
  const key = 'sk-canary-5f2a';
  server = await startTeacher((asked) => {
    expect(asked.headers.authorization).toBe(`Bearer ${key}`);
    if (asked.before === 0) return { kind: 'answer', text: `Your key is ${key}. So the answer is ${key}.` };
    if (asked.before === 1) return { kind: 'status', status: 500, body: `{"error":"${key}"}` };
    return {
      kind: 'status',
      status: 401,
      body: { error: { message: `Incorrect API key provided: ${key}` } },
    };
  });
  const log: string[] = [];
  const { end, rows: taught } = await teach(server.url, { log, key }).done;
  expect(end).toMatchObject({
    kind: 'failed',
    error: { problem: expect.stringContaining('[key]') as string },
  });
  expect(JSON.stringify([log, end, taught])).not.toContain(key);
});

it('no half of a key is said where a server’s words are shortened', async () => {
  const key = 'sk-canary-5f2a-0123456789';
  const message = `${'a'.repeat(290)}${key}`;
  server = await startTeacher(({ before }) =>
    before === 0
      ? {
          kind: 'raw',
          type: 'text/event-stream',
          body: `data: ${JSON.stringify({ error: { message } })}\n\n`,
        }
      : before === 1
        ? { kind: 'raw', type: 'application/json', body: `${'b'.repeat(70)}${key}` }
        : { kind: 'status', status: 401, body: { error: { message } } },
  );
  const log: string[] = [];
  const { end } = await teach(server.url, { log, key, inFlight: 1 }).done;
  expect(end).toMatchObject({ kind: 'failed' });
  expect(JSON.stringify([log, end])).not.toContain('sk-canary');
});

it('a word in the place of a key, where a server wants none, stays a word in answers', async () => {
  server = await startTeacher(() => ({ kind: 'answer', text: 'There are none. So the answer is none.' }));
  const { rows: taught } = await teach(server.url, { key: 'none', count: 1 }).done;
  expect(taught[0]!.read).toEqual({ ok: true, label: 'none', rationale: 'There are none.' });
});
