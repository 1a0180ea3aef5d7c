import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { headless, projectRoot } from '../support/headless.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillroom-study-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const docs = join(folder, 'docs');
const workFile = join(folder, 'results.jsonl');
const run = (...args: string[]) => headless(['study', '--quick', '--work', folder, '--out', docs, ...args]);
const lines = () =>
  readFileSync(workFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

// `npm run study -- --quick` is the whole study with few rows and steps; its figures mean nothing.
describe('the study', () => {
  it('measures, writes its page and draws', { timeout: 600_000 }, () => {
    const { code, stdout, stderr } = run('--jobs', '2');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/1 of \d+, .* left · /);
    const page = readFileSync(join(docs, 'study.md'), 'utf8');
    expect(page).toContain('| the teacher’s | 16 ');
    expect(page).not.toContain('Not everything is measured yet');
    for (const name of ['accuracy-by-rows.svg', 'accuracy-by-alpha.svg']) {
      expect(page).toContain(`](study/${name})`);
      expect(readFileSync(join(docs, 'study', name), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
    }
    expect(stdout.includes('SVAMP is not measured here')).toBe(!existsSync('../shared/data/svamp'));
  });

  it('trains nothing again, and writes the same page from what is published', { timeout: 120_000 }, () => {
    const page = readFileSync(join(docs, 'study.md'), 'utf8');
    const measured = lines();
    const again = run();
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).not.toContain(' left · ');
    expect(lines()).toEqual(measured);
    rmSync(workFile);
    expect(run('--report').code).toBe(0);
    expect(readFileSync(join(docs, 'study.md'), 'utf8')).toBe(page);
  });

  it('goes on where it was: only the run that is missing is trained', { timeout: 120_000 }, () => {
    const published = join(docs, 'study', 'results.jsonl');
    const all = readFileSync(published, 'utf8').trimEnd().split('\n');
    // The last one cut short, as a pulled plug leaves it.
    rmSync(published);
    writeFileSync(workFile, `${all.slice(0, -1).join('\n')}\n${all.at(-1)!.slice(0, 50)}`);
    const { code, stdout, stderr } = run('--jobs', '1');
    expect(code, stderr).toBe(0);
    expect(stdout.match(/ left · /g)).toHaveLength(1);
    expect(readFileSync(published, 'utf8').trimEnd().split('\n')).toHaveLength(all.length);
    expect(lines()).toHaveLength(all.length);
  });

  it('stops when it is told to, and keeps what has ended', { timeout: 300_000 }, async () => {
    const work = join(folder, 'stopped');
    const study = spawn(
      process.execPath,
      [
        'scripts/headless.mjs',
        'study',
        '--quick',
        '--jobs',
        '1',
        '--work',
        work,
        '--out',
        join(work, 'docs'),
      ],
      { cwd: projectRoot, env: { ...process.env, INIT_CWD: projectRoot } },
    );
    let said = '';
    study.stdout.setEncoding('utf8').on('data', (text: string) => {
      const isFirst = !said.includes(' left · ');
      said += text;
      if (isFirst && said.includes(' left · ')) study.kill('SIGTERM');
    });
    const code = await new Promise((resolve) => study.once('exit', resolve));
    // What a shell says of a process that SIGTERM ended: 128 + 15.
    expect(code).toBe(143);
    expect(said).toContain('Every run that has ended is kept');
    const kept = readFileSync(join(work, 'results.jsonl'), 'utf8').trimEnd().split('\n');
    expect(kept).toHaveLength(said.match(/ left · /g)!.length);
    expect(existsSync(join(work, 'docs'))).toBe(false);
  });

  it('refuses what is no result, with file and line', { timeout: 60_000 }, () => {
    writeFileSync(workFile, 'what is this\n');
    const { code, stderr } = run('--report');
    expect(code).toBe(2);
    expect(stderr).toContain('results.jsonl, line 1: ');
  });
});
