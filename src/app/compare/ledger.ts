/** Which test rows are shown: filters by who was right, and a search in the text. */
import type { Tally } from '../../data/example.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { mcnemar, type Pair, type PairedTest } from '../../distill/mcnemar.ts';
import { isRight } from '../../distill/score.ts';

export type LedgerView = 'all' | 'fixed' | 'broken' | 'distilled-wrong' | 'beats-teacher';
export type Judgement = 'any' | 'right' | 'wrong';
export type Answerer = 'teacher' | 'base' | 'distilled';

/** Rows of one true answer that somebody took for one thing. */
export interface Cell {
  who: Answerer;
  /** `yes taken for no`. */
  name: string;
  /** By their position in the file. */
  rows: ReadonlySet<number>;
}

export interface LedgerFilter {
  view: LedgerView;
  columns: Record<Answerer, Judgement>;
  /** A true answer whose rows alone are shown; null for all. */
  label: string | null;
  /** A cell of the confusion table whose rows alone are shown; null for all. */
  cell: Cell | null;
  search: string;
}

export const everything: LedgerFilter = {
  view: 'all',
  columns: { teacher: 'any', base: 'any', distilled: 'any' },
  label: null,
  cell: null,
  search: '',
};

/** Whether somebody's answer is right; null where it was not asked. */
export function verdictOf(prediction: Prediction, answerer: Answerer): boolean | null {
  const answer = prediction[answerer];
  if (answer === null) return null;
  // A teacher has no tokenizer here: its answer is held against the label itself.
  return isRight(answer, answerer === 'teacher' ? { ...prediction, writtenLabel: undefined } : prediction);
}

function isIn(view: LedgerView, prediction: Prediction): boolean {
  const base = verdictOf(prediction, 'base');
  const distilled = verdictOf(prediction, 'distilled');
  switch (view) {
    case 'all':
      return true;
    case 'fixed':
      return base === false && distilled === true;
    case 'broken':
      return base === true && distilled === false;
    case 'distilled-wrong':
      return distilled === false;
    case 'beats-teacher':
      return distilled === true && verdictOf(prediction, 'teacher') === false;
    default:
      return view satisfies never;
  }
}

/** Who was right on the same rows, for a paired test of `first` against the distilled student. */
export function againstDistilled(predictions: readonly Prediction[], first: Answerer): PairedTest {
  return mcnemar(predictions.map((row): Pair => [verdictOf(row, first), verdictOf(row, 'distilled')]));
}

const answerers = ['teacher', 'base', 'distilled'] as const;

/** The rows that pass every filter, in their order. */
export function filterLedger(predictions: readonly Prediction[], filter: LedgerFilter): Prediction[] {
  const words = filter.search.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return predictions.filter((prediction) => {
    if (!isIn(filter.view, prediction)) return false;
    if (filter.cell !== null && !filter.cell.rows.has(prediction.row)) return false;
    if (filter.label !== null && prediction.label !== filter.label) return false;
    for (const answerer of answerers) {
      const wanted = filter.columns[answerer];
      if (wanted !== 'any' && verdictOf(prediction, answerer) !== (wanted === 'right')) return false;
    }
    if (words.length === 0) return true;
    const text = textOf(prediction);
    return words.every((word) => text.includes(word));
  });
}

/** Lower-cased once: with very many rows a search would do it at every key again. */
const texts = new WeakMap<Prediction, string>();

function textOf(prediction: Prediction): string {
  const known = texts.get(prediction);
  if (known !== undefined) return known;
  const { input, label, teacher, base, distilled, rationale, teacherRationale } = prediction;
  const text = [input, label, teacher, base, distilled, rationale, teacherRationale].join('\n').toLowerCase();
  texts.set(prediction, text);
  return text;
}

/** How many rows each view has. */
export function countViews(predictions: readonly Prediction[]): Record<LedgerView, number> {
  const counts: Record<LedgerView, number> = {
    all: 0,
    fixed: 0,
    broken: 0,
    'distilled-wrong': 0,
    'beats-teacher': 0,
  };
  for (const prediction of predictions) {
    for (const view of Object.keys(counts) as LedgerView[]) if (isIn(view, prediction)) counts[view] += 1;
  }
  return counts;
}

/** More different answers than this are no classes. */
const mostLabels = 12;

export interface LabelTally {
  label: string;
  rows: number;
  /** How many of the rows each had right. */
  base: number;
  distilled: number;
  teacher: Tally;
}

/** Right answers by true answer, the most frequent first; null where there are many answers, or just one. */
export function tallyByLabel(predictions: readonly Prediction[]): LabelTally[] | null {
  const labels = new Map<string, LabelTally>();
  for (const prediction of predictions) {
    const { label } = prediction;
    let counts = labels.get(label);
    if (counts === undefined) {
      if (labels.size === mostLabels) return null;
      counts = { label, rows: 0, base: 0, distilled: 0, teacher: { correct: 0, total: 0 } };
      labels.set(label, counts);
    }
    counts.rows += 1;
    if (verdictOf(prediction, 'base') === true) counts.base += 1;
    if (verdictOf(prediction, 'distilled') === true) counts.distilled += 1;
    const teacher = verdictOf(prediction, 'teacher');
    if (teacher !== null) counts.teacher.total += 1;
    if (teacher === true) counts.teacher.correct += 1;
  }
  if (labels.size < 2) return null;
  return [...labels.values()].sort((a, b) => b.rows - a.rows || (a.label < b.label ? -1 : 1));
}
