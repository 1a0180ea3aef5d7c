/** Test rows that are worth asking, each with the reason. */
import { isRight } from '../../distill/score.ts';
import type { Prediction } from '../../distill/run-state.ts';
import type { KnownRow } from '../state/asked-store.ts';
import { verdictOf } from './ledger.ts';

export interface TryRow {
  /** Why it is worth a look. */
  why: 'fixed' | 'broken' | 'teacher wrong' | 'still wrong' | 'test row';
  row: KnownRow;
}

const kinds: readonly { why: TryRow['why']; most: number; fits: (row: Prediction) => boolean }[] = [
  {
    why: 'fixed',
    most: 2,
    fits: (row) => verdictOf(row, 'base') === false && verdictOf(row, 'distilled') === true,
  },
  {
    why: 'broken',
    most: 1,
    fits: (row) => verdictOf(row, 'base') === true && verdictOf(row, 'distilled') === false,
  },
  {
    why: 'teacher wrong',
    most: 1,
    fits: (row) => verdictOf(row, 'teacher') === false && verdictOf(row, 'distilled') === true,
  },
  {
    why: 'still wrong',
    most: 1,
    fits: (row) => verdictOf(row, 'base') === false && verdictOf(row, 'distilled') === false,
  },
];

/** As many as stand beside a question. */
const shownRows = 5;

/** A few rows of a comparison, of each kind the first, and others where these are few; each row once. */
export function rowsToTry(predictions: readonly Prediction[]): TryRow[] {
  const chosen: TryRow[] = [];
  for (const { why, most, fits } of kinds) {
    let found = 0;
    for (const row of predictions) {
      if (found === most) break;
      if (!fits(row) || chosen.some((one) => one.row === row)) continue;
      chosen.push({ why, row });
      found += 1;
    }
  }
  for (const row of predictions) {
    if (chosen.length >= shownRows) break;
    if (!chosen.some((one) => one.row === row)) chosen.push({ why: 'test row', row });
  }
  return chosen;
}

/** Whether the teacher's stored answer is right; null where it gave none. It has no tokenizer: the label itself counts. */
export function teacherIsRight(row: KnownRow): boolean | null {
  return row.teacher === null ? null : isRight(row.teacher, { ...row, writtenLabel: undefined });
}
