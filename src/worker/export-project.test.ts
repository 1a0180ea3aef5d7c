import 'fake-indexeddb/auto';
import { unzipSync } from 'fflate';
import { beforeEach, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import type { scaleFolder } from '../export/scale-folder.ts';
import { writeDataset, readDataset, readExamples } from '../store/datasets.ts';
import { exportProject } from './export-project.ts';
import type { CommandOf } from './protocol.ts';
import { emptyStore, newRun, stateAt, trainedRun, watch } from './testing/tiny-store.ts';

withWebLocks();
type Told = Parameters<typeof scaleFolder>[0];
const told: Told[] = [];
// What a project has in it is held by tests of its own; here it is what it is told.
vi.mock(import('../export/scale-folder.ts'), async (original) => {
  const actual = await original();
  return {
    ...actual,
    scaleFolder: (given: Told) => {
      told.push(given);
      const bytes = new TextEncoder().encode('a file');
      return Promise.resolve([{ path: 'a.txt', sizeBytes: 6, chunks: () => [bytes], bytes }] as never);
    },
  };
});

beforeEach(async () => {
  told.length = 0;
  await emptyStore();
});

const project = async (of: CommandOf<'export-project'>['of']) => {
  const { blob, fileName } = await exportProject({ type: 'export-project', of }, watch);
  return { fileName, files: unzipSync(new Uint8Array(await blob.arrayBuffer())), given: told.at(-1)! };
};

it('of a run to come has its rows, those of its fraction and as many tests as it asks for, and nothing begun', async () => {
  const run = await newRun();
  const { fileName, files, given } = await project({
    run: { ...run, testRows: 1, experiment: { id: 'x', name: 'alpha', fraction: 0.5 } },
  });
  expect(fileName).toMatch(/^\w+-\w+-project\.zip$/);
  expect(Object.values(files)).toHaveLength(1);
  expect([given.train.length, given.test.length, given.validation?.length]).toEqual([2, 1, 0]);
  expect(given.begun).toBeNull();
  expect(given.names).toMatchObject({ datasetName: 'mine', studentName: 'tiny', testRows: 1 });
  const whole = await project({ run });
  expect([whole.given.train.length, whole.given.test.length]).toEqual([4, 2]);
});

it('of a run that was begun has its newest checkpoint, the curve and the measurements up to it', async () => {
  const evaluations = [2, 4, 5].map((step) => ({ step, correct: 1, total: 2 }));
  const run = await trainedRun({ evaluations }, { steps: 9 });
  const { given } = await project({ runId: run.id });
  const begun = given.begun!;
  expect(begun.state.step).toBe(4);
  expect(begun.state.expAvg.get('shared.weight')).toEqual(stateAt(4).expAvg.get('shared.weight'));
  expect(begun).toMatchObject({ elapsedMs: 400, engine: { adapter: 'two threads' }, kept: [] });
  expect(begun.metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  expect(begun.evaluations.map(({ step }) => step)).toEqual([2, 4]);
});

it('keeps the weights of earlier steps that may yet be taken', async () => {
  const evaluations = [
    { step: 2, correct: 2, total: 2 },
    { step: 4, correct: 1, total: 2 },
  ];
  const run = await trainedRun({ evaluations }, { steps: 9, take: 'best', evalEvery: 2 });
  const { kept } = (await project({ runId: run.id })).given.begun!;
  expect(kept?.map(({ step }) => step)).toEqual([2]);
  expect(kept?.[0]?.weights.get('shared.weight')).toEqual(stateAt(2).weights.get('shared.weight'));
});

it('has nothing to resume where all steps are taken', async () => {
  const run = await trainedRun();
  expect((await project({ runId: run.id })).given.begun).toBeNull();
});

it('is refused where the rows are gone or others by now', async () => {
  const run = await trainedRun();
  const record = (await readDataset(run.datasetId))!;
  const test = await readExamples(run.datasetId, 'test');
  const put = (train: typeof test) => writeDataset(record, new Map(), { train, validation: [], test });
  await put(test);
  await expect(project({ runId: run.id })).rejects.toThrow(
    'The rows of mine are not those that copper-heron was trained on.',
  );
  await put([]);
  await expect(project({ runId: run.id })).rejects.toThrow(
    'The rows that copper-heron was trained on are no longer stored.',
  );
  await expect(project({ runId: 'gone' })).rejects.toThrow('no longer stored');
});
