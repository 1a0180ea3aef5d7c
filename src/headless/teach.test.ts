import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTeacher, type TeacherServer } from '../../tests/support/teacher-server.ts';
import { InputError } from '../base/errors.ts';
import { teach } from './teach.ts';

const key = 'sk-canary-91c7';
let folder = '';
let server: TeacherServer;
let said: string[] = [];
let onAsked: (before: number) => void;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-teach-'));
  said = [];
  onAsked = () => undefined;
  const write = (text: unknown): boolean => said.push(String(text)) > 0;
  vi.spyOn(process.stdout, 'write').mockImplementation(write);
  vi.spyOn(console, 'error').mockImplementation(write);
  vi.stubEnv('TEACHER_KEY', key);
  server = await startTeacher(({ said: question, headers, before }) => {
    onAsked(before);
    return headers.authorization === `Bearer ${key}`
      ? {
          kind: 'answer',
          text: `Seen in ${question.length}. So the answer is ${question.includes('2') ? 'b' : 'a'}.`,
        }
      : { kind: 'status', status: 401, body: { error: { message: `wrong: ${headers.authorization}` } } };
  });
  const rows = ['one 1', 'two 2', 'three 3'].map((input) => ({ input, label: 'a' }));
  writeFileSync(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
  await server.close();
  rmSync(folder, { recursive: true });
});

const out = () => join(folder, 'out.jsonl');
const run = (...more: string[]) =>
  teach([
    '--data',
    join(folder, 'rows.jsonl'),
    '--endpoint',
    `${server.url}/v1`,
    '--model',
    'm',
    '--out',
    out(),
    '--key-env',
    'TEACHER_KEY',
    ...more,
  ]);
const chat = (content: string) => ({ choices: [{ message: { content }, finish_reason: 'stop' }] });
const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it('writes rows with rationales, resumes, and says the key nowhere', async () => {
  await run('--rows', '2');
  expect(linesOf(out()).map(({ teacherLabel }) => teacherLabel)).toEqual(['a', 'b']);
  await run();
  expect(server.asked).toHaveLength(3);
  expect(linesOf(out())[2]).toMatchObject({ input: 'three 3', label: 'a', teacherLabel: 'a' });
  expect(linesOf(out())[2]!.rationale).toMatch(/^Seen in \d+\.$/);
  expect(said.join('')).toMatch(/3 of 3 rows: 3 read, 66\.67 % of them right/);
  vi.stubEnv('TEACHER_KEY', `${key}x`);
  await expect(run('--model', 'other')).rejects.toThrow(
    /does not take the key \(401: wrong: Bearer \[key\]\)/,
  );
  const files = [out(), join(`${out()}.answers`, 'answers.jsonl')].map((file) => readFileSync(file, 'utf8'));
  expect([...said, ...files].join('')).not.toContain(key);
  expect(existsSync(join(`${out()}.answers`, 'job.lock'))).toBe(false);
});

it('a label that was given is no merit, and a cost without prices is not known', async () => {
  await run('--mode', 'rationalise');
  const words = said.join('');
  expect(words).not.toMatch(/\bright\b/);
  expect(words).toMatch(/3 of 3 rows: 3 read, 66\.67 % of them with the label that was given\./);
  expect(words).toMatch(/cost unknown: no prices were given\./);
  expect(linesOf(out()).every(({ rationalised }) => rationalised === true)).toBe(true);
});

it('a torn last line is not there, and asked again', async () => {
  await run();
  const log = join(`${out()}.answers`, 'answers.jsonl');
  writeFileSync(log, readFileSync(log, 'utf8').slice(0, -40));
  await run();
  expect(server.asked).toHaveLength(4);
  expect(said.join('')).toMatch(/One line cannot be read/);
  expect(linesOf(out())).toHaveLength(3);
  await run();
  expect(server.asked).toHaveLength(4);
});

it('a budget ends it with words, and more resumes it', async () => {
  await run('--budget-rows', '2');
  expect(said.join('')).toMatch(/might pass --budget-rows 2/);
  expect(linesOf(out())).toHaveLength(2);
});

it('SIGINT keeps what came and ends with 130', async () => {
  onAsked = (before) => before === 1 && process.emit('SIGINT');
  await run('--in-flight', '1');
  expect(process.exitCode).toBe(130);
  expect(server.asked).toHaveLength(2);
  expect(linesOf(out())).toHaveLength(2);
  await run();
  expect(server.asked).toHaveLength(3);
});

it('demonstrations from right rows, never the row itself', async () => {
  const rows = ['one 1', 'two 2', 'three 3'].map((input) => ({
    input,
    label: 'a',
    rationale: `as ${input}`,
  }));
  writeFileSync(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await run('--demos', '1', '--api', 'completions', '--in-flight', '1');
  expect(server.asked.map(({ said: question }) => question.match(/^Q: .*$/gm))).toEqual([
    ['Q: two 2', 'Q: one 1'],
    ['Q: one 1', 'Q: two 2'],
    ['Q: one 1', 'Q: three 3'],
  ]);
  await expect(run('--demos', '3')).rejects.toThrow(/one more than asked for/);
});

it.each([
  [['--endpoint', 'ftp://x'], /no http or https address/],
  [['--endpoint', 'http://me:secret@x/'], /a name or a password/],
  [['--key-env', 'NO_SUCH_KEY'], /no environment variable NO_SUCH_KEY/],
  [['--budget-money', '3'], /What a row costs is not known/],
  [['--schema', '--api', 'completions'], /does not go with/],
  [['--votes', '3', '--temperature', '0'], /all answers are the same/],
  [['--in-flight', '0'], /whole number from 1/],
  [['--temperature', 'hot'], /not a number from 0/],
])('%o is bad input', async (more, words) => {
  await expect(run(...more)).rejects.toThrow(words);
  await expect(run(...more)).rejects.toThrow(InputError);
  expect(server.asked).toHaveLength(0);
});

it('a key with a line break in it is refused without being said', async () => {
  vi.stubEnv('TEACHER_KEY', `${key}\nx`);
  const error = await run().catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(InputError);
  expect(String(error)).not.toContain(key);
});

it.each([
  ['chat', (key: string, text: string) => ({ custom_id: key, response: { body: chat(text) } })],
  ['completions', (key: string, text: string) => ({ custom_id: key, text })],
  [
    'anthropic',
    (key: string, text: string) => ({
      custom_id: key,
      result: {
        type: 'succeeded',
        message: { type: 'message', content: [{ type: 'text', text }], stop_reason: 'end_turn' },
      },
    }),
  ],
  [
    'google',
    (key: string, text: string) => ({
      key,
      response: { candidates: [{ content: { parts: [{ text }] }, finishReason: 'STOP' }] },
    }),
  ],
  [
    'ollama',
    (key: string, text: string) => ({ custom_id: key, response: { message: { content: text }, done: true } }),
  ],
] as const)('%s: prompts go out and answers come back by file', async (api, inItsShape) => {
  const [prompts, answers] = [join(folder, 'prompts.jsonl'), join(folder, 'answers.jsonl')];
  await run('--api', api, '--prompts', prompts);
  const keys = linesOf(prompts).map(({ custom_id, key: id }) => String(custom_id ?? id));
  expect(keys).toHaveLength(3);
  expect(JSON.stringify(linesOf(prompts)[1])).toContain('two 2');
  const lines = keys
    .slice(1)
    .map((id, index) => JSON.stringify(inItsShape(id, `R${index}. So the answer is a.`)));
  const others = [
    '{"custom_id":"other","text":"x"}',
    `{"custom_id":"${keys[0]}","error":{"message":"expired"}}`,
    '{',
  ];
  writeFileSync(answers, [...lines.reverse(), ...others].join('\n'));
  await run('--api', api, '--answers', answers);
  expect(linesOf(out()).map(({ input, rationale }) => [input, rationale])).toEqual([
    ['two 2', 'R0.'],
    ['three 3', 'R1.'],
  ]);
  expect(said.join('')).toMatch(/2 answers are new/);
  expect(said.join('')).toMatch(/One line answers other questions/);
  expect(said.join('')).toMatch(/line 4: left out: it holds no answer/);
  expect(said.join('')).toMatch(/line 5: left out: it is no line of results/);
  await run('--api', api, '--prompts', prompts);
  expect(linesOf(prompts).map(({ custom_id, key: id }) => custom_id ?? id)).toEqual([keys[0]]);
  expect(server.asked).toHaveLength(0);
});

it('replaces no file that it did not write', async () => {
  writeFileSync(out(), 'mine');
  await expect(run()).rejects.toThrow(/not written by teach/);
  await expect(run('--out', join(folder, 'rows.jsonl'))).rejects.toThrow(/file of --data/);
  expect(readFileSync(out(), 'utf8')).toBe('mine');
});
