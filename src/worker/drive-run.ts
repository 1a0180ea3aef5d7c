/** A run of the store, bound to the job that trains: its student, its rows, its journal, its checkpoints. */
import { CheckpointError } from '../base/errors.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import type { Control } from '../distill/control.ts';
import { engineStudent } from '../distill/engine-student.ts';
import type { CheckpointStore } from '../distill/ports.ts';
import { watchedRows } from '../distill/watched.ts';
import type { EngineOwner } from '../jobs/engine-owner.ts';
import { trainRun } from '../jobs/train.ts';
import { checkpointWeights } from '../store/checkpoints.ts';
import { readExamples, readFirst } from '../store/datasets.ts';
import type { Student } from '../student/folder.ts';
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
 * @param hold Told who owns the engine, with the student that is on it; null when nobody does any more.
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
    const { studentId, datasetId, recipe, testRows, engineChoice, backend } = journal.record;
    const student = await openStudent(studentId, (what, done, total) => {
      journal.state({ phase: 'preparing', what, done, total }).catch(() => undefined);
    });
    await journal.change(await keepWith(journal.record, student));
    const test = await readFirst(datasetId, 'test', testRows);
    const validation = await readExamples(datasetId, 'validation');
    const trained = engineStudent(student, recipe);
    const checkpoints: CheckpointStore = {
      save: (event, description) => journal.save(event, student.config, description),
      rewind: async () => {
        const { record, from: resumption } = await prepareResumption(journal.record);
        journal.rewind(record);
        return resumption;
      },
      weightsOf: async (step) => {
        try {
          return await checkpointWeights(journal.record.id, step);
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
        watched: watchedRows(test),
        ownQuestions: () => journal.record.ownQuestions ?? [],
        sink: journal,
        checkpoints,
        open: (request, tellCompiling) => openEngine(trained, request, tellCompiling),
        request: { engine: engineChoice, backend },
        control,
        from,
        policy: { comparesWhenStopped: false, waitsForRoom: true, keepsBest: true },
      },
      (owner) => hold(owner, student),
    );
  } catch (error) {
    await journal.fail(error);
  } finally {
    clearInterval(heartbeat);
  }
}
