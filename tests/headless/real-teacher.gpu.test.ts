/**
 * A real server: llama.cpp's, from the Python package xllamacpp, with a tiny model that was trained to think aloud about the
 * sample's world. The model lies in ../shared; run it as
 * `STILLROOM_PYTHON=venv/bin/python npm test -- gpu real-teacher`.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { headless, projectRoot } from '../support/headless.ts';

const python = process.env['STILLROOM_PYTHON'] ?? 'python3';
const models = join(projectRoot, '../shared/sketches/teacher');
const hasServer = spawnSync(python, ['-c', 'import xllamacpp']).status === 0;
const isHere = hasServer && existsSync(models);
if (!isHere)
  console.log(`Skipped: ${python} has no xllamacpp (set STILLROOM_PYTHON), or ../shared is absent.`);

let server: ChildProcess | null = null;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-real-teacher-'));
});
afterEach(async () => {
  const ended = server;
  server = null;
  if (ended === null || ended.exitCode !== null) return;
  const closed = new Promise((resolve) => ended.once('close', resolve));
  ended.kill();
  await closed;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the server with a model; it prints its address when it is ready. */
async function start(model: string): Promise<string> {
  const script = join(projectRoot, 'tests/support/serve_teacher.py');
  server = spawn(python, [script, join(models, model)], { stdio: ['pipe', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: server.stdout! })) {
    if (line.startsWith('http')) return line;
  }
  throw new Error('The server ended before it was ready.');
}

interface Row {
  input: string;
  label: string;
  rationale: string;
  teacherLabel: string;
}
const rowsIn = (file: string): Row[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

/** Three worked answers in the words that the model knows. */
function demonstrations(): string {
  const right = rowsIn(join(projectRoot, 'public/sample/train.jsonl')).filter(
    ({ label, teacherLabel }) => label === teacherLabel,
  );
  const file = join(folder, 'demos.jsonl');
  const shown = right
    .slice(0, 3)
    .map((row) => ({ ...row, rationale: row.rationale.replace(/, so \w+\.$/, '.') }));
  writeFileSync(file, shown.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

function teach(url: string, name: string, rows: number, ...more: string[]): { rows: Row[]; said: string } {
  const out = join(folder, `${name}.jsonl`);
  const data = join(projectRoot, 'public/sample/test.jsonl');
  const asking = [
    '--data',
    data,
    '--endpoint',
    url,
    '--model',
    'tiny-teacher',
    '--out',
    out,
    '--rows',
    String(rows),
  ];
  const { code, stdout, stderr } = headless(['teach', ...asking, '--in-flight', '4', ...more]);
  expect(stderr + String(code)).toMatch(/0$/);
  return { rows: rowsIn(out), said: stdout };
}

const share = (rows: readonly Row[]): number =>
  rows.filter(({ label, teacherLabel }) => label === teacherLabel).length / rows.length;

describe.skipIf(!isHere)('a real teacher (skipped without xllamacpp and ../shared)', () => {
  it('labels 200 rows of the sample, all read, at least 98 % right', async () => {
    const url = await start('tiny-teacher.gguf');
    const short = ['--demos', demonstrations(), '--max-tokens', '90'];
    const taught = teach(url, 'completions', 200, '--api', 'completions', ...short);
    console.log(`completions: ${taught.rows.length} rows, ${share(taught.rows)} right`);
    expect(taught.rows).toHaveLength(200);
    expect(taught.said).toContain('200 of 200 rows: 200 read');
    expect(share(taught.rows)).toBeGreaterThanOrEqual(0.98);
    expect(taught.rows[0]!.rationale).toMatch(/has/);

    const ways = [
      ['chat', '--instruction', ''],
      ['anthropic', '--instruction', ''],
      ['chat', '--instruction', '', '--no-stream'],
      ['completions', '--no-stream'],
    ];
    for (const [index, [api, ...more]] of ways.entries()) {
      const few = teach(url, `way-${index}`, 40, '--api', api!, ...short, ...more);
      console.log(`${api} ${more.join(' ')}: ${few.rows.length} rows, ${share(few.rows)} right`);
      expect(few.said).toContain('40 of 40 rows: 40 read');
      expect(share(few.rows)).toBeGreaterThanOrEqual(0.95);
    }
    // A second run asks nothing.
    expect(teach(url, 'completions', 200, '--api', 'completions', ...short).said).toContain(
      '200 answers are there',
    );
  });

  it('holds an untrained model to a schema: every label is a choice', async () => {
    const url = await start('tiny-random.gguf');
    const { rows } = teach(url, 'random', 8, '--schema', '--max-tokens', '1024');
    const known = new Set(rowsIn(join(projectRoot, 'public/sample/test.jsonl')).map(({ label }) => label));
    expect(rows).toHaveLength(8);
    expect(rows.filter(({ teacherLabel }) => !known.has(teacherLabel))).toEqual([]);
  });
});
