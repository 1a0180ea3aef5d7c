/** What happens to runs in a terminal: the wrapper is ended, or two processes work on one folder. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, writeRecipe } from '../e2e/support.ts';
import { note } from './findings.ts';
import { expect, test } from './world.ts';

// Killed runs are compared with others: all have the same kernels, however busy the machine is.
const environment = { cwd: root, env: { ...process.env, INIT_CWD: root, STILLROOM_KERNELS: 'plain' } };

function headless(args: readonly string[]): { code: number | null; words: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/headless.mjs', ...args], {
    ...environment,
    encoding: 'utf8',
  });
  return { code: status, words: stdout + stderr };
}

const lines = (out: string): number => {
  const file = join(out, 'metrics.jsonl');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
};
const sha256 = (out: string): string =>
  createHash('sha256')
    .update(readFileSync(join(out, 'model', 'model.safetensors')))
    .digest('hex');
/** Enough that a second process starts while the first is still at work. */
const steps = 200;
const soon = () => new Promise((resolve) => setTimeout(resolve, 10));

test('terminal: the wrapper ended, and two processes on one folder', async () => {
  const recipe = writeRecipe(test.info().outputPath('run.json'), {
    steps,
    batchSize: 2,
    maxInputTokens: 48,
    maxTargetTokens: 16,
    saveEvery: 5,
    generationMaxTokens: 2,
  });
  const args = (out: string): string[] => [
    'train',
    '--recipe',
    recipe,
    '--engine',
    'wasm',
    '--test-rows',
    '1',
    '--out',
    out,
  ];
  const undisturbed = test.info().outputPath('undisturbed');
  const first = headless(args(undisturbed));
  expect(first.code, first.words).toBe(0);
  const begin = (out: string) =>
    spawn(process.execPath, ['scripts/headless.mjs', ...args(out)], { ...environment, stdio: 'ignore' });

  for (const [signal, what] of [
    ['SIGTERM', 'terminal: SIGTERM to the wrapper'],
    ['SIGKILL', 'terminal: SIGKILL of the wrapper'],
  ] as const) {
    for (let tries = 0; tries < 5; tries += 1) {
      const out = test.info().outputPath(`${signal}-${tries}`);
      const child = begin(out);
      const end = once(child, 'exit');
      while (lines(out) < 3 + 6 * tries) await soon();
      child.kill(signal);
      const [code] = (await end) as [number | null];
      expect(code).toBe(signal === 'SIGTERM' ? 143 : null);
      // The program may outlive its wrapper by a step and a checkpoint.
      while (existsSync(join(out, 'job.lock'))) await soon();
      const taken = lines(out);
      const resumed = headless(['train', '--resume', out]);
      expect(resumed.code, resumed.words).toBe(0);
      const from = Number(/Resumes from step (\d+)/.exec(resumed.words)?.[1] ?? 0);
      expect(sha256(out)).toBe(sha256(undisturbed));
      expect(lines(out)).toBe(steps);
      note({ fault: what, lostSteps: taken - from, secondsToTraining: null });
      rmSync(out, { recursive: true });
    }
  }

  for (let tries = 0; tries < 5; tries += 1) {
    const out = test.info().outputPath(`two-${tries}`);
    const child = begin(out);
    const end = once(child, 'exit');
    while (lines(out) < 2) await soon();
    const second = headless(['train', '--resume', out]);
    expect(second.code).toBe(2);
    expect(second.words).toContain('job.lock');
    expect(((await end) as [number | null])[0]).toBe(0);
    expect(sha256(out)).toBe(sha256(undisturbed));
    note({
      fault: 'terminal: a second process on one folder is refused',
      lostSteps: 0,
      secondsToTraining: null,
    });
    rmSync(out, { recursive: true });
  }
});
