/**
 * docs/guide.md, as a person follows it: each block of commands runs in order, in an empty folder, against the tests'
 * own teacher and hub. What is other than in the guide is in `replaced`, and has to be in it.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tinyFolder } from '../../src/student/testing/tiny-student.ts';
import { projectRoot } from '../support/headless.ts';
import { startHub, type HubServer } from '../support/hub-server.ts';
import { startTeacher, type TeacherServer } from '../support/teacher-server.ts';

const guide = readFileSync(join(projectRoot, 'docs/guide.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, kind = '', text = '']) => ({
  kind,
  text,
}));
const queues = ['billing', 'technical', 'account'];
const key = 'sk-ofTheGuide';

const folder = mkdtempSync(join(tmpdir(), 'stillroom-guide-'));
let teacher: TeacherServer;
let hub: HubServer;
let replaced: readonly (readonly [inTheGuide: string, here: string])[];
let served: { program: ChildProcess; port: string } | null = null;

beforeAll(async () => {
  // As the guide has it asked: the label comes with the question, and the reason is given for it.
  teacher = await startTeacher(({ said }) => {
    const label = queues.find((queue) => said.includes(queue));
    return { kind: 'answer', text: `Its words are those of ${label}. So the answer is ${label}.` };
  });
  hub = await startHub({
    'google/flan-t5-small': { files: tinyFolder({ d_model: 16, d_kv: 8 }), license: 'apache-2.0' },
    'datasets/Salesforce/cos_e': {
      files: new Map([
        ['v1.11/train.jsonl', explained('train')],
        ['v1.11/validation.jsonl', explained('test')],
      ]),
    },
  });
  replaced = [
    ['npm run headless --', `"${process.execPath}" "${join(projectRoot, 'scripts/headless.mjs')}"`],
    ['http://localhost:11434', teacher.url],
    ['https://api.openai.com', teacher.url],
    // Few steps, measured on the way: the student at that name is tiny.
    ['"steps": 600', '"steps": 2'],
    ['"steps": 4000', '"steps": 2'],
    ['"evalEvery": 500', '"evalEvery": 1'],
  ];
});

afterAll(async () => {
  if (served !== null) {
    const { program } = served;
    const isGone = new Promise((resolve) => program.once('exit', resolve));
    if (program.kill()) await isGone;
  }
  await Promise.all([teacher.close(), hub.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** CoS-E's rows with explanations, as the hub has them. */
function explained(split: 'train' | 'test'): Uint8Array {
  const fixture = (file: string): object[] =>
    readFileSync(join(projectRoot, 'tests/fixtures/cos-e', file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
  const reasons = fixture(`mini_CoT_${split}.json`) as { rationale: string }[];
  const rows = fixture(`mini_${split}.jsonl`).map((row, at) => ({
    ...row,
    abstractive_explanation: reasons[at]!.rationale,
  }));
  return Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
}

function asHere(text: string): string {
  return replaced.reduce((now, [inTheGuide, here]) => now.replaceAll(inTheGuide, here), text);
}

function environment(): NodeJS.ProcessEnv {
  const { INIT_CWD: _whereNpmIs, ...rest } = process.env;
  return {
    ...rest,
    HF_ENDPOINT: hub.url,
    HF_TOKEN: '',
    HF_HUB_OFFLINE: '',
    XDG_CACHE_HOME: join(folder, 'cache'),
    OPENAI_API_KEY: key,
    // Any machine: what is tested are the commands, not its GPU.
    STILLROOM_GPU: 'none',
  };
}

/** @returns What a block printed on standard output. */
async function run(block: string): Promise<string> {
  const ended = await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile('sh', ['-ec', block], { cwd: folder, env: environment() }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
  expect(ended.code, `${block}\n${ended.stderr}`).toBe(0);
  return ended.stdout;
}

/** A block that answers until it is ended, at a port that is free. */
async function serve(block: string): Promise<NonNullable<typeof served>> {
  const env = { ...environment(), PORT: '0', STILLROOM_HOST: '127.0.0.1' };
  const program = spawn('sh', ['-ec', `exec ${block}`], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  await new Promise<void>((resolve) => {
    program.once('exit', () => resolve());
    program.stderr.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes('The model is loaded.')) resolve();
    });
  });
  const port = /Listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
  expect(port, said).toBeDefined();
  return { program, port: port! };
}

it('what is replaced here stands in the guide', () => {
  const commands = blocks.filter(({ kind }) => kind === 'sh').map(({ text }) => text);
  for (const [inTheGuide] of replaced) expect(commands.join('')).toContain(inTheGuide);
});

it('every command of the guide does what the guide says', async () => {
  let printed = '';
  for (const { kind, text } of blocks) {
    if (kind === 'csv') writeFileSync(join(folder, 'tickets.csv'), text);
    else if (kind === 'text') expect(printed).toContain(text);
    else if (text.includes(' serve --run')) served = await serve(asHere(text).trim());
    else if (text.startsWith('curl')) {
      expect(text).toContain('localhost:7080');
      const answer = JSON.parse(
        await run(text.replace('localhost:7080', `127.0.0.1:${served!.port}`)),
      ) as object;
      expect(answer).toEqual({ predictions: [[expect.any(String)], [expect.any(String)]] });
    } else {
      expect(kind).toBe('sh');
      printed = await run(asHere(text));
    }
  }

  for (const file of [
    'rows.jsonl',
    'taught.jsonl',
    'taught-by-api.jsonl',
    'tickets-run/model/model.safetensors',
    'tickets-run/metrics.jsonl',
    'tickets-run/predictions.jsonl',
    'tickets-server/Dockerfile',
    'cos-e-run/model/model.safetensors',
    'cos-e-lora/adapter/adapter_model.safetensors',
    'cos-e-lora/model/model.safetensors',
  ])
    expect(statSync(join(folder, file)).size, file).toBeGreaterThan(0);
  const taught = readFileSync(join(folder, 'taught.jsonl'), 'utf8').trim().split('\n');
  expect(taught).toHaveLength(12);
  expect(JSON.parse(taught[0]!)).toMatchObject({ label: 'billing', teacherLabel: 'billing' });
  // The key went with the API's requests alone.
  const keysOf = (model: string): unknown[] => [
    ...new Set(
      teacher.asked.filter(({ body }) => body['model'] === model).map(({ headers }) => headers.authorization),
    ),
  ];
  expect(keysOf('llama3.1:8b')).toEqual([undefined]);
  expect(keysOf('gpt-4.1-mini')).toEqual([`Bearer ${key}`]);
});
