import 'fake-indexeddb/auto';
import { beforeEach, expect, it, vi } from 'vitest';
import { notebookRecipe } from '../distill/recipe.ts';
import { openDatabase } from './database.ts';
import { writeDataset } from './datasets.ts';
import { writeExperiment } from './experiments.ts';
import { appendMetrics, labelRun, writePredictions, writeRun } from './runs.ts';
import { measureStored } from './sizes.ts';
import { writeStudent } from './students.ts';

type Tree = { [name: string]: Tree | number };

/** Folders of an origin, with files of so many bytes. */
function folder(tree: Tree): unknown {
  const handle = (one: Tree | number) =>
    typeof one === 'number' ? { getFile: () => Promise.resolve({ size: one }) } : folder(one);
  const each = async function* () {
    for (const entry of Object.entries(tree))
      yield await Promise.resolve([entry[0], handle(entry[1])] as const);
  };
  return {
    getDirectoryHandle: (name: string) =>
      tree[name] === undefined
        ? Promise.reject(new DOMException('gone', 'NotFoundError'))
        : Promise.resolve(handle(tree[name])),
    entries: each,
    values: async function* () {
      for await (const [, one] of each()) yield one;
    },
  };
}

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;

beforeEach(async () => {
  const database = await openDatabase();
  for (const store of database.objectStoreNames) await database.clear(store);
  vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.resolve(folder({})) } });
});

it('nothing takes no room', async () => {
  expect(await measureStored()).toEqual({
    datasets: [],
    students: [],
    tabModels: [],
    experiments: [],
    runs: [],
    leftOver: [],
  });
});

it('files count as long as they are, rows and answers as long as their text is', async () => {
  const examples = { train: [{ row: 0, input: 'é' }], validation: [], test: [{ row: 1 }] } as never;
  await writeDataset(
    { id: 'own', name: 'Own', createdAt: 1, stored: { train: { id: 'rows' } } } as never,
    new Map([
      ['1', new Blob(['12345'])],
      ['2', new Blob(['123'])],
    ]),
    examples,
  );
  const slice = { rowsId: 'rows', slice: 0, examples: [{ row: 7 }] } as never;
  const log = { datasetId: 'own', teacherId: 't', piece: 1, text: 'so' };
  const database = await openDatabase();
  await database.put('rows', slice);
  await database.put('teacherLog', log);
  await writeStudent({ id: 's', name: 'S', createdAt: 1 } as never, new Map([['w', new Blob(['1234'])]]));
  const experiment = { id: 'e', name: 'E', createdAt: 1, runs: [] } as never;
  await writeExperiment(experiment);
  const chunk = (split: string, rows: unknown[]) => ({
    datasetId: 'own',
    split,
    chunk: 0,
    examples: rows,
  });
  expect(await measureStored()).toMatchObject({
    datasets: [
      {
        id: 'own',
        name: 'Own',
        sizeBytes:
          8 +
          text(chunk('train', [{ row: 0, input: 'é' }])) +
          text(chunk('test', [{ row: 1 }])) +
          text(slice) +
          text(log),
      },
    ],
    students: [{ id: 's', name: 'S', sizeBytes: 4 }],
    experiments: [{ id: 'e', name: 'E', sizeBytes: text(experiment) }],
  });
});

it('a run counts with its checkpoints, wherever they lie, and says which one is which', async () => {
  const run = { id: 'r', name: 'R', createdAt: 1, takenStep: 5, recipe: notebookRecipe } as never;
  await writeRun(run);
  await appendMetrics('r', [{ step: 1 }] as never);
  await writePredictions('r', [{ row: 1 }] as never);
  const database = await openDatabase();
  await database.put('weights', { runId: 'r', slice: 0, bytes: new ArrayBuffer(100) });
  const checkpoint = (id: string, step: number, correct: number | null, where: 'files' | 'database') =>
    database.put('checkpoints', {
      runId: 'r',
      id,
      step,
      where,
      createdAt: step * 10,
      loss: 1,
      accuracy: correct === null ? null : { correct, total: 4 },
      files: [{ sizeBytes: 30 }, { sizeBytes: 12 }],
    } as never);
  await checkpoint('a', 3, 3, 'database');
  await checkpoint('b', 5, 1, 'files');
  await checkpoint('c', 9, null, 'files');
  vi.stubGlobal('navigator', {
    storage: {
      getDirectory: () =>
        Promise.resolve(
          folder({ checkpoints: { r: { b: { one: 20, two: 5 } }, gone: { x: { one: 6 }, y: { two: 1 } } } }),
        ),
    },
  });
  const { runs, leftOver } = await measureStored();
  const recordBytes =
    text({ runId: 'r', firstStep: 1, points: [{ step: 1 }] }) +
    text({ runId: 'r', chunk: 0, predictions: [{ row: 1 }] }) +
    100;
  const no = { newest: false, best: false, taken: false };
  expect(runs).toEqual([
    {
      id: 'r',
      name: 'R',
      recordBytes,
      sizeBytes: recordBytes + 42 + 25,
      checkpoints: [
        { id: 'c', step: 9, createdAt: 90, sizeBytes: 0, ...no, newest: true },
        { id: 'b', step: 5, createdAt: 50, sizeBytes: 25, ...no, taken: true },
        { id: 'a', step: 3, createdAt: 30, sizeBytes: 42, ...no, best: true },
      ],
    },
  ]);
  expect(leftOver).toEqual([{ runId: 'gone', sizeBytes: 7 }]);
  // One that was deleted and can still be had back leaves nothing over.
  await labelRun('r', { deletedAt: 5 });
  expect(await measureStored()).toMatchObject({ runs: [], leftOver: [{ runId: 'gone' }] });
});
