/** What a column of the table of runs says of a run, in words and for sorting. */
import { formatCount, formatPercent } from '../../base/units.ts';
import { metricIds, metricWords, type MetricId } from '../../data/metrics/metrics.ts';
import type { RecipeKey } from '../../distill/recipe.ts';
import { shareOf } from '../../distill/score.ts';
import type { RunRecord } from '../../store/records.ts';
import { draftOf, recipeKeys } from '../recipe/recipe-draft.ts';
import { fieldOf, valueWords } from '../recipe/recipe-fields.ts';
import { finalOf } from './finals.ts';

export type SortValue = number | string | null;

export interface RunColumn {
  id: string;
  head: string;
  /** Set to the right, and sorted by size. */
  isNumber: boolean;
  text: (run: RunRecord) => string;
  /** Null where there is nothing yet: such runs come last, in either direction. */
  sortValue: (run: RunRecord) => SortValue;
}

const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const none = '–';

function share(value: number | null): string {
  return value === null ? none : (value * 100).toFixed(1);
}

function numbers(id: string, head: string, of: (run: RunRecord) => number | null): RunColumn {
  return {
    id,
    head,
    isNumber: true,
    sortValue: of,
    text: (run) => {
      const value = of(run);
      return value === null ? none : formatCount(value);
    },
  };
}

function shares(id: string, head: string, of: (run: RunRecord) => number | null): RunColumn {
  return { id, head, isNumber: true, sortValue: of, text: (run) => share(of(run)) };
}

function words(id: string, head: string, of: (run: RunRecord) => string): RunColumn {
  return { id, head, isNumber: false, text: of, sortValue: (run) => of(run).toLowerCase() };
}

/** As the other heads are written; LoRA stays what it is. */
function lowered(label: string): string {
  return /^[A-Z][a-z]+\b/.test(label) ? label[0]!.toLowerCase() + label.slice(1) : label;
}

function settings(key: RecipeKey): RunColumn {
  const text = (run: RunRecord): string => valueWords(key, draftOf(run.recipe)[key]);
  const value = (run: RunRecord): SortValue => {
    const own = run.recipe[key];
    return typeof own === 'number' ? own : text(run).toLowerCase();
  };
  const isNumber = key === 'seed' || key === 'alpha';
  return { id: `recipe:${key}`, head: lowered(fieldOf(key).label), isNumber, text, sortValue: value };
}

function byMetric(metric: MetricId): RunColumn {
  return shares(`metric:${metric}`, metricWords[metric], (run) => {
    const tally = run.comparison?.metrics?.by[metric]?.distilled;
    return tally === undefined || tally.total === 0 ? null : shareOf(tally);
  });
}

/** The distilled student's accuracy; null where nothing was measured. */
export function accuracyOf(run: RunRecord): number | null {
  return finalOf(run).distilled?.share ?? null;
}

/** Stand in every table: they are no choice. */
export const nameColumn = words('name', 'name', (run) => run.name);
export const accuracyColumn = shares('accuracy', 'accuracy', accuracyOf);
export const begunColumn: RunColumn = {
  id: 'begun',
  head: 'begun',
  isNumber: true,
  text: (run) => date.format(run.createdAt),
  sortValue: (run) => run.createdAt,
};

/** Every other column, in the order in which they are offered and stand. */
export const moreColumns: readonly RunColumn[] = [
  settings('seed'),
  numbers('steps', 'steps', (run) => run.step),
  numbers('rows', 'training rows', (run) => run.trainRows),
  words('student', 'student', (run) => run.studentName),
  words('data', 'data', (run) => run.datasetName),
  words('tags', 'tags', (run) => (run.tags ?? []).join(', ')),
  shares('base', 'base', (run) => finalOf(run).base),
  shares('teacher', 'teacher', (run) => finalOf(run).teacher),
  ...metricIds.map(byMetric),
  shares('macro-f1', 'macro-F1', (run) => run.comparison?.metrics?.macroF1?.distilled ?? null),
  shares('rouge-l', 'ROUGE-L of reasons', (run) => run.comparison?.metrics?.rationales?.rougeL ?? null),
  shares('token-f1', 'token F1 of reasons', (run) => run.comparison?.metrics?.rationales?.tokenF1 ?? null),
  ...recipeKeys.filter((key) => key !== 'seed').map(settings),
];

/** What stands beside name and accuracy until a person chooses. */
export const usualColumns: readonly string[] = ['recipe:seed', 'steps'];

/** The chosen columns, in their fixed order; what is not known is left out. */
export function columnsOf(ids: readonly string[]): RunColumn[] {
  return moreColumns.filter(({ id }) => ids.includes(id));
}

/** Reads the choice that a browser kept; null where there is none, or it is something else. */
export function parseColumns(text: string | null): string[] | null {
  if (text === null) return null;
  try {
    const ids: unknown = JSON.parse(text);
    if (!Array.isArray(ids)) return null;
    return columnsOf(ids.filter((id) => typeof id === 'string')).map(({ id }) => id);
  } catch {
    return null;
  }
}

export function percentWords(share: number | null): string {
  return share === null ? 'not measured' : formatPercent(share, 1);
}
