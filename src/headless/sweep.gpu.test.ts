/** A sweep as a person runs one: killed on the way, resumed, and refused where it is another one. */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { headless, projectRoot } from '../../tests/support/headless.ts';
import type { Result } from '../experiment/ledger.ts';

let folder: string;
let out: string;
let spec: string;
const results = (): Result[] =>
  readFileSync(join(out, 'results.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Result);
const write = (value: object): void => writeFileSync(spec, JSON.stringify(value));
const sweep = (...more: string[]) => headless(['sweep', '--spec', spec, '--out', out, ...more]);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-sweep-'));
  out = join(folder, 'out');
  spec = join(folder, 'sweep.json');
  const rows = readFileSync(join(projectRoot, 'public/sample/train.jsonl'), 'utf8').split('\n').slice(0, 20);
  writeFileSync(join(folder, 'rows.jsonl'), rows.join('\n'));
  // Built before anything is timed or killed.
  expect(headless(['help']).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const small = {
  train: 'rows.jsonl',
  test: 'rows.jsonl',
  recipe: { steps: 12, generationMaxTokens: 8 },
  vary: { method: ['standard', 'step-by-step'], fraction: [0.5], seed: [0, 1] },
};

it('keeps what has ended when it is killed, and trains the rest when it is called again', async () => {
  write(small);
  const child = spawn(
    process.execPath,
    ['scripts/headless.mjs', 'sweep', '--spec', spec, '--out', out, '--jobs', '1'],
    {
      cwd: projectRoot,
      env: { ...process.env, INIT_CWD: projectRoot },
      stdio: 'ignore',
    },
  );
  while (!existsSync(join(out, 'results.jsonl')) || results().length === 0) await setTimeout(50);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  // Its processes end with it, a step later at the latest.
  await setTimeout(1500);
  const before = results();
  expect(before.length).toBeLessThan(4);
  const model = join(out, before[0]!.run, 'model', 'model.safetensors');
  const writtenAt = statSync(model).mtimeMs;
  appendFileSync(join(out, 'results.jsonl'), '{"varied":{"method":"st');

  const { code, stdout, stderr } = sweep('--jobs', '2');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain(`4 runs, ${before.length} of them there already`);
  expect(stdout).toMatch(/To train: .* by measured steps, and [\d.]+ MB in /);
  expect(stdout).toMatch(/\| method +\| fraction \|/);
  expect(results().slice(0, before.length)).toEqual(before);
  expect(new Set(results().map(({ run }) => run)).size).toBe(4);
  expect(statSync(model).mtimeMs).toBe(writtenAt);
  for (const { run, accuracy } of results()) {
    const summary = JSON.parse(readFileSync(join(out, run, 'summary.json'), 'utf8')) as object;
    expect(summary).toMatchObject({ accuracy, trainRows: 10, testRows: 20, steps: 12 });
  }
});

it('trains nothing where all has ended; lists may grow', () => {
  expect(sweep().stdout).toContain('4 runs, 4 of them there already');
  write({ ...small, vary: { ...small.vary, seed: [0, 1, 2] } });
  const { stdout } = sweep('--report');
  expect(stdout).toContain('4 of 6 runs are there.');
  expect(stdout).toMatch(/2 of 3 \|/);
  expect(readFileSync(join(out, 'table.tex'), 'utf8')).toContain('\\begin{tabular}');
  expect(readFileSync(join(out, 'table.csv'), 'utf8')).toContain('step-by-step,0.5,');
});

it.each([
  ['another recipe', { ...small, recipe: { ...small.recipe, steps: 13 } }, 'another "steps"'],
  ['a value that is gone', { ...small, vary: { ...small.vary, seed: [0] } }, 'has seed 1'],
  ['something else varied', { ...small, vary: { alpha: [0.1] } }, 'the spec now varies alpha'],
  ['other rows', { ...small, train: undefined, test: undefined }, 'training rows are not those'],
  ['an unknown key', { ...small, seeds: [1] }, '"seeds" is no key of a spec'],
])('refuses %s with words', (_, other, words) => {
  write(other);
  const before = readFileSync(join(out, 'results.jsonl'), 'utf8');
  const { code, stderr } = sweep();
  expect(stderr).toContain(words);
  expect(code).toBe(2);
  expect(readFileSync(join(out, 'results.jsonl'), 'utf8')).toBe(before);
});
