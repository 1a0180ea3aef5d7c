/**
 * The project of `headless export --scale`, in PyTorch, against `headless train`: ragged rows, rows without a rationale,
 * short ends of epochs. Losses agree within 1e-4 of each other over 40 steps, since sums of float32 in another order
 * differ in the seventh digit and grow with each update; within 1e-3 of the studio's, whose products are another library's.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RandomSequence } from '../../src/base/random.ts';
import { equationValue } from '../../src/data/equation.ts';
import { chooseMetric } from '../../src/data/metrics/metrics.ts';
import { numberValue } from '../../src/data/number-value.ts';
import { BatchPlan } from '../../src/distill/batches.ts';
import { recipeSchema } from '../../src/distill/recipe.ts';
import { hasStalled, takenStep } from '../../src/distill/selection.ts';
import { pythonRecipe } from '../../src/export/python-recipe.ts';
import { readArchive } from '../../src/export/run-archive.ts';
import type { Evaluation, MetricsPoint } from '../../src/distill/run-state.ts';
import { floatsOf } from '../../src/distill/checkpoint.ts';
import { expectCloseInNorm } from '../support/closeness.ts';
import { headless, projectRoot } from '../support/headless.ts';

const python = process.env['STILLROOM_PYTHON_SCALE'];
const folder = mkdtempSync(join(tmpdir(), 'stillroom-scale-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);

const recipe = {
  alpha: 0.3,
  steps: 40,
  batchSize: 4,
  accumulation: 2,
  learningRate: 2e-3,
  warmupSteps: 4,
  seed: 7,
  weightDecay: 0.1,
  dropout: 0,
  maxInputTokens: 64,
  maxTargetTokens: 48,
  generationMaxTokens: 4,
  evalEvery: 0,
  saveEvery: 20,
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
  CUDA_VISIBLE_DEVICES: '',
  HF_HUB_OFFLINE: '1',
  OMP_NUM_THREADS: '1',
  PYTHONDONTWRITEBYTECODE: '1',
  RAY_AUTH_MODE: 'disabled',
  RAY_USAGE_STATS_ENABLED: '0',
  RAY_DISABLE_IMPORT_WARNING: '1',
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

/** A project with other settings, shorter than the first, with validation and test rows. */
function other(name: string, settings: object): { inputs: string[]; out: string } {
  const some = raggedRows().slice(0, 21);
  writeFileSync(place('few.jsonl'), some.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const file = place(`${name}.json`);
  writeFileSync(file, JSON.stringify({ ...recipe, steps: 16, saveEvery: 8, evalEvery: 4, ...settings }));
  const rows = [
    '--train',
    place('rows.jsonl'),
    '--validation',
    place('few.jsonl'),
    '--test',
    place('few.jsonl'),
  ];
  const inputs = ['--recipe', file, ...rows];
  const made = headless(['export', '--scale', ...inputs, '--out', place(name)]);
  expect(made.code, made.stderr).toBe(0);
  return { inputs: [...inputs, '--engine', 'wasm'], out: `${name}/out` };
}

/** The same measurements but for rounding, and the same step taken for them. */
function expectSameEvaluations(one: string, other: string): void {
  const read = (out: string): Evaluation[] =>
    readFileSync(join(place(out), 'evaluations.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Evaluation);
  const [ours, theirs] = [read(one), read(other)];
  expect(theirs.map(({ step, total, split }) => ({ step, total, split }))).toEqual(
    ours.map(({ step, total, split }) => ({ step, total, split })),
  );
  ours.forEach((our, index) => {
    for (const key of ['answerLoss', 'rationaleLoss', 'loss'] as const)
      expect(Math.abs(theirs[index]![key]! / our[key]! - 1)).toBeLessThan(1e-3);
  });
  const end = (out: string) => {
    const { takenStep, steps, early, accuracy } = JSON.parse(
      readFileSync(join(place(out), 'summary.json'), 'utf8'),
    ) as Record<string, unknown> & { accuracy: { distilled: unknown } };
    return { takenStep, steps, early, right: accuracy.distilled };
  };
  expect(end(other)).toEqual(end(one));
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

  it('judges answers and measurements as the studio does', () => {
    const texts = [
      '12',
      '$1,200.00',
      '1.200,50',
      '-3',
      '50%',
      '7.',
      '1,20',
      '.5',
      '1 000',
      '12 apples',
      '',
      '٣',
    ];
    const sums = [
      '( 10.0 - ( 6.0 + 3.0 ) )',
      '1/0',
      '2*-3',
      '(1',
      '1 2',
      '-(4)',
      'x',
      '1/3+2',
      '',
      '9e9',
      '٣+1',
    ];
    const lists = [['(1 + 2)', '( 4 * 5 )'], ['1', '2', 'three'], ['1,000', '7'], ['yes', 'no'], []];
    // Accuracies with ties, and losses that sometimes decide.
    const random = new RandomSequence(3);
    const runs = Array.from({ length: 60 }, (_, index) =>
      Array.from({ length: 1 + random.nextInt(7) }, (_, at) => ({
        step: 4 * (at + 1),
        correct: random.nextInt(3),
        total: 2,
        ...(index % 2 === 0 ? {} : { loss: random.nextInt(3) }),
      })),
    );
    const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from judging import *
texts, sums, lists, runs = json.loads(sys.argv[2])
takes = ["last", "best", "6"]
print(json.dumps([
    [number_value(text) for text in texts],
    [equation_value(text) for text in sums],
    [metric_of(labels) for labels in lists],
    [[is_right("number", "1200", "$1,200"), is_right("equation", "3", "(1 + 2)"), is_right("number", "a", "a")]],
    [[has_stalled(run, patience) for patience in (0, 1, 2)] for run in runs],
    [[taken_step({"take": take}, run, 30) for take in takes] for run in runs],
]))`;
    const ended = run(python!, ['-c', program, place('project'), JSON.stringify([texts, sums, lists, runs])]);
    expect(ended.status, ended.stderr).toBe(0);
    const labelled = (labels: string[]) => labels.map((label) => ({ label }));
    expect(JSON.parse(ended.stdout)).toEqual([
      texts.map((text) => numberValue(text)),
      sums.map((text) => equationValue(text)),
      lists.map((labels) => chooseMetric(labelled(labels)).metric),
      [[true, true, true]],
      runs.map((one) => [0, 1, 2].map((patience) => hasStalled(one, patience))),
      runs.map((one) => ['last', 'best', '6'].map((take) => takenStep({ take }, one, 30))),
    ]);
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

  it('resumes with two processes to the same bytes, and in shards; begins no run over one that is there unasked', () => {
    train(2, 'resumed', ['--until', '20']);
    const again = run(python!, [join(place('project'), 'train.py'), '--out', place('resumed'), '--cpu']);
    expect(again.status).toBe(2);
    expect(again.stderr).toMatch(
      /holds a run, which a new one would replace\. Resume it with --resume.*--force/,
    );
    expect(points('resumed')).toHaveLength(20);
    cpSync(place('resumed'), place('shards'), { recursive: true });
    train(2, 'resumed', ['--resume']);
    expect(weights('resumed').equals(weights('two'))).toBe(true);
    expect(difference('two', 'resumed')).toBe(0);
    train(2, 'shards', ['--resume', '--fsdp']);
    expect(points('shards')).toHaveLength(40);
    expect(difference('one', 'shards')).toBeLessThan(1e-4);
  });

  it('takes the same steps under Ray Train, and answers rows with Ray Data', () => {
    const asked = raggedRows().slice(0, 12) as { input: string }[];
    writeFileSync(
      place('questions.jsonl'),
      asked.map((row, index) => `${JSON.stringify({ ...row, index })}\n`).join(''),
    );
    const program = (name: string): string => join(place('project'), name);
    const jobs = [
      [
        program('ray_train.py'),
        '--workers',
        '2',
        '--cpu',
        '--storage',
        place('ray'),
        '--',
        '--out',
        place('rayed'),
        '--until',
        '8',
      ],
      [
        program('answer_rows.py'),
        '--model',
        place('one/model'),
        '--data',
        place('questions.jsonl'),
        '--out',
        place('answered'),
        '--cpu',
        '--actors',
        '2',
        '--blocks',
        '3',
        '--batch',
        '4',
      ],
    ];
    const ended = run(python!, [join(projectRoot, 'tests/scale/ray_jobs.py'), JSON.stringify(jobs)]);
    expect(ended.status, ended.stderr).toBe(0);
    expect(points('rayed')).toHaveLength(8);
    expect(difference('two', 'rayed')).toBe(0);

    const blocks = readdirSync(place('answered'));
    expect(blocks.length).toBeGreaterThan(1);
    const rows = blocks
      .flatMap((block) =>
        readFileSync(join(place('answered'), block), 'utf8')
          .trimEnd()
          .split('\n'),
      )
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .toSorted((a, b) => Number(a['index']) - Number(b['index']));
    expect(rows.map(({ input }) => input)).toEqual(asked.map(({ input }) => input));
    for (const [column, prefix] of [
      ['teacherLabel', 'predict: '],
      ['rationale', 'explain: '],
    ] as const) {
      const options = ['--prefix', prefix, '--max-tokens', '4', '--max-input-tokens', '64', '--json'];
      const lines = asked.map(({ input }) => `${JSON.stringify(input)}\n`).join('');
      const ours = headless(
        ['generate', '--student', place('one/model'), '--engine', 'wasm', ...options],
        lines,
      );
      const texts = ours.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as string);
      expect(
        rows.map((row) => row[column]),
        column,
      ).toEqual(texts);
    }
  });

  it('takes Adafactor’s steps, measures on validation rows, and takes the best; the terminal goes on', () => {
    const settings = { optimizer: 'adafactor', learningRate: 5e-4, take: 'best' };
    const { inputs, out } = other('adafactor', settings);
    train(2, out, ['--until', '8'], place('adafactor'));
    const ended = headless(['train', '--resume', place(out)]);
    expect(ended.code, ended.stderr).toBe(0);
    const ours = headless(['train', ...inputs, '--out', place('our-adafactor')]);
    expect(ours.code, ours.stderr).toBe(0);
    expect(difference('our-adafactor', out)).toBeLessThan(1e-3);
    expectSameEvaluations('our-adafactor', out);
  });

  it('trains adapters in shards on a base in half precision, resumes them on one process, and takes the step that is named', () => {
    // The base is rounded to half precision first by both; what follows is in single precision.
    const lora = { rank: 4, alpha: 8, dropout: 0, targets: 'all-linear', baseDtype: 'float16' };
    const { inputs, out } = other('lora', { lora, take: '4', patience: 3, evalEvery: 4 });
    train(2, out, ['--fsdp', '--until', '8'], place('lora'));
    expect(existsSync(join(place(out), 'checkpoint-8/adapter_model.safetensors'))).toBe(true);
    train(1, out, ['--resume'], place('lora'));
    const ours = headless(['train', ...inputs, '--out', place('our-lora')]);
    expect(ours.code, ours.stderr).toBe(0);
    expect(difference('our-lora', out)).toBeLessThan(1e-3);
    expectSameEvaluations('our-lora', out);
    // The student with its adapters in it, and these alone, as peft keeps them.
    for (const [folder, file] of [
      ['model', 'model.safetensors'],
      ['adapter', 'adapter_model.safetensors'],
    ] as const) {
      const read = (from: string) =>
        floatsOf(new Uint8Array(readFileSync(join(place(from), folder, file))), file);
      const [mine, theirs] = [read('our-lora'), read(out)];
      expect([...theirs.keys()].sort()).toEqual([...mine.keys()].sort());
      for (const [name, values] of mine) expectCloseInNorm(theirs.get(name), values, 1e-3, name);
    }
  });

  it('hands a run to the terminal and takes one from it', async () => {
    cpSync(place('project'), place('moved'), { recursive: true });
    train(1, 'moved/out', ['--until', '20']);
    // As the studio imports it: whole, and with what it resumes from.
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
    expect(made.stdout).toContain('Resume from step 20');
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

  it('is not what the recipe for the Trainer does: that refuses more than one process, and names this', () => {
    const bundled = { student: null, studentIsReduced: false, engine: null, backend: null };
    const job = { ...bundled, recipe: recipeSchema.parse(recipe), data: null, testRows: null };
    writeFileSync(place('trainer.py'), pythonRecipe(job));
    const { status, stderr } = run(python!, [place('trainer.py')], { WORLD_SIZE: '2' });
    expect(status).toBe(1);
    expect(stderr).toContain(
      'WORLD_SIZE says 2 processes, and this program trains on one. ' +
        'For several processes or machines: npm run headless -- export --scale.',
    );
  });

  it('refuses numbers that would train nothing or something else, and ends a process of several with its fault’s code', () => {
    const program = `
import json, os, sys
sys.path.insert(0, sys.argv[1])
import train
codes = []
for words in json.loads(sys.argv[2]):
    try:
        train.arguments(words)
    except SystemExit as end:
        codes.append(end.code)
print(json.dumps(codes), flush=True)
def fail(_):
    raise MemoryError("no room")
train.run, sys.argv, os.environ["WORLD_SIZE"] = fail, ["train.py"], "2"
train.main()`;
    const options = ['--until', '--micro-batch', '--processes'];
    const words = options.flatMap((option) => ['0', '-1', '2.5', 'x'].map((value) => [option, value]));
    const ended = run(python!, [
      '-c',
      program,
      place('project'),
      JSON.stringify([...words, ['--until', '1']]),
    ]);
    expect(JSON.parse(ended.stdout)).toEqual(words.map(() => 2));
    expect(ended.stderr).toContain("--until: '0' is not a whole number from 1 on");
    expect(ended.stderr).toContain('MemoryError: no room');
    expect(ended.status).toBe(1);
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
