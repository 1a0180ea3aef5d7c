import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { checkpointParts, writeSlices, type CheckpointFile } from '../distill/checkpoint.ts';
import type { EngineState } from '../engine/engine.ts';
import { parseT5Config } from '../student/config.ts';
import { tinyConfig, tinyFolder } from '../student/testing/tiny-student.ts';
import { readRunFolder } from './run-folder.ts';
import { stateAt } from './testing/tiny-store.ts';

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

describe('a run that is on its way', () => {
  const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');

  /** The files of a checkpoint, as the terminal writes them. */
  async function checkpoint(step: number, changes: Partial<EngineState> = {}) {
    const files = new Map<string, string | Uint8Array>();
    const named: CheckpointFile[] = [];
    for (const { name, file } of checkpointParts({ ...stateAt(step), ...changes }, config)) {
      const bytes = new Uint8Array(file.sizeBytes);
      named.push(await writeSlices(name, file, (slice, offset) => bytes.set(slice, offset)));
      files.set(`checkpoint-${step}/${name}`, bytes);
    }
    for (const [name, bytes] of tinyFolder())
      if (name !== 'model.safetensors') files.set(`checkpoint-${step}/${name}`, bytes);
    const engine = { engine: 'torch', backend: 'cuda', adapter: 'a GPU' };
    files.set(
      `checkpoint-${step}/checkpoint.json`,
      JSON.stringify({ step, elapsedMs: 1, engine, files: named }),
    );
    return files;
  }
  function underWay(...checkpoints: Map<string, string | Uint8Array>[]) {
    const texts: [string, string | Uint8Array][] = [
      ['run.json', JSON.stringify({ steps: 9 })],
      ['job.json', JSON.stringify(job)],
      // Killed in the middle of a line.
      ['metrics.jsonl', `${lines(point(1), point(2), point(3))}{"step": 4`],
    ];
    return new Map([...texts, ...checkpoints.flatMap((files) => [...files])]);
  }

  it('has the newest checkpoint, with which it can be resumed, and the whole lines of its curve', async () => {
    const found = await read(underWay(await checkpoint(1), await checkpoint(3)));
    expect(found.run).toMatchObject({
      savedStep: 3,
      step: 3,
      state: { phase: 'done', step: 3, stopped: true },
      comparison: null,
      studentName: 'nano',
      engine: { engine: 'torch', backend: 'cuda', adapter: 'a GPU', reason: '', bytesHeld: 0 },
    });
    expect(found.metrics).toHaveLength(3);
    expect(found.weights?.get('shared.weight')).toEqual(stateAt(3).weights.get('shared.weight'));
    expect(found.moments?.expAvg.get('shared.weight')).toEqual(stateAt(3).expAvg.get('shared.weight'));
  });

  it('has the one before where the newest is damaged, and says so where none is whole', async () => {
    const damaged = await checkpoint(3);
    const bytes = damaged.get('checkpoint-3/model.safetensors') as Uint8Array;
    bytes[bytes.length - 1]! ^= 1;
    const found = await read(underWay(await checkpoint(1), damaged));
    expect(found.run.savedStep).toBe(1);
    await expect(read(underWay(damaged))).rejects.toThrow('The checkpoint of step 3 is damaged');
    damaged.delete('checkpoint-3/model.safetensors');
    await expect(read(underWay(damaged))).rejects.toThrow(
      'model.safetensors is missing (it was not dropped)',
    );
  });

  it('cannot be resumed from weights alone, of a checkpoint without averages', async () => {
    const found = await read(underWay(await checkpoint(3, { expAvg: new Map(), expAvgSq: new Map() })));
    expect(found.moments).toBeNull();
    expect(found.run.savedStep).toBe(3);
  });

  it('ended early is whole, and has nothing to resume', async () => {
    const files = finished();
    const summary = JSON.parse(files.get('summary.json') as string) as Record<string, unknown>;
    files.set('run.json', JSON.stringify({ steps: 9, evalEvery: 1 }));
    const summed = async (changes: object) =>
      (await read(new Map([...files, ['summary.json', JSON.stringify({ ...summary, ...changes })]]))).run;
    expect((await summed({})).state).toEqual({ phase: 'done', step: 3, stopped: true });
    expect((await summed({ early: true })).state).toEqual({
      phase: 'done',
      step: 3,
      stopped: false,
      early: true,
    });
    const last = await summed({ takenStep: undefined });
    expect(last).toMatchObject({ savedStep: 3, comparison: { step: 3 } });
    expect((await summed({ accuracy: null })).comparison).toBeNull();
    const alone = { distilled: { correct: 1, total: 2 }, teacher: null };
    expect((await summed({ accuracy: alone })).comparison).toBeNull();
  });

  it('of a project has the names that the studio knew it by, and what computed it', async () => {
    const known = {
      name: 'copper-heron',
      datasetId: 'd',
      datasetName: 'rows',
      studentId: 's',
      studentName: 'mine',
      trainRows: 7,
      testRows: null,
      studentSha256: 'cd',
    };
    const files = finished().set('../scale.json', JSON.stringify({ run: known }));
    expect((await read(files)).run).toMatchObject({
      name: 'copper-heron on SIMD',
      datasetId: 'd',
      datasetName: 'rows',
      studentId: 's',
      studentName: 'mine',
      studentSha256: 'cd',
      trainRows: 7,
    });
    const long = finished().set(
      '../scale.json',
      JSON.stringify({ run: { ...known, name: 'x'.repeat(300) } }),
    );
    expect((await read(long)).run.name).toHaveLength(200);
  });
});

it('refuses more measurements, and larger texts, than a run has, before anything is built of them', async () => {
  const files = finished();
  files.set('evaluations.jsonl', '{}\n'.repeat(10_001));
  await expect(read(files)).rejects.toThrow(
    'mine/evaluations.jsonl: it has 10,001 measurements; more than 10,000 are not read.',
  );
  files.set('job.json', `{"x":[${'[],'.repeat(200_000)}[]]}`);
  await expect(read(files)).rejects.toThrow('mine/job.json: This file has more than 200,000 values');
  files.set('job.json', ' '.repeat(20_000_001));
  await expect(read(files)).rejects.toThrow(
    'mine/job.json: this file has 20.0 MB; more than 20.0 MB is not read.',
  );
});
