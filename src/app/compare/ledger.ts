/** Which test rows are shown: filters by who was right, and a search in the text. */
import type { Prediction } from '../../distill/run-state.ts';
import { isCorrect } from '../../distill/score.ts';

export type LedgerView = 'all' | 'fixed' | 'broken' | 'distilled-wrong' | 'beats-teacher';
export type Judgement = 'any' | 'right' | 'wrong';
export type Answerer = 'teacher' | 'base' | 'distilled';

export interface LedgerFilter {
  view: LedgerView;
  columns: Record<Answerer, Judgement>;
  search: string;
}

export const everything: LedgerFilter = {
  view: 'all',
  columns: { teacher: 'any', base: 'any', distilled: 'any' },
  search: '',
};

/** Whether somebody's answer is right; null where nobody asked. */
export function verdictOf(prediction: Prediction, answerer: Answerer): boolean | null {
  const answer = prediction[answerer];
  return answer === null ? null : isCorrect(answer, prediction.label);
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

/** The teacher was right and the distilled student is not. */
export function isBehindTeacher(prediction: Prediction): boolean {
  return verdictOf(prediction, 'teacher') === true && verdictOf(prediction, 'distilled') === false;
}

const answerers = ['teacher', 'base', 'distilled'] as const;

/** The rows that pass every filter, in their order. */
export function filterLedger(predictions: readonly Prediction[], filter: LedgerFilter): Prediction[] {
  const words = filter.search.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return predictions.filter((prediction) => {
    if (!isIn(filter.view, prediction)) return false;
    for (const answerer of answerers) {
      const wanted = filter.columns[answerer];
      if (wanted !== 'any' && verdictOf(prediction, answerer) !== (wanted === 'right')) return false;
    }
    if (words.length === 0) return true;
    const text = textOf(prediction);
    return words.every((word) => text.includes(word));
  });
}

function textOf({ input, label, teacher, base, distilled, rationale, teacherRationale }: Prediction): string {
  return [input, label, teacher, base, distilled, rationale, teacherRationale].join('\n').toLowerCase();
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
