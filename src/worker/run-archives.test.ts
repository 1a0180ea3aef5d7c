import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { digestStudent } from '../distill/checkpoint.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import { checkpointState, listCheckpoints } from '../store/checkpoints.ts';
import { openDatabase } from '../store/database.ts';
import { readKeptStudent } from '../store/kept-students.ts';
import type { RunRecord, StudentRecord } from '../store/records.ts';
import * as runs from '../store/runs.ts';
import { studentDigest, writeStudent } from '../store/students.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { writeSafetensors } from '../formats/safetensors-writer.ts';
import { tinyConfig, tinyFolder, tinyTensors } from '../student/testing/tiny-student.ts';
import { exportRun, importRun, importRunFolder } from './run-archives.ts';
import { archiveFiles, readArchive } from '../export/run-archive.ts';
import { zipChunks } from '../export/zip.ts';
import { storedWeights } from './stored-weights.ts';
import {
  bringRows,
  bringStudent,
  emptyStore,
  folderOf,
  newRun,
  stateAt,
  trainedRun,
  watch,
} from './testing/tiny-store.ts';

withWebLocks();
vi.mock('../store/runs.ts', async (original) => ({ ...(await original<typeof runs>()) }));

const silent = (): void => undefined;
const tally = { correct: 1, total: 2 };

async function exported(more: Partial<RunRecord> = {}): Promise<File> {
  const run = {
    id: 'a',
    name: 'copper-heron',
    createdAt: Date.now(),
    datasetId: 'd',
    datasetName: 'rows',
    studentId: 's',
    studentName: 'tiny',
    recipe: { ...notebookRecipe, steps: 2 },
    testRows: null,
    state: { phase: 'done', step: 2, stopped: false },
    heartbeatAt: 0,
    engine: null,
    evaluations: [],
    comparison: { base: tally, distilled: tally, teacher: null, step: 2 },
    step: 2,
    trainRows: 4,
    rowsSha256: 'ab',
    savedStep: null,
    engineChoice: null,
    backend: null,
    ...more,
  } as unknown as RunRecord;
  await runs.writeRun(run);
  const point = { learningRate: 1, answerLoss: 1, rationaleLoss: null, loss: 1, gradNorm: 1, tokens: 1 };
  await runs.appendMetrics(
    'a',
    [1, 2].map((step) => ({ ...point, step, elapsedMs: step })),
  );
  const { blob, fileName } = await exportRun(
    { type: 'export-run', runId: 'a' },
    { report: silent, signal: new AbortController().signal },
  );
  return new File([blob], fileName);
}

async function everything(): Promise<number> {
  const database = await openDatabase();
  const counts = await Promise.all(
    (['runs', 'metrics', 'predictions', 'checkpoints'] as const).map((store) => database.count(store)),
  );
  return counts.reduce((sum, count) => sum + count);
}

it('an import comes in whole, and what a killed one leaves goes at the next opening', async () => {
  const file = await exported();
  const { runId } = await importRun({ type: 'import-run', file }, silent);
  expect(await runs.readRun(runId)).toMatchObject({ name: 'copper-heron', imported: {} });
  expect(await runs.readMetrics(runId)).toHaveLength(2);
  const before = await everything();

  // Killed once its points are stored: nothing after that happens any more.
  const append = vi.spyOn(runs, 'appendMetrics');
  let stored = (): void => undefined;
  const isStored = new Promise<void>((resolve) => (stored = resolve));
  append.mockImplementation(async (id, points) => {
    append.mockRestore();
    await runs.appendMetrics(id, points);
    stored();
    return new Promise<never>(() => undefined);
  });
  void importRun({ type: 'import-run', file }, silent);
  await isStored;
  expect(await runs.listRuns()).toHaveLength(2);
  const [left] = await runs.listDeletedRuns();
  // As long as a tab is storing it, no other removes it.
  await runs.removeDeleted(left!.id);
  expect(await everything()).toBeGreaterThan(before);
  withWebLocks();
  await runs.removeDeleted(left!.id);
  expect(await everything()).toBe(before);
});

it('finds its student again by its files, and takes no other of the same name for it', async () => {
  const student = (id: string, more: Partial<StudentRecord>) =>
    ({ id, name: 'tiny', config: null, createdAt: 1, source: 'folder', ...more }) as unknown as StudentRecord;
  const file = await exported({ studentId: 'elsewhere', studentSha256: 'of-x' });
  const studentOf = async (zip: File): Promise<string> =>
    (await runs.readRun((await importRun({ type: 'import-run', file: zip }, silent)).runId))!.studentId;
  await runs.deleteRun('a');

  await writeStudent(student('other', { sha256: 'of-y' }), new Map());
  await writeStudent(student('nano', { source: 'bundled' }), new Map());
  expect(await studentOf(file)).toBe('elsewhere');
  // Of an earlier version, whose record has no digest: its files tell.
  const files = new Map([['tiny/config.json', new Blob(['{}'])]]);
  await writeStudent(student('older', {}), files);
  expect(await studentOf(file)).toBe('elsewhere');
  const own = await exported({ studentId: 'elsewhere', studentSha256: await studentDigest(files) });
  await runs.deleteRun('a');
  expect(await studentOf(own)).toBe('older');
  await writeStudent(student('same', { sha256: 'of-x' }), new Map());
  expect(await studentOf(file)).toBe('same');
});

it('finds the student of a run from the terminal by its weights, whatever its name', async () => {
  await emptyStore();
  const text = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const own = new Map(tinyFolder()).set(
    'model.safetensors',
    writeSafetensors(tinyTensors(tinyConfig(), 77), { dtype: 'f32', metadata: { format: 'pt' } }),
  );
  const begunWith = await digestStudent(await readStudentFolder(filesInMemory(own), 'tiny'));
  const files = new Map<string, Uint8Array>([
    ['run.json', text({ steps: 2 })],
    [
      'summary.json',
      text({
        accuracy: null,
        engine: 'wasm',
        backend: 'wasm',
        adapter: 'SIMD',
        reason: '',
        student: 'tiny',
        parameters: 1,
        trainRows: 4,
        testRows: 0,
        steps: 2,
        elapsedMs: 1,
      }),
    ],
    [
      'job.json',
      text({
        student: '/students/tiny',
        train: '/rows.jsonl',
        rowsSha256: 'ab',
        digests: { student: begunWith },
      }),
    ],
    [
      'metrics.jsonl',
      new TextEncoder().encode(
        [1, 2]
          .map(
            (step) =>
              `${JSON.stringify({ step, learningRate: 1, answerLoss: 1, rationaleLoss: null, loss: 1, gradNorm: 1, tokens: 1, elapsedMs: step })}\n`,
          )
          .join(''),
      ),
    ],
    ...[...tinyFolder()].map(([name, bytes]): [string, Uint8Array] => [`model/${name}`, bytes]),
  ]);
  const studentOf = async (): Promise<string> => {
    const dropped = folderOf('mine', files).map(({ path, file }) => ({
      path: path.slice('mine/'.length),
      file,
    }));
    const command = { type: 'import-run-folder', name: 'mine', files: dropped } as const;
    return (await runs.readRun((await importRunFolder(command, silent)).runId))!.studentId;
  };
  await bringStudent('tiny');
  expect(await studentOf()).toBe('');
  const renamed = await bringStudent('renamed', own);
  expect(await studentOf()).toBe(renamed);
});

describe('a run with its student, weights and curve', () => {
  beforeEach(emptyStore);

  const archive = async (run: RunRecord): Promise<File> => {
    const told: number[] = [];
    const report = (_: string, done: number): void => void told.push(done);
    const { blob, fileName } = await exportRun({ type: 'export-run', runId: run.id }, { ...watch, report });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    return new File([blob], fileName);
  };
  const brought = async (file: File) => {
    const { runId } = await importRun({ type: 'import-run', file }, silent);
    return (await runs.readRun(runId))!;
  };

  it('comes in as it went out, on the same rows and student where they are here', async () => {
    const run = await trainedRun({ pinned: true, takenStep: 2 });
    const file = await archive(run);
    expect(file.name).toBe('copper-heron.run.zip');
    const again = await brought(file);
    expect(again).toMatchObject({
      name: 'copper-heron',
      revision: 1,
      recipe: run.recipe,
      state: run.state,
      step: 4,
      // It went with the weights that are taken.
      savedStep: 2,
      studentId: run.studentId,
      datasetId: run.datasetId,
      rowsSha256: run.rowsSha256,
      engineChoice: null,
      backend: null,
      imported: { fileName: 'copper-heron.run.zip' },
    });
    expect(again.id).not.toBe(run.id);
    for (const key of ['pinned', 'takenStep', 'deletedAt']) expect(again).not.toHaveProperty(key);
    expect(again.imported).not.toHaveProperty('goesOn');
    expect(again.sign).not.toBe(run.sign);
    expect((await runs.readMetrics(again.id)).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(await runs.readPredictions(again.id)).toHaveLength(2);
    expect((await storedWeights(again)).get('shared.weight')).toEqual(
      stateAt(2).weights.get('shared.weight'),
    );
  });

  it('can be resumed elsewhere where steps are left and its averages were kept', async () => {
    const run = await trainedRun({ state: { phase: 'training', step: 4, steps: 9 } }, { steps: 9 });
    const again = await brought(await archive(run));
    // It is saved as stopped.
    expect(again.state).toEqual({ phase: 'done', step: 4, stopped: true });
    expect(again.imported).toMatchObject({ goesOn: true });
    const state = (await checkpointState(again.id, 4))!;
    expect(state.expAvg.get('shared.weight')).toEqual(stateAt(4).expAvg.get('shared.weight'));
    expect(state.expAvgSq.get('shared.weight')).toEqual(stateAt(4).expAvgSq.get('shared.weight'));
    const [kept] = await listCheckpoints(again.id);
    expect(kept).toMatchObject({
      step: 4,
      elapsedMs: 400,
      accuracy: null,
      engine: { engine: 'wasm', adapter: 'two threads' },
    });
  });

  it('cannot where its weights are of an earlier step, or Adafactor kept other averages', async () => {
    const earlier = await trainedRun({ takenStep: 2 }, { steps: 9 });
    expect((await brought(await archive(earlier))).imported).not.toHaveProperty('goesOn');
    await emptyStore();
    const other = await trainedRun({}, { steps: 9, optimizer: 'adafactor' });
    expect((await brought(await archive(other))).imported).not.toHaveProperty('goesOn');
  });

  it('finds its rows and its student by what they are, where they have other ids here', async () => {
    const run = await trainedRun();
    const file = await archive(run);
    await emptyStore();
    const here = await newRun();
    const again = await brought(file);
    expect(again).toMatchObject({ datasetId: here.datasetId, studentId: here.studentId });
    await emptyStore();
    // Neither is here: what it had elsewhere stays.
    await bringRows({ train: ['other', 'rows', 'are', 'here'] });
    const lonely = await brought(file);
    expect(lonely).toMatchObject({ datasetId: run.datasetId, studentId: run.studentId });
    expect(lonely.keptStudent).toBeTypeOf('string');
    expect((await storedWeights(lonely)).size).toBe(stateAt(4).weights.size);
  });

  it('goes without its student and weights where nothing was kept of it', async () => {
    const run = await trainedRun({ studentId: 'gone' });
    const again = await brought(await archive(run));
    expect(again.savedStep).toBeNull();
    expect(await runs.readMetrics(again.id)).toHaveLength(4);
  });

  it('keeps its student where the last run that needed it goes meanwhile', async () => {
    const run = await trainedRun();
    const file = await archive(run);
    const { id, keptStudent } = await brought(file);
    const { writeRun } = runs;
    const write = vi.spyOn(runs, 'writeRun').mockImplementationOnce(async (record) => {
      await runs.deleteRun(id);
      await writeRun(record);
    });
    const again = await brought(file).finally(() => write.mockRestore());
    expect(again.keptStudent).toBe(keptStudent);
    expect(await readKeptStudent(keptStudent)).not.toBeNull();
  });

  it('leaves nothing where it cannot be stored, and says why', async () => {
    const file = await archive(await trainedRun());
    const before = await everything();
    const write = vi.spyOn(runs, 'writePredictions').mockRejectedValue(new Error('no room'));
    try {
      await expect(importRun({ type: 'import-run', file }, silent)).rejects.toThrow('no room');
    } finally {
      write.mockRestore();
    }
    expect(await everything()).toBe(before);
    expect(await runs.listDeletedRuns()).toEqual([]);
    await expect(exportRun({ type: 'export-run', runId: 'gone' }, watch)).rejects.toThrow('no longer stored');
  });
});

it('tries the tokenizer of a run whose record says nothing of its student', async () => {
  await emptyStore();
  const texts = new TextDecoder();
  const student = Object.fromEntries(
    [...tinyFolder()]
      .filter(([name]) => name.endsWith('.json'))
      .map(([name, bytes]) => [name, texts.decode(bytes)]),
  );
  const tokenizer = JSON.parse(student['tokenizer.json']!) as object;
  const twice = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
  const normalizer = { type: 'Sequence', normalizers: Array.from({ length: 60 }, () => twice) };
  student['tokenizer.json'] = JSON.stringify({ ...tokenizer, normalizer });
  const { run, metrics, predictions } = await readArchive(
    new Uint8Array(await (await exported()).arrayBuffer()),
    'x.run.zip',
  );
  const archive = { run, metrics, predictions, config: null, student, weights: null, moments: null };
  const zip = new File(
    [...zipChunks('heron', await archiveFiles(archive))].map((chunk) => chunk.slice()),
    'x.run.zip',
  );
  await expect(importRun({ type: 'import-run', file: zip }, silent)).rejects.toThrow(
    /tokenizer\.json: The tokenizer fails with a plain text/,
  );
});
