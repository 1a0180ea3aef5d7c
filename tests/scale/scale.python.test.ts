/**
 * The project of `headless export --scale`, in PyTorch, against `headless train`: ragged rows, rows without a rationale,
 * short ends of epochs. Losses agree within 1e-4 of each other over 40 steps, since sums of float32 in another order
 * differ in the seventh digit and grow with each update; within 1e-3 of the studio's, whose products are another library's.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchPlan } from '../../src/distill/batches.ts';
import { recipeSchema } from '../../src/distill/recipe.ts';
import { readArchive } from '../../src/export/run-archive.ts';
import type { MetricsPoint } from '../../src/distill/run-state.ts';
import { headless, projectRoot } from '../support/headless.ts';

const python = process.env['STILLROOM_PYTHON_SCALE'];
const folder = mkdtempSync(join(tmpdir(), 'stillroom-scale-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);

const recipe = {
  ...{ alpha: 0.3, steps: 40, batchSize: 4, accumulation: 2, learningRate: 2e-3, warmupSteps: 4, seed: 7 },
  ...{ weightDecay: 0.1, dropout: 0, maxInputTokens: 64, maxTargetTokens: 48, generationMaxTokens: 4 },
  ...{ evalEvery: 0, saveEvery: 20 },
};

/** Targets of very different lengths, some rows without a rationale, an epoch that ends with a short step. */
function raggedRows(): object[] {
  const sample = readFileSync(join(projectRoot, 'public/sample/train.jsonl'), 'utf8').split('\n');
  const rows = sample.slice(0, 59).map((line) => JSON.parse(line) as Record<string, string>);
  return rows.map((row, index) => {
    const clauses = row['rationale']!.split(', ');
    const label = index % 3 === 0 ? `${row['label']} and ${rows[(index * 7) % 59]!['label']}` : row['label'];
    const rationale = clauses.slice(0, 1 + (index % clauses.length)).join(', ');
    const without = index % 16 < 5 || index % 7 === 3;
    return { input: row['input'], label, ...(without ? {} : { rationale }) };
  });
}

const environment = {
  ...process.env,
  ...{ CUDA_VISIBLE_DEVICES: '', HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
  ...{ RAY_AUTH_MODE: 'disabled', RAY_USAGE_STATS_ENABLED: '0', RAY_DISABLE_IMPORT_WARNING: '1' },
};

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(program, args, { encoding: 'utf8', env: { ...environment, ...env }, cwd: folder });
}

/** PyTorch is in an environment that several share, and so is the program `torchrun`. */
const torchrun = ['-m', 'torch.distributed.run', '--standalone'];
const accelerate = ['-m', 'accelerate.commands.launch'];

function train(
  processes: number,
  out: string,
  args: readonly string[] = [],
  project = place('project'),
): void {
  const words = [join(project, 'train.py'), '--out', place(out), '--cpu', ...args];
  const ended =
    processes === 1
      ? run(python!, words)
      : run(python!, [...torchrun, '--nproc-per-node', String(processes), ...words]);
  expect(ended.status, ended.stderr).toBe(0);
}

function points(out: string): MetricsPoint[] {
  const lines = readFileSync(join(place(out), 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as MetricsPoint);
}

/** The largest relative difference of two runs' losses, over the steps that both have. */
function difference(one: string, other: string): number {
  const [ours, theirs] = [points(one), points(other)];
  const steps = Math.min(ours.length, theirs.length);
  expect(steps).toBeGreaterThan(7);
  return Math.max(
    ...ours.slice(0, steps).flatMap((our, index) => {
      const their = theirs[index]!;
      expect(their.tokens).toBe(our.tokens);
      expect(their.learningRate).toBeCloseTo(our.learningRate, 12);
      expect(their.rationaleLoss === null).toBe(our.rationaleLoss === null);
      return (['answerLoss', 'rationaleLoss'] as const).map((key) =>
        our[key] === null ? 0 : Math.abs(their[key]! / our[key] - 1),
      );
    }),
  );
}

const weights = (out: string): Buffer => readFileSync(join(place(out), 'model', 'model.safetensors'));

describe.skipIf(python === undefined)('a project for more machines', { timeout: 900_000 }, () => {
  beforeAll(() => {
    writeFileSync(
      place('rows.jsonl'),
      raggedRows()
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    );
    writeFileSync(place('recipe.json'), JSON.stringify(recipe));
    const inputs = ['--recipe', place('recipe.json'), '--train', place('rows.jsonl')];
    const made = headless(['export', '--scale', ...inputs, '--out', place('project')]);
    expect(made.code, made.stderr).toBe(0);
    const ours = headless(['train', ...inputs, '--engine', 'wasm', '--out', place('ours')]);
    expect(ours.code, ours.stderr).toBe(0);
    train(1, 'one');
    train(2, 'two');
  }, 900_000);

  it('has the studio’s shuffle and batches', () => {
    const cases = [
      { seed: 0, batchSize: 4, accumulation: 2, shuffle: true, rows: 59, step: 9 },
      { seed: 0xffff_ffff, batchSize: 3, accumulation: 1, shuffle: true, rows: 7, step: 6 },
      { seed: 5, batchSize: 16, accumulation: 3, shuffle: true, rows: 1003, step: 70 },
      { seed: 5, batchSize: 2, accumulation: 2, shuffle: false, rows: 5, step: 3 },
      { seed: 1, batchSize: 2, accumulation: 1, shuffle: true, rows: 1, step: 4 },
    ];
    const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from studio import Plan
print(json.dumps([Plan(c, c["rows"]).rows_of_step(c["step"]) for c in json.loads(sys.argv[2])]))`;
    const ended = run(python!, ['-c', program, place('project'), JSON.stringify(cases)]);
    expect(ended.status, ended.stderr).toBe(0);
    const expected = cases.map(({ rows, step, ...settings }) =>
      new BatchPlan(recipeSchema.parse(settings), rows).rowsOfStep(step).flat(),
    );
    expect(JSON.parse(ended.stdout)).toEqual(expected);
  });

  it('has the losses of headless train, on one process, on two and on four', () => {
    train(4, 'four');
    expect(points('one')).toHaveLength(40);
    expect(difference('one', 'two')).toBeLessThan(1e-4);
    expect(difference('one', 'four')).toBeLessThan(1e-4);
    for (const out of ['one', 'two', 'four']) expect(difference('ours', out)).toBeLessThan(1e-3);
    // The rows are such that a step without any rationale on one process is among them, and one with none at all.
    expect(points('one').some(({ tokens }) => tokens < 200)).toBe(true);
  });

  it('would have other losses with means of each process’s means', () => {
    cpSync(place('project'), place('naive'), { recursive: true });
    const file = join(place('naive'), 'train.py');
    const right = readFileSync(file, 'utf8');
    const naive = right.replace(
      'self.team.size * shares[task] * total / max(1.0, counts[task])',
      'shares[task] * total / max(1, int(tensors["labels"].ne(IGNORED).sum()))',
    );
    expect(naive).not.toBe(right);
    writeFileSync(file, naive);
    train(2, 'wrong', ['--until', '10'], place('naive'));
    // Ten times what the tests above allow.
    expect(difference('one', 'wrong')).toBeGreaterThan(1e-3);
  });

  it('resumes with two processes to the same bytes, and in shards', () => {
    train(2, 'resumed', ['--until', '20']);
    cpSync(place('resumed'), place('shards'), { recursive: true });
    train(2, 'resumed', ['--resume']);
    expect(weights('resumed').equals(weights('two'))).toBe(true);
    expect(difference('two', 'resumed')).toBe(0);
    train(2, 'shards', ['--resume', '--fsdp', '--until', '24']);
    train(2, 'shards', ['--resume', '--fsdp']);
    expect(points('shards')).toHaveLength(40);
    expect(difference('one', 'shards')).toBeLessThan(1e-4);
  });

  it('takes the same steps under Ray Train', () => {
    const words = ['--workers', '2', '--cpu', '--storage', place('ray'), '--', '--out', place('rayed')];
    const ended = run(python!, [join(place('project'), 'ray_train.py'), ...words, '--until', '8']);
    expect(ended.status, ended.stderr).toBe(0);
    expect(points('rayed')).toHaveLength(8);
    expect(difference('two', 'rayed')).toBe(0);
  });

  it('hands a run to the terminal and takes one from it', async () => {
    cpSync(place('project'), place('moved'), { recursive: true });
    train(1, 'moved/out', ['--until', '20']);
    // As the studio imports it: whole, and with what it goes on from.
    const { run, metrics, moments } = await readArchive(readFileSync(place('moved/out/run.zip')), 'run.zip');
    expect(run).toMatchObject({
      name: 'project on CPU',
      step: 20,
      trainRows: 59,
      engine: { engine: 'torch' },
    });
    expect([metrics.length, moments?.expAvgSq.size]).toEqual([20, moments?.expAvg.size]);
    const ended = headless(['train', '--resume', place('moved/out')]);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toContain('It began with torch on cpu (CPU)');
    expect(points('moved/out')).toHaveLength(40);
    expect(difference('ours', 'moved/out')).toBeLessThan(1e-3);

    await killedAfterCheckpoint('begun');
    const made = headless(['export', '--scale', '--run', place('begun'), '--out', place('taken')]);
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toContain('Go on from step 20');
    train(2, 'taken/out', ['--resume'], place('taken'));
    expect(points('taken/out')).toHaveLength(40);
    expect(difference('ours', 'taken/out')).toBeLessThan(1e-3);
  });

  it('ends at once where other processes were asked for than work together', () => {
    const words = [join(place('project'), 'train.py'), '--out', place('never'), '--cpu'];
    const alone = run(python!, words, { WORLD_SIZE: '2' });
    expect(alone.status).toBe(2);
    expect(alone.stderr).toContain('WORLD_SIZE says 2 processes');
    const launched = run(python!, [...accelerate, '--cpu', '--num_processes', '2', ...words]);
    expect(launched.status).not.toBe(0);
    expect(launched.stderr).toContain(
      'accelerate launch --num_processes says 2 processes, but 1 work together',
    );
    expect(existsSync(place('never'))).toBe(false);
  });
});

/** A run of the terminal that was killed once it had a checkpoint. */
async function killedAfterCheckpoint(out: string): Promise<void> {
  const inputs = ['--recipe', place('recipe.json'), '--train', place('rows.jsonl'), '--engine', 'wasm'];
  const child = spawn(process.execPath, ['scripts/headless.mjs', 'train', ...inputs, '--out', place(out)], {
    cwd: projectRoot,
    env: { ...process.env, INIT_CWD: projectRoot },
    detached: true,
    stdio: 'ignore',
  });
  const ended = once(child, 'close');
  while (!existsSync(join(place(out), 'checkpoint-20')) && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 5));
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
}
