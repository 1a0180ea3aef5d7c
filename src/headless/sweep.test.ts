/** `headless sweep` on a very small student: what it estimates, trains, keeps, says, and trains again. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { reportError } from '../base/errors.ts';
import { expectedParameters } from '../student/parameters.ts';
import { parseT5Config } from '../student/config.ts';
import { tinyConfig, tinyFolder } from '../student/testing/tiny-student.ts';
import type { Result } from '../experiment/ledger.ts';
import { plannedRuns, parseSpec } from '../experiment/spec.ts';
import { estimateSweep } from './sweep-estimate.ts';
import { sweep } from './sweep.ts';
import { sweepWorker, type SweepRun } from './sweep-worker.ts';
import { openInputs } from './train-inputs.ts';

type Train = (job: unknown, tell: (share: number) => void) => Promise<unknown>;
/** What a process of the pool does with a job; sweep.gpu.test.ts has real processes. */
const pool = vi.hoisted(() => ({
  train: null as Train | null,
  jobs: [] as unknown[],
  shares: [] as number[],
  processes: 0,
}));
vi.mock('./run-pool.ts', () => ({
  serveJobs: (train: Train) => {
    pool.train = train;
    return new Promise(() => undefined);
  },
  withProcesses: ({ processes }: { processes: number }, work: (lanes: unknown[]) => unknown) => {
    pool.processes = processes;
    return work(
      Array.from({ length: processes }, () => async (job: unknown, tell: (share: number) => void) => {
        pool.jobs.push(job);
        try {
          const outcome = await pool.train!(job, (share) => {
            pool.shares.push(share);
            tell(share);
          });
          return { kind: 'ended', outcome };
        } catch (error) {
          return { kind: 'failed', error: reportError(error) };
        }
      }),
    );
  },
}));
void sweepWorker();

/** What a step and an answer take, where it is not measured. */
const made = vi.hoisted(() => ({ stepMs: [] as number[], rowMs: 100, timed: 0 }));
vi.mock(import('../jobs/rehearse.ts'), async (original) => {
  const actual = await original();
  return {
    ...actual,
    rehearseRun: (...of) => {
      made.timed += 1;
      const stepMs = made.stepMs.shift();
      if (stepMs === undefined) return actual.rehearseRun(...of);
      return Promise.resolve({ stepMs, rowMs: made.rowMs } as Awaited<ReturnType<typeof actual.rehearseRun>>);
    },
  };
});

let folder = '';
let said: string[] = [];
let complaints: string[] = [];
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-sweep-'));
  [said, complaints] = [[], []];
  [pool.jobs, pool.shares] = [[], []];
  mkdirSync(at('student'));
  for (const [name, bytes] of tinyFolder()) writeFileSync(at('student', name), bytes);
  rows('train.jsonl', ['aa', 'bb', 'cc', 'dd']);
  rows('test.jsonl', ['ee', 'ff']);
  const print = (text: unknown): boolean => said.push(String(text).trimEnd()) > 0;
  vi.spyOn(process.stdout, 'write').mockImplementation(print);
  vi.spyOn(console, 'log').mockImplementation(print);
  vi.spyOn(console, 'error').mockImplementation((text: unknown) => void complaints.push(String(text)));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
});

function rows(name: string, inputs: readonly string[]): void {
  const lines = inputs.map((input) => ({ input, label: 'ab', rationale: `${input} c`, teacherLabel: 'ab' }));
  writeFileSync(at(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
const small = {
  student: 'student',
  train: 'train.jsonl',
  test: 'test.jsonl',
  recipe: { steps: 2, batchSize: 2, evalEvery: 0, saveEvery: 0, generationMaxTokens: 3 },
  vary: { method: ['standard', 'step-by-step'], fraction: [0.5, 1] },
};
const run = (spec: object, ...more: string[]): Promise<void> => {
  writeFileSync(at('sweep.json'), JSON.stringify(spec));
  return sweep(['--spec', at('sweep.json'), '--out', at('out'), ...more]);
};
const results = (): Result[] =>
  readFileSync(at('out', 'results.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Result);
const summary = (name: string) => JSON.parse(readFileSync(at('out', name, 'summary.json'), 'utf8')) as object;

it('trains every run into a folder of its own, keeps a line of each, and says what it takes and how it goes', async () => {
  await run(small, '--jobs', '2');
  expect(said.slice(0, 3)).toEqual([
    'train: 4 rows, teacher right on 100.00 %',
    'test: 2 rows, teacher right on 100.00 %',
    '4 runs.',
  ]);
  expect(said[3]).toMatch(/^To train: 4 runs, 2 at a time: about .* by measured steps, and .* in .*out\.$/);
  expect(said.filter((line) => /^\d of 4.* · method .*: 0\.00 %$/.test(line))).toHaveLength(4);
  expect(said.at(-1)).toBe(`Results and tables are in ${at('out')}.`);
  expect(complaints).toEqual([]);
  expect(pool.processes).toBe(2);
  // A step of two and the comparison are three parts.
  expect(new Set(pool.shares)).toEqual(new Set([1 / 3, 2 / 3]));
  expect(results().map(({ varied, accuracy }) => [varied, accuracy.distilled.total])).toHaveLength(4);
  for (const { run: name, varied, accuracy } of results()) {
    expect(summary(name)).toMatchObject({
      accuracy,
      trainRows: varied['fraction'] === 1 ? 4 : 2,
      testRows: 2,
      steps: 2,
    });
    expect(JSON.parse(readFileSync(at('out', name, 'job.json'), 'utf8'))).toMatchObject({
      student: at('student'),
      train: at('train.jsonl'),
      trainRationales: null,
      test: at('test.jsonl'),
      engine: 'wasm',
      backend: null,
      testRows: null,
      precision: 'f32',
    });
  }
  expect(readdirSync(at('out'))).toEqual(
    expect.arrayContaining(['table.md', 'table.csv', 'table.tex', 'experiment.json']),
  );

  // What has ended is not trained again, and a list may grow.
  [said, pool.jobs] = [[], []];
  await run({ ...small, vary: { ...small.vary, fraction: [0.5, 1, 0.75] } }, '--jobs', '8');
  expect(said).toContain('6 runs, 4 of them there already.');
  expect(pool.processes).toBe(2);
  expect((pool.jobs as SweepRun[]).map(({ fraction }) => fraction)).toEqual([0.75, 0.75]);
  expect(results()).toHaveLength(6);
  [said, pool.jobs] = [[], []];
  await run({ ...small, vary: { ...small.vary, fraction: [0.5, 1, 0.75] } });
  expect(said).toContain('6 runs, 6 of them there already.');
  expect(pool.jobs).toEqual([]);
  expect(said.at(-1)).toContain('Results and tables are in');
});

it('with --report trains nothing', async () => {
  await run(small, '--report');
  expect(said).toContain('0 of 4 runs are there.');
  expect(pool.jobs).toEqual([]);
  expect(existsSync(at('out', 'table.md'))).toBe(true);
  expect(existsSync(at('out', 'results.jsonl'))).toBe(false);
});

it('says of one run that it is one, and keeps those that ended where others fail', async () => {
  await run({ ...small, vary: {} }, '--jobs', '3');
  expect(said.join('\n')).toMatch(/^1 runs\.\nTo train: 1 run: about/m);
  rmSync(at('out'), { recursive: true });
  const train = pool.train!;
  pool.train = (job, tell) =>
    (job as SweepRun).recipe.method === 'standard' ? Promise.reject(new Error('torn')) : train(job, tell);
  try {
    await expect(run({ ...small, vary: { method: small.vary.method } }, '--jobs', '1')).rejects.toThrow(
      '1 of 2 runs failed; the lines above say why.',
    );
  } finally {
    pool.train = train;
  }
  expect(said.join('\n')).toMatch(/To train: 2 runs, one after the other: about/);
  expect(said.join('\n')).toMatch(/1 of 2.* · method standard: it failed\./);
  expect(complaints.join('\n')).toMatch(/^method standard: .*torn/m);
  expect(results()).toHaveLength(1);
});

it('resumes a run of which a checkpoint is whole, and begins one again whose rows are others', async () => {
  const one = { ...small, recipe: { ...small.recipe, steps: 4, saveEvery: 2 }, vary: {} };
  await run(one, '--jobs', '1');
  const [{ run: name }] = results() as [Result];
  const whole = readFileSync(at('out', name, 'model', 'model.safetensors'));
  // As a run that was killed after step 2 leaves its folder.
  const job = pool.jobs[0] as SweepRun;
  const broken = { ...job, out: at('other') };
  const stop = new Error('killed');
  await expect(
    pool.train!(broken, (share) => {
      if (share > 3 / 5) throw stop;
    }),
  ).rejects.toThrow('killed');
  expect(readdirSync(at('other'))).toContain('checkpoint-2');
  pool.shares = [];
  await pool.train!(broken, (share) => pool.shares.push(share));
  expect(pool.shares).toEqual([3 / 5, 4 / 5]);
  expect(readFileSync(at('other', 'model', 'model.safetensors')).equals(whole)).toBe(true);

  rows('others.jsonl', ['aa', 'bb', 'cc', 'ee']);
  const others = { ...job, files: { ...job.files, train: [at('others.jsonl')] }, out: at('other') };
  pool.shares = [];
  await pool.train!(others, (share) => pool.shares.push(share));
  expect(pool.shares).toEqual([1 / 5, 2 / 5, 3 / 5, 4 / 5]);
});

/** A run that was killed after step 3, in the folder that a sweep would have given it. */
async function killedRun(spec: object): Promise<{ again: SweepRun; name: string }> {
  await run(spec, '--jobs', '1');
  const [{ run: name }] = results() as [Result];
  const again = pool.jobs[0] as SweepRun;
  rmSync(at('out', name), { recursive: true });
  writeFileSync(at('out', 'results.jsonl'), '');
  await expect(
    pool.train!(again, (share) => {
      if (share > 3 / 5) throw new Error('killed');
    }),
  ).rejects.toThrow('killed');
  return { again, name };
}
const four = { ...small, recipe: { ...small.recipe, steps: 4, saveEvery: 2 }, vary: {} };

it.each<[string, (folder: string) => void]>([
  ['damaged', (run) => writeFileSync(join(run, 'checkpoint-2', 'model.safetensors'), 'x')],
  [
    'gone',
    (run) =>
      readdirSync(run)
        .filter((name) => name.startsWith('checkpoint-'))
        .forEach((name) => rmSync(join(run, name), { recursive: true })),
  ],
  ['without their curve', (run) => writeFileSync(join(run, 'metrics.jsonl'), '')],
  ['without the file of the curve', (run) => rmSync(join(run, 'metrics.jsonl'))],
  ['without what they were made of', (run) => writeFileSync(join(run, 'job.json'), '{}')],
])('keeps a run whose checkpoints are %s, and begins it again with --from-start alone', async (_, harm) => {
  const { name } = await killedRun(four);
  rmSync(at('out', name, 'checkpoint-0'), { recursive: true, force: true });
  harm(at('out', name));
  const tree = () => readdirSync(at('out', name), { recursive: true }).toSorted();
  const before = tree();
  [pool.jobs, pool.shares, complaints] = [[], [], []];
  await expect(run(four, '--jobs', '1')).rejects.toThrow('1 of 1 runs failed');
  expect(complaints.join('\n')).toContain(
    'begin this run again with step 1: the same command with --from-start.',
  );
  expect([pool.shares, tree()]).toEqual([[], before]);
  await run(four, '--jobs', '1', '--from-start');
  expect(pool.shares).toEqual([1 / 5, 2 / 5, 3 / 5, 4 / 5]);
  expect(results()).toHaveLength(1);
});

it('with --from-start resumes a run of which a checkpoint is whole', async () => {
  await killedRun(four);
  pool.shares = [];
  await run(four, '--jobs', '1', '--from-start');
  expect(pool.shares).toEqual([3 / 5, 4 / 5]);
});

it('begins a run that was torn before its first step, and trains none again that has its result', async () => {
  const { name, again } = await killedRun(four);
  for (const one of readdirSync(at('out', name)))
    if (one !== 'job.json') rmSync(at('out', name, one), { recursive: true });
  pool.shares = [];
  await run(four, '--jobs', '1');
  expect(pool.shares).toHaveLength(4);
  // The sweep was ended before it kept what the run had ended with.
  const [kept] = results();
  writeFileSync(at('out', 'results.jsonl'), '');
  pool.shares = [];
  await run(four, '--jobs', '1');
  expect([pool.shares, results()]).toEqual([[], [kept]]);
  writeFileSync(join(again.out, 'summary.json'), '{"accuracy":');
  await expect(pool.train!(again, () => undefined)).rejects.toThrow('with --from-start');
});

it.each([
  [['--out', 'x'], 'sweep needs a spec.'],
  [['--spec', 'x'], 'sweep needs a folder for its results.'],
  [['--spec', 'x', '--out='], 'sweep needs a folder for its results.'],
  [['--spec', 'x', '--out', 'y', '--jobs', '0'], '--jobs 0 is not a whole number from 1.'],
])('%o is refused', async (args, words) => {
  await expect(sweep(args)).rejects.toThrow(words);
});

it('needs test rows, and rationales where a run learns from them', async () => {
  await expect(run({ ...small, test: undefined })).rejects.toThrow('There are no test rows');
  writeFileSync(at('train.jsonl'), '{"input":"aa","label":"ab"}\n');
  await expect(run(small)).rejects.toThrow(/rationale/);
  expect(existsSync(at('out', 'results.jsonl'))).toBe(false);
});

it('estimates what runs take: steps, answers, and room for models and checkpoints', async () => {
  const planned = (spec: object) => plannedRuns(parseSpec(JSON.stringify(spec), 'sweep.json'), 'sweep.json');
  const runs = planned(small);
  const inputs = await openInputs(
    { student: at('student'), train: at('train.jsonl'), test: at('test.jsonl') },
    runs[0]!.recipe,
  );
  const signal = new AbortController().signal;
  const estimate = (await estimateSweep(runs, () => inputs, 2, signal))!;
  const times = [...estimate.runMs.values()];
  expect(times.every((ms) => ms > 0)).toBe(true);
  // Runs of one kind take the same; a method with rationales asks for these too.
  expect(times[0]).toBe(times[1]);
  expect(times[2]).toBe(times[3]);
  const sum = times.reduce((all, ms) => all + ms, 0);
  expect(estimate.totalMs).toBe(Math.max(Math.max(...times), sum / 2));
  const alone = (await estimateSweep(runs.slice(0, 1), () => inputs, 2, signal))!;
  expect(alone.totalMs).toBe([...alone.runMs.values()][0]);

  const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
  const modelBytes =
    4 *
    expectedParameters(config).reduce(
      (all, { shape }) => all + shape.reduce((size, one) => size * one, 1),
      0,
    );
  const texts = Object.values(inputs.student.tokenizerFiles).reduce((all, text) => all + text.length, 0);
  const testBytes = 2 * (2 * (2 + 2) + 200);
  // Three checkpoints of weights and two moments for each of two processes.
  expect(estimate.diskBytes).toBe(4 * (modelBytes + texts + 2 * 200 + testBytes) + 2 * 9 * modelBytes);

  // Two rows are answered by both students, and with rationales by the trained one; each evaluation asks once more.
  const msOf = async (spec: object, stepMs: number[]): Promise<number[]> => {
    [made.stepMs, made.timed] = [stepMs, 0];
    return [...(await estimateSweep(planned(spec), () => inputs, 1, signal))!.runMs.values()];
  };
  expect(await msOf(small, [10, 20])).toEqual([420, 420, 640, 640]);
  expect(made.timed).toBe(2);
  const measured = { ...small, recipe: { ...small.recipe, steps: 5, evalEvery: 2 }, vary: {} };
  expect(await msOf(measured, [10])).toEqual([5 * 10 + 2 * (2 + 3) * 100]);
  // Of more kinds than six the others are given the mean.
  const kinds = { ...small, vary: { batchSize: [1, 2, 3, 4, 5, 6, 7] } };
  expect(await msOf(kinds, [1, 2, 3, 4, 5, 9])).toEqual([1, 2, 3, 4, 5, 9, 4].map((ms) => 2 * ms + 600));
  expect(made.timed).toBe(6);

  const stopped = new AbortController();
  stopped.abort();
  expect(await estimateSweep(runs, () => inputs, 2, stopped.signal)).toBeNull();
});
