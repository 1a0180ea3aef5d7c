/** Two runs on the same test rows, row by row. */
import { mcnemar, type Pair, type PairedTest } from '../../distill/mcnemar.ts';
import { isActive, type Prediction } from '../../distill/run-state.ts';
import { isRight } from '../../distill/score.ts';
import type { RunRecord } from '../../store/records.ts';

/**
 * Finished runs that answered test rows of the same dataset as `run`, which they can be compared with row by row. Those
 * that answered as many rows come first, then the newest. None where `run` itself has no comparison yet.
 */
export function partnersOf(run: RunRecord, runs: readonly RunRecord[]): RunRecord[] {
  if (!isFinished(run)) return [];
  const answeredAsMany = (one: RunRecord): number =>
    Number(one.comparison?.distilled.total === run.comparison?.distilled.total);
  return runs
    .filter((one) => one.id !== run.id && one.datasetId === run.datasetId && isFinished(one))
    .toSorted((a, b) => answeredAsMany(b) - answeredAsMany(a) || b.createdAt - a.createdAt);
}

function isFinished({ comparison, state }: RunRecord): boolean {
  return comparison !== null && !isActive(state);
}

export interface Answered {
  answer: string;
  rationale: string | null;
  isRight: boolean;
}

/** A test row that all runs answered, in their order. */
export interface SharedRow {
  row: number;
  input: string;
  label: string;
  teacher: string | null;
  answers: Answered[];
}

export interface SharedRows {
  rows: SharedRow[];
  /** Rows that not all of them answered, or of which they had other texts. */
  leftOut: number;
}

/** Rows that all runs answered: the same number, question and true answer. */
export function sharedRows(runs: readonly (readonly Prediction[])[]): SharedRows {
  const [first, ...others] = runs;
  if (first === undefined) return { rows: [], leftOut: 0 };
  const byRow = others.map((predictions) => new Map(predictions.map((one) => [one.row, one])));
  const rows = first.flatMap((one): SharedRow[] => {
    const rest = byRow.map((map) => map.get(one.row));
    const all = [one, ...rest].filter((other) => other !== undefined);
    const isSame = all.every(({ input, label }) => input === one.input && label === one.label);
    if (all.length < runs.length || !isSame) return [];
    const { row, input, label, teacher } = one;
    return [{ row, input, label, teacher, answers: all.map(answeredIn) }];
  });
  const known = new Set(runs.flatMap((predictions) => predictions.map(({ row }) => row)));
  return { rows, leftOut: known.size - rows.length };
}

function answeredIn(prediction: Prediction): Answered {
  const { distilled, rationale } = prediction;
  return { answer: distilled, rationale, isRight: isRight(distilled, prediction) };
}

/** McNemar's test of the first run against the second. */
export function pairedTest(rows: readonly SharedRow[]): PairedTest {
  return mcnemar(rows.map(({ answers }): Pair => [answers[0]?.isRight ?? null, answers[1]?.isRight ?? null]));
}

export type PairView = 'differ' | 'first' | 'second' | 'all';

/** Rows where the two differ, where one of them alone is right, or all. */
export function rowsIn(view: PairView, rows: readonly SharedRow[]): SharedRow[] {
  return rows.filter(({ answers: [first, second] }) => {
    switch (view) {
      case 'differ':
        return first?.answer !== second?.answer;
      case 'first':
        return first?.isRight === true && second?.isRight === false;
      case 'second':
        return first?.isRight === false && second?.isRight === true;
      case 'all':
        return true;
      default:
        return view satisfies never;
    }
  });
}
