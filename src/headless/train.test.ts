/** `headless train` on a very small student: what it reads, says, writes, and how it ends and resumes. */
import {
  existsSync,
  linkSync,
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
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Evaluation, MetricsPoint, Prediction } from '../distill/run-state.ts';
import type { EngineStudent } from '../engine/engine.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { watchForEndings } from './ending.ts';
import { train } from './train.ts';

// The engine of a sweep's processes: one thread, the plain kernels, and nothing is loaded for a GPU.
vi.mock('./machine.ts', () => ({
  openEngine: async (student: EngineStudent) => (await import('./sweep-worker.ts')).openOneThread(student),
}));

let folder = '';
/** What is printed; `onSaid` hears each text. */
let said: string[] = [];
let complaints: string[] = [];
let onSaid: (text: string) => void = () => undefined;
const at = (...names: string[]): string => join(folder, ...names);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-train-'));
  [said, complaints, onSaid] = [[], [], () => undefined];
  mkdirSync(at('student'));
  for (const [name, bytes] of tinyFolder()) writeFileSync(at('student', name), bytes);
  const print = (text: unknown): boolean => {
    said.push(String(text).trimEnd());
    onSaid(String(text));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(print);
  vi.spyOn(console, 'log').mockImplementation(print);
  vi.spyOn(console, 'error').mockImplementation((text: unknown) => void complaints.push(String(text)));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
});

const row = (input: string, more: object = {}) => ({ input, label: 'ab', rationale: `${input} c`, ...more });
/** A file of rows; the teacher has one of them wrong. */
function rows(name: string, inputs: readonly string[]): string {
  const lines = inputs.map((input, index) => row(input, { teacherLabel: index === 0 ? 'cd' : 'ab' }));
  writeFileSync(at(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return at(name);
}
function recipe(keys: object = {}): string {
  const defaults = { steps: 4, batchSize: 2, evalEvery: 2, saveEvery: 2, generationMaxTokens: 4 };
  writeFileSync(at('recipe.json'), JSON.stringify({ ...defaults, ...keys }));
  return at('recipe.json');
}
const files = (): string[] => [
  '--student',
  at('student'),
  '--train',
  rows('train.jsonl', ['aa', 'bb', 'cc', 'dd']),
  '--test',
  rows('test.jsonl', ['ee', 'ff', 'gg']),
];
const run = (keys: object, ...more: string[]): Promise<void> =>
  train([...files(), '--recipe', recipe(keys), '--out', at('run'), ...more]);
const jsonLines = <Row>(...path: string[]): Row[] =>
  readFileSync(at(...path), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);
const json = (...path: string[]) =>
  JSON.parse(readFileSync(at(...path), 'utf8')) as Record<string, unknown> & { last: MetricsPoint };
const checkpoints = (): string[] => readdirSync(at('run')).filter((name) => name.startsWith('checkpoint'));
/** What a card says of rounding. */
const roundedWords = /Of the answers to the first 3 test rows/;
/** All of a run's curve but its times. */
const curve = () =>
  jsonLines<MetricsPoint>('run', 'metrics.jsonl').map(({ elapsedMs: _, ...point }) => point);

describe('a run', () => {
  it('says what it reads and how it goes, and writes its curve, its answers, its summary and its model', async () => {
    await run({});
    expect(said[0]).toMatch(/^Engine: wasm on wasm \(.*\)\. A sweep trains each run on one thread/);
    expect(said.slice(1, 3)).toEqual([
      'train: 4 rows, teacher right on 75.00 %',
      'test: 3 rows, teacher right on 66.67 %',
    ]);
    expect(said).toContain('step 2: 0 of 3 test rows right (0.00 %)');
    expect(said).toContain('Comparing on 3 test rows; Ctrl+C leaves this out.');
    const tail = said.slice(-4).join('\n');
    expect(tail).toMatch(/^Trained 4 steps in .*\naccuracy: base 0\.00 % \(0 of 3\), distilled .*, teacher/m);
    expect(said.at(-1)).toBe(`Everything is in ${at('run')}.`);
    expect(complaints).toEqual([]);
    expect(process.exitCode).toBeUndefined();

    expect(readdirSync(at('run')).sort()).toEqual([
      'evaluations.jsonl',
      'job.json',
      'metrics.jsonl',
      'model',
      'predictions.jsonl',
      'run.json',
      'summary.json',
    ]);
    expect(curve().map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(jsonLines<Evaluation>('run', 'evaluations.jsonl')).toEqual([
      { step: 2, correct: 0, total: 3 },
      { step: 4, correct: 0, total: 3 },
    ]);
    const predictions = jsonLines<Prediction>('run', 'predictions.jsonl');
    expect(predictions.map(({ input, label, teacher }) => [input, label, teacher])).toEqual([
      ['ee', 'ab', 'cd'],
      ['ff', 'ab', 'ab'],
      ['gg', 'ab', 'ab'],
    ]);
    const summary = json('run', 'summary.json');
    expect(summary).toMatchObject({
      accuracy: { base: { correct: 0, total: 3 }, teacher: { correct: 2, total: 3 } },
      engine: 'wasm',
      backend: 'wasm',
      dataset: 'train.jsonl',
      trainRows: 4,
      testRows: 3,
      steps: 4,
      first: { step: 1 },
      last: { step: 4 },
      recipe: { steps: 4 },
    });
    expect(summary['elapsedMs']).toBe(summary.last.elapsedMs);
    for (const key of ['takenStep', 'early', 'chosenBy', 'reading', 'baseModel'])
      expect(summary).not.toHaveProperty(key);
    expect(json('run', 'job.json')).toMatchObject({
      student: at('student'),
      train: at('train.jsonl'),
      trainRationales: null,
      test: at('test.jsonl'),
      testRationales: null,
      engine: null,
      backend: null,
      testRows: null,
      precision: 'f32',
    });
    expect(readFileSync(at('run', 'model', 'README.md'), 'utf8')).toContain('2 of 3');
  });

  it('without test rows says so, measures nothing and compares nothing', async () => {
    const named = files().slice(0, 4);
    await train([...named, '--recipe', recipe({ steps: 2 }), '--out', at('run')]);
    expect(complaints.join()).toContain('There are no test rows');
    expect(said.join('\n')).not.toMatch(/Comparing|accuracy/);
    expect(json('run', 'summary.json')).toMatchObject({ accuracy: null, testRows: 0, steps: 2 });
    expect(readFileSync(at('run', 'predictions.jsonl'), 'utf8')).toBe('');
  });

  it('measures losses on validation rows', async () => {
    await run({ steps: 2 }, '--validation', rows('validation.jsonl', ['hh', 'ii']));
    expect(said.join('\n')).toMatch(
      /step 2: 0 of 2 validation rows right \(0\.00 %\), loss of answer \d+\.\d{3}, rationale \d+\.\d{3}$/m,
    );
    expect(json('run', 'job.json')).toMatchObject({
      validation: at('validation.jsonl'),
      validationRationales: null,
    });
    expect(complaints).toEqual([]);
  });

  it('uses so many test rows as it is asked for', async () => {
    await run({ steps: 1, evalEvery: 1 }, '--test-rows', '2');
    expect(said).toContain('step 1: 0 of 2 test rows right (0.00 %)');
    expect(json('run', 'summary.json')).toMatchObject({ testRows: 2 });
    expect(json('run', 'job.json')).toMatchObject({ testRows: 2 });
  });

  it('with adapters writes them beside the student with them merged in, both rounded where that is asked for', async () => {
    await run(
      { steps: 2, learningRate: 0.1 },
      '--lora',
      '2',
      '--base-dtype',
      'float16',
      '--precision',
      'f16',
    );
    expect(json('run', 'run.json')['lora']).toMatchObject({ rank: 2, baseDtype: 'float16' });
    expect(readdirSync(at('run', 'adapter')).sort()).toEqual(
      expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']),
    );
    expect(readdirSync(at('run', 'model'))).toContain('model.safetensors');
    expect(json('run', 'model', 'config.json')).toMatchObject({ dtype: 'float16' });
    expect(readdirSync(at('run')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readFileSync(at('run', 'model', 'README.md'), 'utf8')).toMatch(roundedWords);
  });

  it('replaces an earlier one that took steps where it is told to, and else leaves it alone', async () => {
    await run({ steps: 2 });
    const before = readFileSync(at('run', 'metrics.jsonl'));
    await expect(run({ steps: 1 })).rejects.toThrow(/this folder holds a run, .*--resume .*--force/);
    expect(readFileSync(at('run', 'metrics.jsonl'))).toEqual(before);
    await run({ steps: 1 }, '--force');
    expect(curve().map(({ step }) => step)).toEqual([1]);
  });

  it('writes over no file of which a link has the name of what it writes', async () => {
    const [data] = files().slice(3);
    const before = readFileSync(data!, 'utf8');
    mkdirSync(at('run'));
    symlinkSync(data!, at('run', 'metrics.jsonl'));
    linkSync(data!, at('run', 'run.json'));
    symlinkSync(data!, at('run', 'job.json'));
    symlinkSync(data!, at('run', 'predictions.jsonl'));
    await run({ steps: 1 }, '--force');
    expect(readFileSync(data!, 'utf8')).toBe(before);
    expect(json('run', 'job.json')['train']).toBe(data);
    expect(json('run', 'run.json')['steps']).toBe(1);
    expect(curve().map(({ step }) => step)).toEqual([1]);
  });

  it('keeps in its job how files are read, and says nothing there of what was not said', async () => {
    const write = (name: string, lines: readonly object[]): string => {
      writeFileSync(at(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return at(name);
    };
    const questions = Array.from({ length: 20 }, (_, index) => ({
      frage: 'abcdefghijklmnopqrst'[index],
      richtig: 'ab',
    }));
    const answers = questions.map(({ frage }) => ({ because: `${frage} c`, said: 'ab' }));
    const options = {
      map: 'input=frage,label=richtig',
      'rationales-map': 'rationale=because,teacherLabel=said',
      completions: 'repaired',
      'split-column': 'none',
      teachers: 'right',
      fix: 'drop-leaks',
      encoding: 'windows-1252',
      metric: 'exact',
      'hold-out': '10%',
      'hold-out-validation': '10%@3',
      subsample: '0.5',
    };
    await train([
      '--student',
      at('student'),
      '--train',
      write('fragen.jsonl', questions),
      '--train-rationales',
      write('one.jsonl', answers),
      '--train-rationales',
      write('two.jsonl', answers),
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
      '--only-matching',
      '--unaligned',
      '--recipe',
      recipe({ steps: 1 }),
      '--out',
      at('run'),
    ]);
    const said = {
      map: options.map,
      completions: 'repaired',
      onlyMatching: true,
      unaligned: true,
      fix: 'drop-leaks',
      rationalesMap: options['rationales-map'],
      splitColumn: 'none',
      teachers: 'right',
      holdOut: '10%',
      holdOutValidation: '10%@3',
      subsample: '0.5',
      encoding: 'windows-1252',
      metric: 'exact',
    };
    expect(json('run', 'job.json')).toMatchObject({
      ...said,
      train: at('fragen.jsonl'),
      trainRationales: [at('one.jsonl'), at('two.jsonl')],
    });
    expect(json('run', 'summary.json')).toMatchObject({ testRows: 2, trainRows: 8 });
    rmSync(at('run'), { recursive: true });
    await run({ steps: 1 });
    for (const key of [...Object.keys(said), 'validation', 'validationRationales'])
      expect(json('run', 'job.json')).not.toHaveProperty(key);
  });

  it('measures with what the student’s own settings of generation ask for where it is told to', async () => {
    writeFileSync(at('student', 'generation_config.json'), '{"num_beams": 2}');
    await run({ steps: 1 }, '--generation', 'own');
    expect(json('run', 'run.json')['generation']).toMatchObject({ numBeams: 2 });
    await run({ steps: 1, generation: { numBeams: 3 } }, '--generation', 'greedy', '--force');
    expect(json('run', 'run.json')['generation']).toBeNull();
    await run({ steps: 1, generation: { numBeams: 3 } }, '--force');
    expect(json('run', 'run.json')['generation']).toMatchObject({ numBeams: 3 });
  });
});

describe('a run that is stopped', () => {
  /** Stops it when it says some words. */
  const stopAt = (words: RegExp, signal: 'SIGINT' | 'SIGTERM' = 'SIGINT') => {
    onSaid = (text) => {
      if (!words.test(text)) return;
      onSaid = () => undefined;
      process.emit(signal);
    };
  };

  it('by Ctrl+C keeps what was learnt, is compared, and resumes to the same bytes', async () => {
    await run({ steps: 6 });
    const whole = { curve: curve(), model: readFileSync(at('run', 'model', 'model.safetensors')) };
    rmSync(at('run'), { recursive: true });

    said = [];
    stopAt(/^step 2: 0 of 3/);
    await run({ steps: 6 });
    expect(said).toContain('Stopping after this step; what was learnt is kept. Ctrl+C again ends at once.');
    const { steps, testRows } = json('run', 'summary.json');
    expect(testRows).toBe(3);
    expect(steps).toBeLessThan(6);
    expect(complaints).toEqual([`Resume it with: train --resume ${at('run')}`]);
    expect(checkpoints()).toContain(`checkpoint-${String(steps)}`);
    expect(process.exitCode).toBeUndefined();
    expect(process.listenerCount('SIGINT')).toBe(0);

    [said, complaints] = [[], []];
    await train(['--resume', at('run')]);
    expect(said).toContain(`Resumes from step ${String(steps)} of 6.`);
    expect(said.join('\n')).not.toContain('It began with');
    expect(curve()).toEqual(whole.curve);
    expect(readFileSync(at('run', 'model', 'model.safetensors')).equals(whole.model)).toBe(true);
    expect(jsonLines<Evaluation>('run', 'evaluations.jsonl').map(({ step }) => step)).toEqual([2, 4, 6]);
    expect(checkpoints()).toEqual([]);
    await expect(train(['--resume', at('run')])).rejects.toThrow('all 6 steps of this run are taken.');
  });

  it('by Ctrl+C in its comparison leaves that out', async () => {
    stopAt(/^Comparing on 3 test rows/);
    await run({ steps: 1 });
    expect(said).toContain('Leaving out the comparison; the model is kept. Ctrl+C again ends at once.');
    expect(json('run', 'summary.json')).toMatchObject({ accuracy: null, steps: 1 });
    expect(existsSync(at('run', 'model', 'model.safetensors'))).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('by Ctrl+C while rounded weights are checked leaves that out', async () => {
    stopAt(/^Trained 1 steps/);
    await run({ steps: 1 }, '--precision', 'f16');
    expect(said).toContain(
      'Leaving out what rounding does to answers; all else is kept. Ctrl+C again ends at once.',
    );
    expect(json('run', 'summary.json')).toMatchObject({ testRows: 3, steps: 1 });
    expect(readFileSync(at('run', 'model', 'README.md'), 'utf8')).not.toMatch(roundedWords);
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it('from outside while rounded weights are checked has all else, and the code of the signal', async () => {
    watchForEndings();
    try {
      stopAt(/^Trained 1 steps/, 'SIGTERM');
      await run({ steps: 1 }, '--precision', 'f16');
      expect(json('run', 'summary.json')).toMatchObject({ testRows: 3, steps: 1 });
      expect(readFileSync(at('run', 'model', 'README.md'), 'utf8')).not.toMatch(roundedWords);
      expect(process.exitCode).toBe(143);
    } finally {
      process.removeAllListeners('SIGTERM');
      process.removeAllListeners('SIGHUP');
    }
  });

  it('from outside is saved, not compared, and ends with the code of the signal', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('the program ends');
    });
    const before = (['SIGTERM', 'SIGHUP'] as const).map(
      (signal) => [signal, process.listeners(signal)] as const,
    );
    watchForEndings();
    try {
      stopAt(/^step 2: 0 of 3/, 'SIGTERM');
      await run({ steps: 6 });
      expect(exit).not.toHaveBeenCalled();
      expect(complaints[0]).toBe('The program was asked to end (SIGTERM). What was learnt is saved.');
      expect(said.join('\n')).not.toContain('Comparing');
      expect(json('run', 'summary.json')).toMatchObject({ accuracy: null });
      expect(checkpoints()).not.toEqual([]);
      expect(process.exitCode).toBe(143);
      // Nothing has to be saved any more: the system ends it.
      for (const [signal, listeners] of before) expect(process.listeners(signal)).toEqual(listeners);
    } finally {
      for (const [signal, listeners] of before)
        for (const listener of process.listeners(signal))
          if (!listeners.includes(listener)) process.off(signal, listener);
    }
  });

  it('before its first checkpoint begins again with step 1 where that is asked for, and says on what other machine it began', async () => {
    stopAt(/^step 2: 0 of 3/);
    await run({ steps: 6 });
    const facts = at('run', checkpoints().at(-1)!, 'checkpoint.json');
    writeFileSync(facts, readFileSync(facts, 'utf8').replace('"backend": "wasm"', '"backend": "cpu"'));
    [said, complaints] = [[], []];
    await train(['--resume', at('run')]);
    expect(said.join('\n')).toMatch(
      /It began with wasm on cpu \(.*\): the last digits of its numbers may differ from now on\./,
    );
    const whole = curve();
    for (const name of ['summary.json', 'model', 'adapter'])
      rmSync(at('run', name), { recursive: true, force: true });
    const lines = readFileSync(at('run', 'metrics.jsonl'), 'utf8').split('\n');
    writeFileSync(at('run', 'metrics.jsonl'), `${lines.slice(0, 2).join('\n')}\n`);
    said = [];
    const before = readFileSync(at('run', 'metrics.jsonl'), 'utf8');
    await expect(train(['--resume', at('run')])).rejects.toThrow(
      /There is no checkpoint in it; its curve up to step 2 is still there\. Nothing was removed\..* --from-start$/s,
    );
    expect(readFileSync(at('run', 'metrics.jsonl'), 'utf8')).toBe(before);
    await train(['--resume', at('run'), '--from-start']);
    expect(said).toContain('No checkpoint is there: it begins again with step 1.');
    expect(curve()).toEqual(whole);
  });

  it('of which all checkpoints are gone does not begin again unasked, and keeps its curve and its model', async () => {
    stopAt(/^step 4: \d of 3/);
    await run({ steps: 6 });
    for (const name of checkpoints()) rmSync(at('run', name), { recursive: true });
    const before = curve();
    const words = `There is no checkpoint in it; its curve up to step ${before.length} is still there`;
    await expect(train(['--resume', at('run')])).rejects.toThrow(`${words}, and so is model/.`);
    // One that was killed has no model yet.
    rmSync(at('run', 'model'), { recursive: true });
    await expect(train(['--resume', at('run')])).rejects.toThrow(`${words}. Nothing was removed.`);
    expect(curve()).toEqual(before);
    expect(existsSync(at('run', 'summary.json'))).toBe(true);
  });

  it('of which every checkpoint is damaged begins again where that is asked for, and one with a whole one does not', async () => {
    stopAt(/^step 4: \d of 3/);
    await run({ steps: 6 });
    await expect(train(['--resume', at('run'), '--from-start'])).rejects.toThrow(
      /the checkpoint of step \d is whole, so that it need not begin again/,
    );
    for (const name of checkpoints()) writeFileSync(at('run', name, 'model.safetensors'), 'x');
    const before = curve();
    await expect(train(['--resume', at('run')])).rejects.toThrow('No checkpoint in it is whole; its curve');
    expect(curve()).toEqual(before);
    expect(checkpoints()).not.toEqual([]);
    await train(['--resume', at('run'), '--from-start']);
    expect(curve().slice(0, before.length)).toEqual(before);
    expect(curve()).toHaveLength(6);
    await expect(train(['--from-start', '--out', at('other')])).rejects.toThrow(
      '--from-start goes with --resume',
    );
  });
});

describe('a run that chooses its weights by measuring', () => {
  it('ends early where it gets no better, and is not resumed', async () => {
    await run({ steps: 10, evalEvery: 1, saveEvery: 0, learningRate: 1e-9 }, '--patience', '2');
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toMatch(/^There are no validation rows, so the test rows decide/);
    expect(said).toContain('Ended early: 2 measurements in a row were no better than the best.');
    const summary = json('run', 'summary.json');
    expect(summary).toMatchObject({ steps: 3, early: true, chosenBy: 'test' });
    expect(summary).not.toHaveProperty('takenStep');
    expect(checkpoints()).toEqual([]);
    await expect(train(['--resume', at('run')])).rejects.toThrow(
      'this run ended early, at step 3, when it got no better.',
    );
  });

  it('takes the best weights where later ones are worse', async () => {
    // What it learns from the training rows is wrong for these.
    const others = ['hh', 'ii'].map((input) => JSON.stringify({ input, label: 'zz', rationale: 'zz' }));
    writeFileSync(at('validation.jsonl'), others.join('\n'));
    const keys = { steps: 60, evalEvery: 1, saveEvery: 0, learningRate: 0.05 };
    await run(keys, '--patience', '2', '--take', 'best', '--validation', at('validation.jsonl'));
    expect(complaints).toEqual([]);
    const measured = jsonLines<Evaluation>('run', 'evaluations.jsonl');
    const best = measured.reduce((least, one) => (one.loss! < least.loss! ? one : least)).step;
    expect(said).toContain(`Taken: the weights of step ${best}, the best.`);
    expect(json('run', 'summary.json')).toMatchObject({
      steps: best + 2,
      early: true,
      takenStep: best,
      chosenBy: 'validation',
    });
  });

  it('takes the weights of a step that is named, and says by what it chose', async () => {
    const validation = rows('validation.jsonl', ['hh']);
    await run({ steps: 3, evalEvery: 1, saveEvery: 0 }, '--take', '2', '--validation', validation);
    expect(said).toContain('Taken: the weights of step 2.');
    expect(json('run', 'summary.json')).toMatchObject({ steps: 3, takenStep: 2, chosenBy: 'validation' });
    expect(json('run', 'summary.json')).not.toHaveProperty('early');
  });
});

describe('what is refused', () => {
  it('an option that a run in progress cannot change', async () => {
    await expect(train(['--resume', at('run'), '--take', 'best'])).rejects.toThrow(
      '--take does not go with --resume: a run resumes as it began.',
    );
    await expect(train(['--resume', ''])).rejects.toThrow('--resume names no folder.');
    // Files may have moved: what is missing is the run.
    await expect(train(['--resume', at('run'), '--test', at('test.jsonl')])).rejects.toThrow('no such file');
  });

  it.each([
    [['--engine', 'steam'], '--engine steam is not known.'],
    [['--precision', 'f8'], '--precision f8 is not known.'],
    [['--test-rows', '0'], '--test-rows 0 is not a whole number from 1.'],
    [['--lora', '0'], '--lora 0 is not a whole number from 1.'],
    [['--completions', 'guessed'], '--completions guessed is not known.'],
  ])('%o', async (more, words) => {
    await expect(run({}, ...more)).rejects.toThrow(words);
    expect(existsSync(at('run'))).toBe(false);
  });
});
