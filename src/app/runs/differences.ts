/** What sets runs apart, as rows of a table: only what differs, and what came of it. */
import { formatCount, formatDuration, formatPercent } from '../../base/units.ts';
import type { Tally } from '../../data/example.ts';
import type { RunRecord } from '../../store/records.ts';
import { lastOf } from '../last-of.ts';
import type { MetricColumns } from '../train/metric-columns.ts';
import { numberText, recipeKeys } from '../train/recipe-draft.ts';
import { recipeGroups } from '../train/recipe-fields.ts';

export interface DifferenceRow {
  name: string;
  /** One for each run, in their order. */
  values: string[];
}

const fields = new Map<string, { label: string; options?: readonly { value: string; label: string }[] }>(
  recipeGroups.flatMap((group) => group.fields.map((field) => [field.key, field] as const)),
);

/** Settings and circumstances that are not the same in all runs; those that are leave no row. */
export function differences(runs: readonly RunRecord[]): DifferenceRow[] {
  const rows: DifferenceRow[] = [
    { name: 'Student', values: runs.map((run) => run.studentName) },
    { name: 'Data', values: runs.map((run) => run.datasetName) },
    { name: 'Training rows', values: runs.map((run) => formatCount(run.trainRows)) },
    {
      name: 'Test rows',
      values: runs.map((run) => (run.testRows === null ? 'all' : formatCount(run.testRows))),
    },
    ...recipeKeys.map((key) => ({
      name: fields.get(key)?.label ?? key,
      values: runs.map(({ recipe }) => settingText(key, recipe[key])),
    })),
    {
      name: 'Engine',
      values: runs.map(({ engine }) => (engine ? `${engine.engine} on ${engine.backend}` : 'none yet')),
    },
  ];
  return rows.filter(({ values }) => new Set(values).size > 1);
}

function settingText(key: string, value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return value >= 1000 ? formatCount(value) : numberText(value);
  const named = fields.get(key)?.options?.find((option) => option.value === value);
  return named?.label ?? String(value);
}

/** What the runs came to. A row that no run has anything for is left out. */
export function results(
  runs: readonly RunRecord[],
  columnsOf: (run: RunRecord) => MetricColumns | null,
): DifferenceRow[] {
  const last = (column: (columns: MetricColumns) => readonly (number | null)[]) =>
    runs.map((run) => {
      const columns = columnsOf(run);
      const value = columns === null ? null : lastOf(column(columns));
      return value === null || value === undefined ? none : value.toFixed(3);
    });
  const share = (tally: (run: RunRecord) => Tally | null) => runs.map((run) => tallyText(tally(run)));
  const rows: DifferenceRow[] = [
    { name: 'Steps taken', values: runs.map((run) => formatCount(run.step)) },
    { name: 'Last answer loss', values: last(({ answerLoss }) => answerLoss) },
    { name: 'Last rationale loss', values: last(({ rationaleLoss }) => rationaleLoss) },
    {
      name: 'Best accuracy on the way',
      values: share(({ evaluations }) => bestOf(evaluations)),
    },
    { name: 'Accuracy, base', values: share(({ comparison }) => comparison?.base ?? null) },
    { name: 'Accuracy, distilled', values: share(({ comparison }) => comparison?.distilled ?? null) },
    { name: 'Accuracy, teacher', values: share(({ comparison }) => comparison?.teacher ?? null) },
    {
      name: 'Time in steps',
      values: runs.map((run) => {
        const seconds = columnsOf(run)?.seconds.at(-1);
        return seconds === undefined ? none : formatDuration(seconds * 1000);
      }),
    },
  ];
  return rows.filter(({ values }) => values.some((value) => value !== none));
}

const none = '–';

function shareOf({ correct, total }: Tally): number {
  return total === 0 ? 0 : correct / total;
}

function bestOf(evaluations: readonly Tally[]): Tally | null {
  return evaluations.reduce<Tally | null>(
    (best, one) => (best === null || shareOf(one) > shareOf(best) ? one : best),
    null,
  );
}

function tallyText(tally: Tally | null): string {
  if (tally === null || tally.total === 0) return none;
  return `${formatPercent(shareOf(tally), 1)} of ${formatCount(tally.total)}`;
}
