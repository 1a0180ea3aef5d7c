/** Whether token lengths are known for the dataset, the student and the limits that are chosen now. */
import { splits as splitNames } from '../../data/split-name.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import { currentDataset, currentStudent, type StudioState } from './studio-store.ts';

/** What must be measured. `rows` is there to tell one joining of the files from the next. */
export interface WantedLengths {
  datasetId: string;
  studentId: string;
  maxInputTokens: number;
  maxTargetTokens: number;
  rows: string;
}

/** Null where all is known, or nothing can be measured yet. */
export function staleLengths(state: StudioState): WantedLengths | null {
  const dataset = currentDataset(state);
  const student = currentStudent(state);
  const { recipe } = readDraft(state.draft);
  if (dataset === null || student === null || recipe === null) return null;
  const { maxInputTokens, maxTargetTokens } = recipe;
  const { splits, lengths, files } = dataset;
  const stale = splitNames.some((split) => {
    const known = lengths[split];
    const fresh =
      known?.studentId === student.id &&
      known.maxInputTokens === maxInputTokens &&
      known.maxTargetTokens === maxTargetTokens &&
      known.coverage !== undefined &&
      known.lostLabels !== undefined;
    return (splits[split]?.rows ?? 0) > 0 && !fresh;
  });
  if (!stale) return null;
  const rows = [
    splits.train?.rows,
    splits.validation?.rows,
    splits.test?.rows,
    ...files.map((file) => `${file.id} ${JSON.stringify(file.map)}`),
    JSON.stringify(dataset.reading),
  ].join(' ');
  return { datasetId: dataset.id, studentId: student.id, maxInputTokens, maxTargetTokens, rows };
}
