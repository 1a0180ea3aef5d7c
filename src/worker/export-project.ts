/** A run, stored or to come, as a project that trains on more machines than one: see export/scale-folder.ts. */
import { InputError } from '../base/errors.ts';
import { digestRows } from '../distill/checkpoint.ts';
import type { Watch } from '../distill/ports.ts';
import { keptSteps } from '../distill/selection.ts';
import type { EngineState } from '../engine/engine.ts';
import type { BegunRun, KeptWeights } from '../export/scale-folder.ts';
import { safeFolderName } from '../export/zip.ts';
import { checkpointState, checkpointWeights, listCheckpoints } from '../store/checkpoints.ts';
import { chooseRows, rowsOfFraction } from '../experiment/rows.ts';
import { readExamples } from '../store/datasets.ts';
import type { RunRecord } from '../store/records.ts';
import { readMetrics } from '../store/runs.ts';
import { limited } from './drive-run.ts';
import { openStudent } from './import-student.ts';
import type { CommandOf, Results } from './protocol.ts';
import { newRecord, stored } from './stored-run.ts';
import { zipBlob } from './zip-blob.ts';

/**
 * See `export-project` in protocol.ts.
 * @throws InputError where rows or student are gone, or the rows are others than the run's; and as `scaleFolder`.
 */
export async function exportProject(
  { of }: CommandOf<'export-project'>,
  { report: progress, signal }: Watch,
): Promise<Results['export-project']> {
  // Its programs are fetched by those who take it.
  const { hasMoments, scaleFolder } = await import('../export/scale-folder.ts');
  const run = 'runId' in of ? await stored(of.runId) : await newRecord(of.run);
  const rows = (split: 'train' | 'validation' | 'test') => readExamples(run.datasetId, split);
  const train = await rows('train');
  if ('runId' in of) await refuseOtherRows(run, train);
  const student = await openStudent(run.studentId, progress);
  progress('packing the project', 0, 1);
  const files = await scaleFolder({
    names: namesOf(run),
    recipe: run.recipe,
    student,
    train: ofFraction(run, train),
    validation: await rows('validation'),
    test: limited(await rows('test'), run.testRows),
    begun: 'runId' in of ? await begunRun(run, hasMoments) : null,
  });
  const name = `${run.name}-project`;
  const blob = await zipBlob(name, files, {
    signal,
    report: (done, total) => progress('packing the project', done, total),
  });
  return { blob, fileName: `${safeFolderName(name)}.zip` };
}

function namesOf({ name, datasetId, datasetName, studentId, studentName, ...run }: RunRecord) {
  const { reading, studentSha256, testRows } = run;
  return {
    name,
    datasetId,
    datasetName,
    studentId,
    studentName,
    testRows,
    ...(reading === undefined ? {} : { reading }),
    ...(studentSha256 === undefined ? {} : { studentSha256 }),
  };
}

/** The rows that the run is trained on. */
function ofFraction<T>({ fraction, recipe }: RunRecord, train: readonly T[]): readonly T[] {
  if (fraction === undefined) return train;
  return chooseRows(train, { rows: rowsOfFraction(fraction, train.length), seed: recipe.seed });
}

/** The steps of other rows would be another run's. */
async function refuseOtherRows(
  { name, datasetName, rowsSha256 }: RunRecord,
  train: readonly object[],
): Promise<void> {
  if (train.length > 0 && rowsSha256 === (await digestRows(train))) return;
  throw new InputError(
    train.length === 0
      ? `The rows that ${name} was trained on are no longer stored.`
      : `The rows of ${datasetName} are not those that ${name} was trained on.`,
    'Add the files as they were on Data, or take the recipe from Train with the rows that are there.',
  );
}

/** What there is to resume; null where nothing is, or all steps are taken. */
async function begunRun(
  { id, recipe, evaluations }: RunRecord,
  hasMoments: (state: EngineState) => boolean,
): Promise<BegunRun | null> {
  const [newest] = await listCheckpoints(id);
  if (newest === undefined || newest.step >= recipe.steps) return null;
  const state = await checkpointState(id, newest.step);
  if (state === null || !hasMoments(state)) return null;
  const { step, elapsedMs, engine } = newest;
  const earlier = evaluations.filter((one) => one.step <= step);
  const kept: KeptWeights[] = [];
  for (const other of recipe.take === 'last' ? [] : keptSteps(recipe, earlier)) {
    const weights = other < step ? await checkpointWeights(id, other) : null;
    if (weights !== null) kept.push({ step: other, weights });
  }
  return {
    state,
    elapsedMs,
    engine,
    kept,
    metrics: (await readMetrics(id)).filter((point) => point.step <= step),
    evaluations: earlier,
  };
}
