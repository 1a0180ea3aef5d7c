/** `npm run study` with specs of a few rows and steps: its figures mean nothing. How sweeps end is sweep.gpu.test.ts's. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { headless, projectRoot } from '../support/headless.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillroom-study-'));
const docs = join(folder, 'docs');
const published = join(docs, 'study', 'results.jsonl');
const run = (...args: string[]) =>
  headless(['study', '--specs', folder, '--work', join(folder, 'work'), '--out', docs, ...args]);
const page = () => readFileSync(join(docs, 'study.md'), 'utf8');

beforeAll(() => {
  const rows = readFileSync(join(projectRoot, 'public/sample/train.jsonl'), 'utf8').split('\n').slice(0, 16);
  writeFileSync(join(folder, 'rows.jsonl'), rows.join('\n'));
  writeFileSync(join(folder, 'test.jsonl'), rows.slice(0, 4).join('\n'));
  const grid = { labels: ['teacher'], fraction: [0.5], seed: [1] };
  const spec = {
    train: 'rows.jsonl',
    test: 'test.jsonl',
    recipe: { steps: 3, batchSize: 2, generationMaxTokens: 6 },
    vary: [
      { ...grid, method: ['standard', 'step-by-step'], fraction: [0.5, 1] },
      { ...grid, method: ['step-by-step'], alpha: [0.1, 0.9] },
      { ...grid, method: ['standard'], steps: [6] },
    ],
  };
  writeFileSync(join(folder, 'sample.json'), JSON.stringify(spec));
  // Rows that are not there: that task is left out, and said to be.
  writeFileSync(join(folder, 'svamp.json'), JSON.stringify({ ...spec, train: 'nowhere.jsonl', vary: grid }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('sweeps its specs, publishes every run, writes its page and draws', { timeout: 300_000 }, () => {
  const { code, stdout, stderr } = run('--jobs', '2');
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('svamp is not measured here');
  expect(page()).toContain('| the teacher’s | 16 ');
  expect(page()).toContain('SVAMP was not measured');
  // 4 of the main table, one alpha beside the preset's, the control; and what the task is.
  expect(readFileSync(published, 'utf8').trimEnd().split('\n')).toHaveLength(1 + 4 + 1 + 1);
  for (const name of ['accuracy-by-rows.svg', 'accuracy-by-alpha.svg']) {
    expect(page()).toContain(`](study/${name})`);
    expect(readFileSync(join(docs, 'study', name), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
  }
});

it('writes the same page from what is published alone, and names a line that is no result', () => {
  const written = page();
  rmSync(join(folder, 'work'), { recursive: true });
  const { code, stderr } = run('--report');
  expect(code, stderr).toBe(0);
  expect(page()).toBe(written);
  expect(existsSync(join(folder, 'work'))).toBe(false);
  writeFileSync(published, 'what is this\n');
  const refused = run('--report');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('results.jsonl, line 1: ');
});
