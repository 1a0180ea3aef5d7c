import 'fake-indexeddb/auto';
import { expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import { openDatabase } from '../store/database.ts';
import type { RunRecord, StudentRecord } from '../store/records.ts';
import * as runs from '../store/runs.ts';
import { studentDigest, writeStudent } from '../store/students.ts';
import { exportRun, importRun } from './run-archives.ts';

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
