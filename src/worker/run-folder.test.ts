import { expect, it } from 'vitest';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { readRunFolder } from './run-folder.ts';

const lines = (...values: object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const point = (step: number) => ({
  step,
  learningRate: 1,
  answerLoss: 1,
  rationaleLoss: null,
  loss: 1,
  gradNorm: 1,
  tokens: 1,
  elapsedMs: step,
});
const job = {
  format: 'stillroom-run-1',
  student: null,
  train: '/rows/mine.jsonl',
  testRows: 2,
  rowsSha256: 'ab',
};

/** What `headless train` leaves behind. */
function finished(): Map<string, string | Uint8Array> {
  const tally = { correct: 1, total: 2 };
  const summary = {
    accuracy: { base: { correct: 0, total: 2 }, distilled: tally, teacher: null, rawText: {} },
    engine: 'wasm',
    backend: 'wasm',
    adapter: 'SIMD',
    reason: 'Because.',
    student: '/students/tiny',
    parameters: 1,
    trainRows: 4,
    testRows: 2,
    steps: 3,
    takenStep: 2,
    elapsedMs: 3,
  };
  return new Map<string, string | Uint8Array>([
    ['run.json', JSON.stringify({ steps: 3, evalEvery: 1, take: 'best' })],
    ['job.json', JSON.stringify({ ...job, student: '/students/tiny' })],
    ['metrics.jsonl', lines(point(1), point(2), point(3))],
    ['evaluations.jsonl', lines({ step: 2, ...tally }, { step: 3, correct: 0, total: 2 })],
    [
      'predictions.jsonl',
      lines({ row: 0, input: 'i', label: 'l', teacher: null, base: 'b', distilled: 'd', rationale: null }),
    ],
    ['summary.json', JSON.stringify(summary)],
    ...[...tinyFolder()].map(([name, bytes]): [string, Uint8Array] => [`model/${name}`, bytes]),
  ]);
}

const read = (files: ReadonlyMap<string, string | Uint8Array>) =>
  readRunFolder(
    new Map([...files].map(([path, content]) => [path, new Blob([content as Uint8Array<ArrayBuffer>])])),
    'mine',
  );

it('reads what the terminal leaves behind: names, curve, measurements, answers, the weights that were taken', async () => {
  const { run, metrics, predictions, weights, moments } = await read(finished());
  expect(run).toMatchObject({
    name: 'mine',
    studentName: 'tiny',
    datasetName: 'mine.jsonl',
    trainRows: 4,
    rowsSha256: 'ab',
    step: 3,
    savedStep: 2,
    state: { phase: 'done', step: 3, stopped: false },
    testRows: 2,
    comparison: { base: { correct: 0 }, distilled: { correct: 1 }, step: 2 },
    engine: { engine: 'wasm', adapter: 'SIMD' },
  });
  expect([metrics.length, run.evaluations.length, predictions.length]).toEqual([3, 2, 1]);
  expect(weights?.size).toBeGreaterThan(5);
  expect(moments).toBeNull();
});

it('says what is missing, or not as it was written', async () => {
  const without = (...names: string[]) =>
    new Map([...finished()].filter(([path]) => !names.some((name) => path.startsWith(name))));
  await expect(read(without('model/'))).rejects.toThrow('has kept no weights yet');
  await expect(read(without('metrics.jsonl'))).rejects.toThrow('missing');
  await expect(read(without('run.json'))).rejects.toThrow('not valid JSON');
  await expect(read(new Map([...finished(), ['job.json', '[]']]))).rejects.toThrow('not what a run writes');
  await expect(read(new Map([...finished(), ['evaluations.jsonl', '{\n']]))).rejects.toThrow('evaluations.0');
  // Adapters alone, and no model of them yet.
  const adapters = new Map([...without('model/', 'summary.json')]);
  adapters.set('checkpoint-2/checkpoint.json', '{}');
  await expect(read(adapters)).rejects.toThrow('checkpoint.json of step 2 is not as it was written');
});
