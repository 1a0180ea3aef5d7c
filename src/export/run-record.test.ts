import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { format, readRecord, readRunTexts, version } from './run-record.ts';

const tally = { correct: 1, total: 2 };
const point = (step: number) => ({
  step,
  learningRate: 1,
  answerLoss: 1,
  rationaleLoss: null,
  loss: 1,
  gradNorm: 1,
  tokens: 0,
  elapsedMs: 0,
});
const record = {
  name: 'copper-heron',
  createdAt: Date.UTC(2024, 5),
  datasetId: 'd',
  datasetName: 'rows',
  studentId: 's',
  studentName: 'tiny',
  testRows: 0,
  state: { phase: 'done', step: 4, stopped: false },
  engine: null,
  evaluations: [{ step: 2, ...tally }],
  comparison: null,
  step: 4,
  trainRows: 0,
  rowsSha256: null,
  savedStep: 0,
};

const lines = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
/** Reads a run of four steps with some of its record otherwise. */
function read(changes: object, texts: Record<string, string | null> = {}) {
  const known: Record<string, string | null> = {
    'run.json': '{"steps": 4}',
    'metrics.jsonl': lines([point(1), point(4)]),
    'predictions.jsonl': null,
    ...texts,
  };
  return readRunTexts({ ...record, ...changes }, (name) => known[name] ?? null, 'mine');
}

const engine = { engine: 'wasm', backend: 'wasm', adapter: 'a', reason: '', parameters: 0, bytesHeld: 0 };
const rising = (count: number) => Array.from({ length: count }, (_, step) => ({ step, ...tally }));
const watched = (moments: object[]) => ({ watched: { questions: [], moments } });
const text = (length: number) => 'x'.repeat(length);
const now = Date.now();
const dayMs = 24 * 60 * 60 * 1000;

describe('the record of a run', () => {
  it.each<[what: string, good: object, bad: object]>([
    ['a name', { name: text(200) }, { name: text(201) }],
    ['a name at all', { name: 'x' }, { name: '' }],
    ['a note', { note: text(10_000) }, { note: text(10_001) }],
    ['tags', { tags: new Array(20).fill(text(40)) }, { tags: new Array(21).fill('x') }],
    ['a tag', { tags: ['x'] }, { tags: [text(41)] }],
    ['a tag at all', { tags: [] }, { tags: [''] }],
    ['the year of its begin', { createdAt: Date.UTC(2000, 0) }, { createdAt: Date.UTC(2000, 0) - 1 }],
    ['the day of its begin', { createdAt: now + dayMs - 60_000 }, { createdAt: now + dayMs + 60_000 }],
    ['a title', { datasetName: text(1000) }, { datasetName: text(1001) }],
    ['a licence', { about: { licence: text(1000) } }, { about: { licence: text(1001) } }],
    ['test rows', { testRows: null }, { testRows: -1 }],
    ['an end', { state: { ...record.state, early: true } }, { state: { ...record.state, early: false } }],
    [
      'a failure',
      {
        state: {
          phase: 'failed',
          step: 4,
          error: { name: 'E', message: text(100_000), file: null, line: 1 },
        },
      },
      {
        state: {
          phase: 'failed',
          step: 4,
          error: { name: 'E', message: text(100_001), file: null, line: 1 },
        },
      },
    ],
    ['an engine', { engine }, { engine: { ...engine, parameters: -1 } }],
    ['what it held', { engine: { ...engine, bytesHeld: 0.5 } }, { engine: { ...engine, bytesHeld: -1 } }],
    [
      'why an engine',
      { engine: { ...engine, reason: text(10_000) } },
      { engine: { ...engine, reason: text(10_001) } },
    ],
    ['measurements', { evaluations: rising(5) }, { evaluations: [...rising(3), { step: 2, ...tally }] }],
    [
      'a tally',
      { evaluations: [{ step: 1, correct: 2, total: 2 }] },
      { evaluations: [{ step: 1, correct: 3, total: 2 }] },
    ],
    [
      'moments',
      watched([{ step: 0, answers: [] }]),
      watched([
        { step: 1, answers: [] },
        { step: 1, answers: [] },
      ]),
    ],
    ['own questions', { ownQuestions: ['a', 'b', 'c', 'd'] }, { ownQuestions: ['a', 'b', 'c', 'd', 'e'] }],
    ['a fraction', { fraction: 1 }, { fraction: 0 }],
    ['a share', { fraction: 0.001 }, { fraction: 1.001 }],
  ])('%s has its bounds', (_, good, bad) => {
    expect(() => read(good)).not.toThrow();
    expect(() => read(bad)).toThrow(InputError);
  });

  it.each([
    ['step', { step: 5 }],
    ['savedStep', { savedStep: 5 }],
    ['state.step', { state: { ...record.state, step: 5 } }],
    ['comparison.step', { comparison: { base: tally, distilled: tally, teacher: null, step: 5 } }],
    ['evaluations', { evaluations: [{ step: 5, ...tally }] }],
    ['watched.moments', watched([{ step: 5, answers: [] }])],
  ])('%s is not after the recipe’s last step', (key, changes) => {
    expect(() => read(changes)).toThrow(`"${key}" is at step 5, after the recipe’s last, 4.`);
  });

  it('accepts 10,000 measurements and refuses more', () => {
    const recipe = { 'run.json': '{"steps": 20000}' };
    const long = { step: 20_000, state: { ...record.state, step: 20_000 } };
    const texts = { ...recipe, 'metrics.jsonl': lines([point(20_000)]) };
    expect(read({ ...long, evaluations: rising(10_000) }, texts).run.evaluations).toHaveLength(10_000);
    expect(() => read({ ...long, evaluations: rising(10_001) }, texts)).toThrow(
      '"evaluations" is not as it should be',
    );
  });

  it('keeps what was said, and nothing in the place of what was not', () => {
    const said = {
      note: 'mine',
      studentSha256: 'ab',
      studentHub: 'a/b@1',
      about: { language: 'en' },
      ownQuestions: ['why?'],
      ...watched([]),
    };
    expect(read(said).run).toMatchObject(said);
    const { run } = read({});
    for (const key of Object.keys(said)) expect(run).not.toHaveProperty(key);
    expect(run).not.toHaveProperty('files');
    expect(run.recipe.steps).toBe(4);
  });
});

describe('the texts beside it', () => {
  const metrics = (...points: object[]) => read({}, { 'metrics.jsonl': lines(points) });

  it('are the curve, step after step, and the answers, if there are any', () => {
    expect(metrics(point(1), point(2), point(4)).metrics.map(({ step }) => step)).toEqual([1, 2, 4]);
    expect(metrics({ ...point(1), loss: 'NaN', gradNorm: '-Infinity' }).metrics[0]).toMatchObject({
      loss: NaN,
      gradNorm: -Infinity,
    });
    expect(read({}).predictions).toEqual([]);
    const row = { row: 0, input: 'i', label: 'l', teacher: null, base: 'b', distilled: 'd', rationale: null };
    expect(read({}, { 'predictions.jsonl': lines([row, row]) }).predictions).toHaveLength(2);
  });

  it('are refused with their line where a step comes twice, is after the last, or is no step', () => {
    expect(() => metrics(point(1), point(2), point(2))).toThrow(
      /^mine\/metrics\.jsonl, line 3: step 2 does not come after the one before it/,
    );
    expect(() => metrics(point(1), point(5))).toThrow(
      /^mine\/metrics\.jsonl, line 2: step 5 is after the recipe’s last, 4/,
    );
    for (const wrong of [{ ...point(0) }, { ...point(1), tokens: -1 }, { ...point(1), elapsedMs: -1 }])
      expect(() => metrics(wrong)).toThrow(/^mine\/metrics\.jsonl, line 1/);
    expect(() => read({}, { 'metrics.jsonl': null })).toThrow('mine/metrics.jsonl: this file is missing.');
  });
});

it('a record of another format or version is refused by that', () => {
  const written = { format, version, ...record, config: null, files: [] };
  expect(readRecord(JSON.stringify(written), 'a.json').name).toBe('copper-heron');
  const file = { name: 'a', sizeBytes: -1, sha256: [] };
  expect(() => readRecord(JSON.stringify({ ...written, files: [file] }), 'a.json')).toThrow(InputError);
  expect(() => readRecord('{}', 'a.json')).toThrow('no record of a run (its format is not "stillroom-run")');
  expect(() => readRecord('null', 'a.json')).toThrow(InputError);
  expect(() => readRecord(JSON.stringify({ ...written, version: 2 }), 'a.json')).toThrow(
    'exported in version 2 of the format; this page reads version 1',
  );
});
