/** What a person does with students: bring one, take one, make one smaller. */
import { deleteStudent } from '../../store/students.ts';
import type { CommandOf, MemoryOfRun, ReductionWishes } from '../../worker/protocol.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import type { DataActions } from './data-actions.ts';
import type { RecordActions } from './records.ts';
import type { Requests } from './requests.ts';
import { askToPersist } from './room.ts';

export function studentActions(
  { get, request, send, fail }: Requests,
  { readRecords, choose }: RecordActions,
  { measureLengths }: Pick<DataActions, 'measureLengths'>,
) {
  const selectStudent = (studentId: string): void => {
    choose('student', studentId);
    void measureLengths();
  };

  /** Measures the loss of the reduced student in use, and of what it was made from. */
  const measureReduction = async (): Promise<void> => {
    const { studentId, datasetId, draft } = get();
    const { recipe } = readDraft(draft);
    if (studentId === null || datasetId === null || recipe === null) return;
    await request('reduce', { type: 'measure-reduction', studentId, datasetId, recipe });
    await readRecords().catch((error: unknown) => fail('reduce', error));
  };

  return {
    selectStudent,
    measureReduction,

    /** Reads the student that comes with the studio, and takes it where none is taken. */
    bringStudent: async (): Promise<void> => {
      const result = await request('student', { type: 'load-bundled-student' });
      if (!result) return;
      await readRecords();
      if (get().studentId === null) choose('student', result.studentId);
    },

    /**
     * Reads a folder and takes it.
     * @param hub Where it is from: `owner/name@commit`.
     * @returns Whether it became a student; else the screen says why.
     */
    importStudent: async (files: readonly { path: string; file: File }[], hub?: string): Promise<boolean> => {
      if (files.length === 0) return false;
      void askToPersist();
      const result = await request('student', {
        type: 'import-student',
        files: [...files],
        baseId: get().studentId,
        ...(hub === undefined ? {} : { hub }),
      });
      if (!result) return false;
      await readRecords();
      selectStudent(result.studentId);
      return true;
    },

    /** Makes a smaller copy of the student in use, takes it, and measures what that cost. */
    reduceStudent: async (wishes: ReductionWishes): Promise<void> => {
      const { studentId, datasetId } = get();
      if (studentId === null) return;
      const result = await request('reduce', { type: 'reduce-student', studentId, datasetId, wishes });
      if (!result) return;
      await readRecords();
      selectStudent(result.studentId);
      await measureReduction();
    },

    /** Makes a copy of the student in use that can write the labels of the rows, and takes it. */
    addPieces: async (): Promise<void> => {
      const { studentId, datasetId } = get();
      if (studentId === null || datasetId === null) return;
      const result = await request('reduce', { type: 'add-pieces', studentId, datasetId });
      if (!result) return;
      await readRecords();
      selectStudent(result.studentId);
    },

    /** Work of a training step for each configuration; null where the worker cannot say. */
    estimateSteps: async (command: Omit<CommandOf<'estimate-steps'>, 'type'>): Promise<number[] | null> => {
      return send({ type: 'estimate-steps', ...command }).catch(() => null);
    },

    /** What a run takes with each configuration; null where the worker cannot say. */
    estimateMemory: async (
      command: Omit<CommandOf<'estimate-memory'>, 'type'>,
    ): Promise<MemoryOfRun[] | null> => {
      return send({ type: 'estimate-memory', ...command }).catch(() => null);
    },

    removeStudent: async (studentId: string): Promise<void> => {
      try {
        await deleteStudent(studentId);
        await readRecords();
      } catch (error) {
        fail('student', error);
        return;
      }
      if (get().studentId === studentId) {
        choose('student', get().students[0]?.id ?? null);
        void measureLengths();
      }
    },
  };
}
