/** A run of the store, bound to the job that trains: its student, its rows, its journal, its checkpoints. */
import { CheckpointError } from '../base/errors.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import type { Example } from '../data/example.ts';
import { askedBy } from '../distill/answer.ts';
import type { Control } from '../distill/control.ts';
import { engineStudent } from '../distill/engine-student.ts';
import type { CheckpointStore } from '../distill/ports.ts';
import { watchedRows } from '../distill/watched.ts';
import type { EngineOwner } from '../jobs/engine-owner.ts';
import { stopBefore } from '../jobs/recover.ts';
import { trainRun } from '../jobs/train.ts';
import { openWeights } from '../store/checkpoints.ts';
import { readExamples, readFirst } from '../store/datasets.ts';
import { keepStudent, keptTexts } from '../store/kept-students.ts';
import type { RunRecord } from '../store/records.ts';
import { listRuns, readPredictions } from '../store/runs.ts';
import type { Student } from '../student/folder.ts';
import { isAbort } from './answer-commands.ts';
import { keepWith, openStudent } from './import-student.ts';
import { openEngine } from './machine.ts';
import { prepareResumption } from './resumption.ts';
import { heartbeatEveryMs, type RunJournal } from './run-journal.ts';
import { openTrainRows } from './stored-run.ts';

/** The first rows, or all of them. */
export function limited<T>(rows: readonly T[], count: number | null): readonly T[] {
  return count === null ? rows : rows.slice(0, count);
}

/**
 * Resolves when the run has ended, well or not: the journal has it.
 * @param hold Told who owns the engine, with the student that is on it; null when it has none any more.
 */
export async function driveRun(
  journal: RunJournal,
  control: Control,
  from: Resumption | null,
  hold: (owner: EngineOwner | null, student: Student) => void,
): Promise<void> {
  // A step may be long: the heartbeat must not wait for its end.
  const heartbeat = setInterval(() => void journal.beat().catch(() => undefined), heartbeatEveryMs);
  try {
    const { studentId, datasetId, recipe, reading, testRows, engineChoice, backend } = journal.record;
    const student = await openStudent(studentId, (what, done, total) => {
      control.stopSignal.throwIfAborted();
      journal.state({ phase: 'preparing', what, done, total, inBytes: true }).catch(() => undefined);
    });
    await journal.change(await keepWith(journal.record, student));
    // Once more: the last run that needed it may have gone before this one named it.
    await keepStudent(keptTexts(student));
    const test = await readFirst(datasetId, 'test', testRows);
    const validation = await readExamples(datasetId, 'validation');
    const trained = engineStudent(student, recipe);
    const checkpoints: CheckpointStore = {
      save: (event, description) => journal.save(event, student.config, description),
      rewind: async () => {
        // Points on their way to the store would come after those past the checkpoint were removed.
        await journal.flush().catch(() => undefined);
        const { record, from: resumption } = await prepareResumption(journal.record);
        journal.rewind(record);
        return resumption;
      },
      openWeights: async (step) => {
        try {
          return await openWeights(journal.record.id, step);
        } catch (error) {
          if (error instanceof CheckpointError) return null;
          throw error;
        }
      },
    };
    await trainRun(
      {
        student,
        recipe,
        train: await openTrainRows(journal.record),
        test,
        validation,
        metric: reading?.metric,
        watched: watchedRows(test),
        baseAnswers: () => knownBase(journal.record, test),
        ownQuestions: () => journal.record.ownQuestions ?? [],
        sink: journal,
        checkpoints,
        open: (request, tellCompiling, signal) => openEngine(trained, request, tellCompiling, signal),
        request: { engine: engineChoice, backend },
        control,
        from,
        policy: { comparesWhenStopped: false, waitsForRoom: true, keepsBest: true },
      },
      (owner) => hold(owner, student),
    );
  } catch (error) {
    if (control.stopRequested && isAbort(error))
      await stopBefore(journal).catch((lost: unknown) => journal.fail(lost));
    else await journal.fail(error);
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * What the base student answered to these rows in an earlier run of the same experiment, which asked it the same way; null
 * where none did.
 */
async function knownBase(run: RunRecord, test: readonly Example[]): Promise<string[] | null> {
  const { experimentId } = run;
  if (experimentId === undefined) return null;
  const asked = baseAsked(run);
  const earlier = (await listRuns()).find(
    (one) => one.experimentId === experimentId && one.comparison !== null && baseAsked(one) === asked,
  );
  if (earlier === undefined) return null;
  const predictions = await readPredictions(earlier.id);
  const isSame =
    predictions.length === test.length &&
    predictions.every(({ input }, index) => input === test[index]!.input);
  return isSame ? predictions.map(({ base }) => base) : null;
}

/** All that the base student's answers depend on. */
function baseAsked({ studentId, studentSha256, recipe, testRows }: RunRecord): string {
  return JSON.stringify([studentId, studentSha256, testRows, askedBy(recipe)]);
}
