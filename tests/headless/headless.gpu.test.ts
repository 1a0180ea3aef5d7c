import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetricsPoint, Prediction } from '../../src/distill/run-state.ts';
import { parseSafetensors } from '../../src/formats/safetensors.ts';
import { headless, projectRoot, type Ended } from '../support/headless.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillroom-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fixtures = 'tests/fixtures/cos-e';
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const recipe = (keys: object): string =>
  write(
    'run.json',
    JSON.stringify({
      steps: 2,
      batchSize: 4,
      learningRate: 1e-4,
      generationMaxTokens: 8,
      evalEvery: 0,
      saveEvery: 0,
      ...keys,
    }),
  );
const jsonLines = <Row>(file: string): Row[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

describe('headless train', () => {
  const out = join(folder, 'run');
  let ended: Ended;
  beforeAll(() => {
    // As an earlier run and a person would leave them.
    for (const name of ['model', 'checkpoint-7', 'mine']) {
      mkdirSync(join(out, name), { recursive: true });
      writeFileSync(join(out, name, 'old.txt'), 'old');
    }
    for (const name of ['run.json', 'metrics.jsonl']) writeFileSync(join(out, name), '');
    ended = headless([
      'train',
      '--train',
      `${fixtures}/mini_train.jsonl`,
      '--train-rationales',
      `${fixtures}/mini_CoT_train.json`,
      '--test',
      `${fixtures}/mini_test.jsonl`,
      '--test-rationales',
      `${fixtures}/mini_CoT_test.json`,
      '--recipe',
      recipe({ saveEvery: 1 }),
      '--out',
      out,
      '--force',
      '--backend',
      'wasm',
      '--test-rows',
      '4',
    ]);
  });

  it('says first which engine runs and why, and ends with 0', () => {
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout.split('\n')[0]).toMatch(/^Engine: .*wasm.*asked for/);
    expect(ended.stdout).toContain('train: 12 rows, teacher right on 75.00 %');
  });

  it('writes a line of metrics for each step', () => {
    const points = jsonLines<MetricsPoint>(join(out, 'metrics.jsonl'));
    expect(points.map((point) => point.step)).toEqual([1, 2]);
    expect(Object.keys(points[0]!)).toEqual([
      'step',
      'learningRate',
      'answerLoss',
      'rationaleLoss',
      'loss',
      'gradNorm',
      'tokens',
      'elapsedMs',
    ]);
    expect(points[0]!.learningRate).toBe(1e-4);
    expect(points[0]!.loss).toBeCloseTo(0.5 * points[0]!.answerLoss + 0.5 * points[0]!.rationaleLoss!, 6);
  });

  it('writes a prediction for each test row, and a summary that counts them', () => {
    const predictions = jsonLines<Prediction>(join(out, 'predictions.jsonl'));
    expect(predictions).toHaveLength(4);
    expect(Object.keys(predictions[0]!)).toEqual([
      'row',
      'input',
      'label',
      'teacher',
      'base',
      'distilled',
      'rationale',
      'teacherRationale',
    ]);
    expect(predictions[0]!.input).toContain('\nAnswer Choices:\n(a) kiln\n(b) fridge');
    const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as {
      accuracy: Record<'base' | 'distilled' | 'teacher', { correct: number; total: number }>;
      engine: string;
      adapter: string;
    };
    const right = (who: 'base' | 'distilled' | 'teacher') =>
      predictions.filter((row) => row[who] === row.label).length;
    expect(summary.accuracy).toMatchObject({
      base: { correct: right('base'), total: 4 },
      distilled: { correct: right('distilled'), total: 4 },
      teacher: { correct: 3, total: 4 },
    });
    expect(summary.engine).toBeTruthy();
    expect(summary.adapter).toBeTruthy();
  });

  it('leaves a model folder, and no checkpoint where nothing is left to resume', () => {
    expect(readdirSync(join(out, 'model')).sort()).toEqual([
      'README.md',
      'config.json',
      'curves.svg',
      'examples.jsonl',
      'generation_config.json',
      'model.safetensors',
      'run.json',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(readdirSync(out).filter((name) => name.startsWith('checkpoint'))).toEqual([]);
    expect(readFileSync(join(out, 'model', 'README.md'), 'utf8')).toContain('3 of 4');
    // Of an earlier run nothing is left; what is not ours stays.
    expect(existsSync(join(out, 'model', 'old.txt'))).toBe(false);
    expect(existsSync(join(out, 'mine', 'old.txt'))).toBe(true);
  });

  it('gives the same answers when the folder is loaded again', () => {
    const predictions = jsonLines<Prediction>(join(out, 'predictions.jsonl'));
    const lines = predictions.map((row) => row.input.replaceAll('\n', ' '));
    const answers = headless(
      [
        'generate',
        '--student',
        join(out, 'model'),
        '--prefix',
        'predict: ',
        '--max-tokens',
        '8',
        '--backend',
        'wasm',
      ],
      `${lines.join('\n')}\n`,
    );
    expect(answers.code, answers.stderr).toBe(0);
    // A line break is one space to this tokenizer, so that the one-line prompt has the same tokens.
    expect(answers.stdout.split('\n').slice(0, -1)).toEqual(predictions.map((row) => row.distilled));
    expect(predictions.some((row) => row.distilled !== '')).toBe(true);
  });
});

/**
 * Starts the program as a terminal does, in its own process group, and presses Ctrl+C each time it says a word, or does
 * something else.
 */
async function interrupted(
  args: readonly string[],
  words: readonly RegExp[],
  act = (pid: number): unknown => process.kill(-pid, 'SIGINT'),
): Promise<Ended> {
  const child = spawn(process.execPath, ['scripts/headless.mjs', ...args], {
    cwd: projectRoot,
    env: { ...process.env, INIT_CWD: projectRoot },
    detached: true,
  });
  let [stdout, stderr] = ['', ''];
  const waiting = [...words];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (waiting[0]?.test(stdout) === true) {
      waiting.shift();
      act(child.pid!);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe.skipIf(process.platform === 'win32')('Ctrl+C', () => {
  it('in the comparison leaves that out and keeps the rest', { timeout: 60_000 }, async () => {
    const out = join(folder, 'skipped');
    const args = ['train', '--recipe', recipe({}), '--out', out, '--backend', 'wasm'];
    const { code, stdout, stderr } = await interrupted(args, [/Comparing on 500 test rows/]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('Leaving out the comparison');
    expect(jsonLines(join(out, 'metrics.jsonl'))).toHaveLength(2);
    expect(existsSync(join(out, 'model', 'model.safetensors'))).toBe(true);
    expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toMatchObject({
      accuracy: null,
      steps: 2,
    });
  });

  it('in training ends it and keeps what was learnt', { timeout: 60_000 }, async () => {
    const out = join(folder, 'stopped');
    const args = [
      'train',
      '--recipe',
      recipe({ steps: 2000, evalEvery: 3 }),
      '--out',
      out,
      '--backend',
      'wasm',
    ];
    const { code, stderr } = await interrupted([...args, '--test-rows', '4'], [/step 3: /]);
    expect(code, stderr).toBe(0);
    const { steps } = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as { steps: number };
    expect(steps).toBeLessThan(2000);
    expect(stderr).toContain(`Resume it with: train --resume ${out}`);
    expect(jsonLines(join(out, 'metrics.jsonl'))).toHaveLength(steps);
    expect(existsSync(join(out, 'model', 'model.safetensors'))).toBe(true);
  });

  it('a second time ends the program, with the model written', { timeout: 60_000 }, async () => {
    const out = join(folder, 'ended');
    const args = ['train', '--recipe', recipe({}), '--out', out, '--backend', 'wasm'];
    const words = [/Comparing on 500 test rows/, /Ctrl\+C again ends at once/];
    const { code } = await interrupted(args, words);
    expect(code).toBe(130);
    expect(existsSync(join(out, 'model', 'README.md'))).toBe(true);
    expect(existsSync(join(out, 'summary.json'))).toBe(false);
  });
});

it.skipIf(!existsSync('/dev/full'))('says that the disk is full', { timeout: 60_000 }, async () => {
  const out = join(folder, 'full');
  const settings = recipe({ steps: 2000, evalEvery: 3 });
  const args = ['train', '--recipe', settings, '--out', out, '--backend', 'wasm', '--test-rows', '4'];
  const curve = join(out, 'metrics.jsonl');
  const { code, stderr } = await interrupted(args, [/step 3: /], () => {
    rmSync(curve);
    symlinkSync('/dev/full', curve);
  });
  expect(stderr).toMatch(
    /metrics\.jsonl cannot be written \(the disk is full\)\. Nothing that was kept is lost\. Free some space/,
  );
  expect(code).toBe(4);
});

describe('headless inspect', () => {
  it('prints what was recognised', () => {
    const args = [
      '--train',
      `${fixtures}/mini_train.jsonl`,
      '--train-rationales',
      `${fixtures}/mini_CoT_train.json`,
    ];
    const { code, stdout } = headless(['inspect', ...args, '--json']);
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as object;
    expect(printed).toMatchObject({
      layout: 'cos-e',
      rows: 12,
      refused: [],
      teacher: { correct: 9, total: 12 },
    });
    expect(Object.keys(printed)).toEqual([
      'layout',
      'container',
      'rows',
      'refused',
      'notes',
      'join',
      'teacher',
      'examples',
    ]);
    expect(headless(['inspect', ...args]).stdout).toContain('75.00 %');
  });

  it('lists refused rows with their lines', () => {
    const file = write(
      'some.jsonl',
      '{"input":"a","label":"b"}\n{"input":"c"}\n\n{"input":"d","label":"e"\n',
    );
    const result = JSON.parse(headless(['inspect', '--train', file, '--json']).stdout) as {
      rows: number;
      refused: { line: number; reason: string }[];
    };
    expect(result.rows).toBe(1);
    expect(result.refused.map(({ line }) => line)).toEqual([2, 4]);
    expect(result.refused[0]!.reason).toContain('label');
  });
});

describe('bad input ends with 2 and one message', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'thesis'));
    writeFileSync(join(folder, 'thesis', 'chapter-1.txt'), 'Once');
  });
  const rows = '{"input":"a","label":"b"}\n{"input":"c","label":"d"}\n';
  const cases: [string, () => string[], RegExp][] = [
    ['no such file', () => ['train', '--train', 'nowhere.jsonl'], /nowhere\.jsonl: .*no such file/],
    ['an empty file', () => ['inspect', '--train', write('empty.jsonl', '')], /empty\.jsonl.*empty/],
    ['no JSON', () => ['inspect', '--train', write('text.txt', 'just words\n')], /text\.txt/],
    [
      'a wrong row count',
      () => [
        'train',
        '--train',
        write('rows.jsonl', rows),
        '--train-rationales',
        write('one.json', '{"rationale":"r","label":"b"}\n'),
      ],
      /one\.json.*1 row.*rows\.jsonl.*2 rows/s,
    ],
    [
      'an unknown setting',
      () => ['train', '--recipe', recipe({ stepz: 3 })],
      /run\.json, line 1: "stepz" is not a setting/,
    ],
    ['an unknown option', () => ['train', '--stepz', '3'], /--stepz/],
    ['an unknown command', () => ['fly'], /"fly" is no command/],
    [
      'an engine and a backend that do not go together',
      () => ['train', '--engine', 'wasm', '--backend', 'cpu'],
      /runs on the backend wasm alone, not on cpu/,
    ],
    [
      'a student that the run would replace',
      () => {
        const student = join(folder, 'own', 'model');
        cpSync(join(projectRoot, 'public/students/nano'), student, { recursive: true });
        return ['train', '--student', student, '--out', join(folder, 'own'), '--backend', 'wasm'];
      },
      /own: --student is in model/,
    ],
    [
      'data that the run would replace, behind a link',
      () => {
        const out = join(folder, 'linked');
        mkdirSync(join(out, 'model'), { recursive: true });
        for (const name of ['run.json', 'metrics.jsonl']) writeFileSync(join(out, name), '');
        writeFileSync(join(out, 'predictions.jsonl'), rows);
        symlinkSync(join(out, 'predictions.jsonl'), join(folder, 'rows-elsewhere.jsonl'));
        const train = [
          '--train',
          join(folder, 'rows-elsewhere.jsonl'),
          '--recipe',
          recipe({ method: 'standard' }),
        ];
        return ['train', ...train, '--out', out, '--backend', 'wasm'];
      },
      /linked: --train is in predictions\.jsonl, which a new run in --out replaces/,
    ],
    ['an empty name to write to', () => ['train', '--out', ''], /--out names no folder/],
    [
      'a folder of something else to write to',
      () => ['train', '--out', join(folder, 'thesis')],
      /thesis: this folder is not empty and holds no run/,
    ],
    [
      'a file to write to',
      () => ['train', '--out', write('plain.txt', 'words')],
      /plain\.txt: this is a file, or lies below one/,
    ],
    [
      'a place below a file to write to',
      () => ['train', '--out', join(write('plain.txt', 'words'), 'run')],
      /run: this is a file, or lies below one/,
    ],
    ['nothing to resume', () => ['train', '--resume', join(folder, 'nowhere')], /job\.json: .*no such file/],
    [
      'a recipe for a run that has one',
      () => ['train', '--resume', join(folder, 'run'), '--recipe', 'run.json'],
      /--recipe does not go with --resume/,
    ],
    ['an unknown backend', () => ['train', '--backend', 'abacus'], /--backend abacus.*webgpu, wasm, cpu/],
    ['a folder that is no student', () => ['generate', '--student', fixtures], /config\.json/],
    [
      'rows without rationales',
      () => ['train', '--train', write('rows.jsonl', rows), '--out', join(folder, 'none')],
      /rationale/,
    ],
  ];
  it.each(cases)('%s', (_name, args, words) => {
    const { code, stderr } = headless(args());
    expect(stderr).toMatch(words);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});

const golden = join(projectRoot, '../shared/golden/cos-e-run');
const data = join(projectRoot, '../shared/data/cos_e');
const haveGolden = existsSync(golden);
if (!haveGolden) console.log('Skipped: the whole CoS-E run, because ../shared/golden is not there.');

describe.skipIf(!haveGolden)('the whole CoS-E run, from text', () => {
  // What is read from text is the same for each engine, and TensorFlow.js takes long: its own goldens have these batches.
  const engines = process.env['STILLROOM_TEST_WHOLE'] === '1' ? ['wasm', 'tfjs'] : ['wasm'];
  it.each(engines)('agrees with PyTorch on %s', { timeout: 180_000 }, (engine) => {
    const out = join(folder, `golden-${engine}`);
    const ended = headless([
      'train',
      '--student',
      join(golden, 'student'),
      '--recipe',
      join(golden, 'run.json'),
      '--out',
      out,
      '--train',
      join(data, 'cos_e_v1.11_train.jsonl'),
      '--train-rationales',
      join(data, 'PaLM_CoT_train.json'),
      '--test',
      join(data, 'cos_e_v1.11_validation.jsonl'),
      '--test-rationales',
      join(data, 'PaLM_CoT_test.json'),
      '--test-rows',
      '16',
      '--engine',
      engine,
      '--backend',
      'wasm',
    ]);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toContain('teacher right on 74.26 %');
    expect(ended.stdout).toContain('teacher right on 77.23 %');

    const points = jsonLines<MetricsPoint>(join(out, 'metrics.jsonl'));
    const expected = jsonLines<MetricsPoint>(join(golden, 'metrics.jsonl'));
    expect(points).toHaveLength(expected.length);
    points.forEach((point, index) => {
      const reference = expected[index]!;
      // Tolerances as the goldens' README has them: several times what two correct programs differ by.
      for (const key of ['answerLoss', 'rationaleLoss', 'loss'] as const) {
        expect(Math.abs(point[key]! - reference[key]!), `${key} of step ${point.step}`).toBeLessThan(5e-5);
      }
      expect(
        Math.abs(point.gradNorm / reference.gradNorm - 1),
        `gradNorm of step ${point.step}`,
      ).toBeLessThan(5e-5);
      expect(point.learningRate).toBeCloseTo(reference.learningRate, 12);
    });

    const generations = jsonLines<{ untrained: { text: string }; trained: { text: string } }>(
      join(golden, 'generations.jsonl'),
    );
    const predictions = jsonLines<Prediction>(join(out, 'predictions.jsonl'));
    expect(predictions.map((row) => row.base)).toEqual(generations.map((row) => row.untrained.text));
    expect(predictions.map((row) => row.distilled)).toEqual(generations.map((row) => row.trained.text));

    const read = (file: string) => parseSafetensors(new Uint8Array(readFileSync(file)), file).tensors;
    const initial = read(join(golden, 'student', 'model.safetensors'));
    const final = read(join(golden, 'final.safetensors'));
    const ours = read(join(out, 'model', 'model.safetensors'));
    expect([...ours.keys()].sort()).toEqual([...final.keys()].sort());
    for (const [name, { data: weights }] of final) {
      let difference = 0;
      let moved = 0;
      weights.forEach((value, index) => {
        difference += (ours.get(name)!.data[index]! - value) ** 2;
        moved += (value - initial.get(name)!.data[index]!) ** 2;
      });
      expect(Math.sqrt(difference / moved), name).toBeLessThan(5e-3);
    }
  });
});
