import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetricsPoint } from '../../src/distill/run-state.ts';
import { headless, projectRoot } from '../support/headless.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillroom-resume-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const recipe = join(folder, 'recipe.json');
writeFileSync(
  recipe,
  JSON.stringify({
    steps: 30,
    batchSize: 4,
    accumulation: 2,
    learningRate: 1e-3,
    warmupSteps: 4,
    seed: 3,
    generationMaxTokens: 4,
    maxInputTokens: 64,
    maxTargetTokens: 32,
    evalEvery: 10,
    saveEvery: 4,
  }),
);
const args = (out: string): string[] => [
  'train',
  '--recipe',
  recipe,
  '--engine',
  'wasm',
  '--test-rows',
  '2',
  '--out',
  out,
];

/** The bundled student with other weights. */
const smallerStudent = join(folder, 'reduced');

const lines = (out: string): string[] => {
  const file = join(out, 'metrics.jsonl');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
};
/** All but the time that was spent. */
const numbers = (out: string): Omit<MetricsPoint, 'elapsedMs'>[] =>
  lines(out).map((line) => {
    const { elapsedMs: _, ...rest } = JSON.parse(line) as MetricsPoint;
    return rest;
  });
const sha256 = (out: string): string =>
  createHash('sha256')
    .update(readFileSync(join(out, 'model', 'model.safetensors')))
    .digest('hex');
const checkpoints = (out: string): number[] =>
  readdirSync(out)
    .flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.slice(1) ?? [])
    .map(Number)
    .sort((a, b) => a - b);

/** Kills the program and all that it started, at once, when so many steps are written down. */
async function killedAt(out: string, steps: number, more: readonly string[] = []): Promise<void> {
  const child = spawn(process.execPath, ['scripts/headless.mjs', ...args(out), ...more], {
    cwd: projectRoot,
    env: { ...process.env, INIT_CWD: projectRoot },
    detached: true,
    stdio: 'ignore',
  });
  const ended = once(child, 'close');
  while (lines(out).length < steps) await new Promise((resolve) => setTimeout(resolve, 10));
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
}

describe.skipIf(process.platform === 'win32')('headless train --resume', () => {
  const undisturbed = join(folder, 'undisturbed');
  const killed = join(folder, 'killed');
  beforeAll(async () => {
    const { code, stderr } = headless(args(undisturbed));
    expect(code, stderr).toBe(0);
    await killedAt(killed, 18);
    const student = ['--student', 'public/students/nano', '--encoder-layers', '1', '--out', smallerStudent];
    expect(headless(['reduce', ...student]).code).toBe(0);
  });

  function expectAsUndisturbed(out: string): void {
    expect(numbers(out)).toEqual(numbers(undisturbed));
    expect(sha256(out)).toBe(sha256(undisturbed));
    const predictions = (of: string) => readFileSync(join(of, 'predictions.jsonl'), 'utf8');
    expect(predictions(out)).toBe(predictions(undisturbed));
  }

  it('keeps the two newest checkpoints of a killed run, and ends with the bytes of one that was not', () => {
    const out = join(folder, 'again');
    cpSync(killed, out, { recursive: true });
    const [before, newest] = checkpoints(out);
    expect([before! + 4, newest! >= 16]).toEqual([newest, true]);
    // As a machine that lost its power would leave them.
    appendFileSync(join(out, 'metrics.jsonl'), '{"step":19,"learn');
    cpSync(join(out, `checkpoint-${newest}`), join(out, 'checkpoint-20.tmp'), { recursive: true });
    const { code, stdout, stderr } = headless(['train', '--resume', out]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`Resumes from step ${newest} of 30.`);
    expectAsUndisturbed(out);
    expect(readdirSync(out).filter((name) => /checkpoint|tmp/.test(name))).toEqual([]);
    expect(headless(['train', '--resume', out])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/all 30 steps of this run are taken/) as string,
    });
  });

  it.each<[string, object]>([
    ['adapters', { lora: { rank: 4, alpha: 8, dropout: 0.1, targets: ['q', 'v'] } }],
    ['Adafactor', { optimizer: 'adafactor' }],
  ])('ends a killed run with %s with the bytes of one that was not', async (name, changes) => {
    const file = join(folder, `${name}.json`);
    const keys = JSON.parse(readFileSync(recipe, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...keys, steps: 10, evalEvery: 0, saveEvery: 3, ...changes }));
    const [whole, ended] = [join(folder, `${name}-whole`), join(folder, `${name}-killed`)];
    const undone = headless([...args(whole), '--recipe', file]);
    expect(undone.code, undone.stderr).toBe(0);
    await killedAt(ended, 5, ['--recipe', file]);
    const newest = checkpoints(ended).at(-1)!;
    expect(newest).toBeLessThan(10);
    const { code, stdout, stderr } = headless(['train', '--resume', ended]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`Resumes from step ${newest} of 10.`);
    expect(numbers(ended)).toEqual(numbers(whole));
    expect(sha256(ended)).toBe(sha256(whole));
  });

  it('uses the one before where the newest is damaged', () => {
    const out = join(folder, 'damaged');
    cpSync(killed, out, { recursive: true });
    const [before, newest] = checkpoints(out);
    const file = join(out, `checkpoint-${newest}`, 'optimizer.safetensors');
    truncateSync(file, readFileSync(file).length - 4);
    const { code, stdout, stderr } = headless(['train', '--resume', out]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(new RegExp(`checkpoint of step ${newest} is damaged: optimizer.safetensors has`));
    expect(stdout).toContain(`Resumes from step ${before} of 30.`);
    expectAsUndisturbed(out);
  });

  it('begins again where that is asked for alone, and refuses other rows', () => {
    const out = join(folder, 'none');
    cpSync(killed, out, { recursive: true });
    for (const step of checkpoints(out)) rmSync(join(out, `checkpoint-${step}`), { recursive: true });
    const other = headless(['train', '--resume', out, '--train', 'public/sample/test.jsonl']);
    expect(other.stderr).toMatch(/the training rows \(test\.jsonl\) are not those that it began with/);
    expect(other.code).toBe(2);
    const gone = headless(['train', '--resume', out]);
    expect(gone.stderr).toMatch(/There is no checkpoint in it; its curve up to step \d+ is still there/);
    expect(gone.code).toBe(1);
    expect(lines(out)).toEqual(lines(killed));
    const { code, stdout, stderr } = headless(['train', '--resume', out, '--from-start']);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('it begins again with step 1');
    expectAsUndisturbed(out);
  });

  it.each<[string, (out: string) => readonly string[], RegExp]>([
    [
      'another student',
      () => ['--student', smallerStudent],
      /the student is not the one that it began with.*--student/s,
    ],
    [
      'other test rows',
      () => ['--train', 'public/sample/train.jsonl', '--test', 'public/sample/train.jsonl'],
      /the test rows are not those/,
    ],
    [
      'a recipe that was changed',
      (out) => {
        const file = join(out, 'run.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"steps": 30', '"steps": 10'));
        return [];
      },
      /the recipe in run\.json is not the one that it began with/,
    ],
  ])('refuses %s, and changes nothing', (name, change, words) => {
    const out = join(folder, name.replaceAll(' ', '-'));
    cpSync(killed, out, { recursive: true });
    const { code, stderr } = headless(['train', '--resume', out, ...change(out)]);
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
    expect(checkpoints(out)).toEqual(checkpoints(killed));
    expect(lines(out)).toEqual(lines(killed));
  });

  it.each<[string, NodeJS.Signals | 'pipe', number | null]>([
    ['SIGTERM', 'SIGTERM', 143],
    ['a closed terminal', 'SIGHUP', 129],
    ['a closed pipe', 'pipe', 141],
    // The wrapper itself cannot say anything; the program that it started sees that it is gone.
    ['the end of its wrapper', 'SIGKILL', null],
  ])('saves at %s, and resumes to the bytes of a run that was not ended', async (name, how, expected) => {
    const out = join(folder, name.replaceAll(' ', '-'));
    const child = spawn(process.execPath, ['scripts/headless.mjs', ...args(out)], {
      cwd: projectRoot,
      env: { ...process.env, INIT_CWD: projectRoot },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.resume();
    const ended = once(child, 'exit');
    if (how !== 'pipe') child.stdout.resume();
    while (lines(out).length < 6) await new Promise((resolve) => setTimeout(resolve, 10));
    if (how === 'pipe') child.stdout.destroy();
    else child.kill(how);
    const [code] = (await ended) as [number | null];
    expect(code).toBe(expected);
    // The program may outlive its wrapper by a step and a checkpoint.
    while (existsSync(join(out, 'job.lock'))) await new Promise((resolve) => setTimeout(resolve, 10));
    const step = lines(out).length;
    expect([step < 30, checkpoints(out).at(-1)]).toEqual([true, step]);
    const resumed = headless(['train', '--resume', out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stdout).toContain(`Resumes from step ${step} of 30.`);
    expectAsUndisturbed(out);
  });

  it('measures an accuracy that a kill cut off, and none twice', async () => {
    const out = join(folder, 'unmeasured');
    const every = join(folder, 'every.json');
    const keys = {
      ...(JSON.parse(readFileSync(recipe, 'utf8')) as object),
      steps: 8,
      evalEvery: 1,
      saveEvery: 1,
    };
    writeFileSync(every, JSON.stringify(keys));
    await killedAt(out, 3, ['--recipe', every]);
    const file = join(out, 'evaluations.jsonl');
    const steps = () => measured().map((line) => (JSON.parse(line) as { step: number }).step);
    const measured = (): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
    // As a kill in the middle of the newest checkpoint's measurement leaves it.
    const newest = checkpoints(out).at(-1)!;
    writeFileSync(
      file,
      measured()
        .slice(0, newest - 1)
        .map((line) => `${line}\n`)
        .join(''),
    );
    expect(steps().includes(newest)).toBe(false);
    const { code, stderr } = headless(['train', '--resume', out]);
    expect(code, stderr).toBe(0);
    expect(steps()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
