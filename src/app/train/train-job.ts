/** The run to come as it can be told elsewhere: by a command, or as Python. */
import type { JobData, TrainJob } from '../../export/train-job.ts';
import type { DatasetRecord, Split } from '../../store/records.ts';
import { bundledStudentId } from '../../worker/protocol.ts';
import { currentDataset, currentStudent, type StudioState } from '../state/studio-store.ts';
import { engineRequest } from '../state/machine-choice.ts';
import { readDraft, readTestRows } from '../recipe/recipe-draft.ts';

export type JobReading = { job: TrainJob; obstacle: null } | { job: null; obstacle: string };

/** What the form, the rows and the student come to; or why that is no run yet. */
export function readJob(state: StudioState): JobReading {
  const dataset = currentDataset(state);
  const student = currentStudent(state);
  const { recipe } = readDraft(state.draft);
  const testRows = readTestRows(state.testRows);
  if (recipe === null || testRows === undefined) return refused('Fix the recipe first.');
  if (student === null) return refused('Choose a student first.');
  if (dataset === null) return refused('There are no rows yet; add them under Data.');
  const data = dataset.sample ? null : dataOf(dataset);
  if (data === undefined) return refused('There are no training rows; add them under Data.');
  return {
    job: {
      recipe,
      student: student.id === bundledStudentId ? null : student.name,
      studentIsReduced: student.source === 'reduced',
      data,
      testRows,
      ...engineRequest(state.backend),
    },
    obstacle: null,
  };
}

function refused(obstacle: string): JobReading {
  return { job: null, obstacle };
}

/** The dataset's files by what they are for; undefined where none is for training. */
function dataOf({ files }: DatasetRecord): JobData | undefined {
  const named = (split: Split, rationales: boolean): string | null =>
    files.find((file) => file.split === split && (file.layout === 'rationales') === rationales)?.name ?? null;
  const train = named('train', false);
  if (train === null) return undefined;
  const [validation, taught] = [named('validation', false), named('validation', true)];
  return {
    train,
    trainRationales: named('train', true),
    test: named('test', false),
    testRationales: named('test', true),
    ...(validation === null ? {} : { validation }),
    ...(taught === null ? {} : { validationRationales: taught }),
  };
}
