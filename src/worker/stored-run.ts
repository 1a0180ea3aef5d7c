/** Runs as the store has them: begun, at rest, or about to be timed. */
import { InputError } from '../base/errors.ts';
import { memorableName } from '../base/names.ts';
import { RandomSequence } from '../base/random.ts';
import { keptReading } from '../data/reading.ts';
import type { RowSource } from '../data/row-source.ts';
import { splitNames } from '../data/split.ts';
import { engineStudent } from '../distill/engine-student.ts';
import type { Watch } from '../distill/ports.ts';
import { isActive } from '../distill/run-state.ts';
import { chooseFrom, rowsOfFraction } from '../experiment/rows.ts';
import { testRatesOfRun } from '../jobs/rate-test.ts';
import { rehearseRun } from '../jobs/rehearse.ts';
import { openRows, readDataset, readFirst, trainSha256 } from '../store/datasets.ts';
import { locksOf } from '../store/holders.ts';
import { heldError, holdRun } from '../store/locks.ts';
import type { RunRecord } from '../store/records.ts';
import { freeSign } from '../store/run-sign.ts';
import { listRuns, readRun, takeRun } from '../store/runs.ts';
import { readStudentRecord } from '../store/students.ts';
import { openStudent } from './import-student.ts';
import { openEngine } from './machine.ts';
import type { NewRun, Results } from './protocol.ts';
import { heartbeatEveryMs } from './run-journal.ts';

/** See `rehearse` in protocol.ts. @throws InputError where the student or all rows are gone. */
export async function rehearseStored(run: NewRun, watch: Watch): Promise<Results['rehearse']> {
  const { recipe, engine, backend, testRows } = run;
  const train = await openRows(run.datasetId, 'train');
  if (train.length === 0)
    throw new InputError('There are no training rows.', 'Add a training file on Data first.');
  const test = await readFirst(run.datasetId, 'test', testRows);
  const student = await openStudent(run.studentId, watch.report);
  const trained = engineStudent(student, recipe);
  return rehearseRun(
    {
      tokenizer: student.tokenizer,
      recipe,
      train,
      test,
      open: (request, tellCompiling) => openEngine(trained, request, tellCompiling),
      request: { engine, backend },
    },
    watch,
  );
}

/** Tries learning rates on the rows and the student of a run to come. */
export async function testRatesOfStored(run: NewRun, watch: Watch): Promise<Results['test-rates']> {
  const { recipe, engine, backend } = run;
  const train = await openRows(run.datasetId, 'train');
  if (train.length === 0)
    throw new InputError('There are no training rows.', 'Add a training file on Data first.');
  const student = await openStudent(run.studentId, watch.report);
  const trained = engineStudent(student, recipe);
  return testRatesOfRun(
    {
      tokenizer: student.tokenizer,
      recipe,
      train,
      open: (request, tellCompiling) => openEngine(trained, request, tellCompiling),
      request: { engine, backend },
    },
    watch,
  );
}

/**
 * Reads a run that no tab is training. A run that a reload has just interrupted counts as such, although its record still
 * says that it is training.
 * @throws EngineError where somebody else is at work on it.
 */
export async function storedAtRest(runId: string): Promise<RunRecord> {
  (await holdRun(runId))();
  const run = await stored(runId);
  const isFresh = Date.now() - run.heartbeatAt < 3 * heartbeatEveryMs;
  if (locksOf() === null && isActive(run.state) && isFresh) {
    throw heldError('This run', 'unsure');
  }
  return run;
}

/** Takes over a run, which the caller holds. @throws InputError where it is no longer stored. */
export async function taken(runId: string): Promise<RunRecord> {
  const run = await takeRun(runId);
  if (run === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  return run;
}

/** @throws InputError where it is no longer stored. */
export async function stored(runId: string): Promise<RunRecord> {
  const run = await readRun(runId);
  if (run === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  return run;
}

/** The record of a run that begins. @throws InputError where there are no rows, or no student. */
export async function newRecord(run: NewRun): Promise<RunRecord> {
  const dataset = await readDataset(run.datasetId);
  const student = await readStudentRecord(run.studentId);
  if (!dataset?.splits.train)
    throw new InputError('There are no training rows.', 'Add a training file on Data first.');
  for (const split of splitNames) {
    const alarm = dataset.splits[split]?.alarm;
    if (alarm !== undefined) throw new InputError(alarm.text, 'Say on Data what is to be done with them.');
  }
  if (!student) throw new InputError('There is no student.', 'Choose one on Student first.');
  const id = crypto.randomUUID();
  const read = keptReading(dataset.files, dataset.reading, dataset.splits.train.lint);
  const reading = run.metric === undefined ? read : { ...read, metric: run.metric };
  return {
    id,
    revision: 1,
    sign: freeSign(await listRuns()),
    name: memorableName(new RandomSequence(Number.parseInt(id.slice(0, 8), 16))),
    createdAt: Date.now(),
    datasetId: dataset.id,
    datasetName: dataset.name,
    studentId: student.id,
    studentName: student.name,
    recipe: run.recipe,
    ...(reading === null ? {} : { reading }),
    testRows: run.testRows,
    engineChoice: run.engine,
    backend: run.backend,
    state: { phase: 'idle' },
    heartbeatAt: Date.now(),
    engine: null,
    evaluations: [],
    comparison: null,
    step: 0,
    ...(run.ownQuestions === undefined || run.ownQuestions.length === 0
      ? {}
      : { ownQuestions: [...run.ownQuestions] }),
    trainRows: rowsOf(run, dataset.splits.train.rows),
    ...experimentOf(run),
    rowsSha256: await trainSha256(dataset),
    savedStep: null,
  };
}

function rowsOf({ experiment }: NewRun, total: number): number {
  const fraction = experiment?.fraction ?? null;
  return fraction === null ? total : rowsOfFraction(fraction, total);
}

/** What a run's record has of its experiment, whose name is its tag. */
function experimentOf({ experiment }: NewRun): Pick<RunRecord, 'fraction' | 'experimentId' | 'tags'> {
  if (experiment === undefined) return {};
  const { id, name, fraction } = experiment;
  return { experimentId: id, tags: [name], ...(fraction === null ? {} : { fraction }) };
}

/** The training rows of a run: those of its fraction, or all. */
export async function openTrainRows({
  datasetId,
  fraction,
  recipe,
}: Pick<RunRecord, 'datasetId' | 'fraction' | 'recipe'>): Promise<RowSource> {
  const all = await openRows(datasetId, 'train');
  if (fraction === undefined) return all;
  return chooseFrom(all, { rows: rowsOfFraction(fraction, all.length), seed: recipe.seed });
}
