/** What sets runs apart, as rows of a table: only what differs, and what came of it. */
import { formatCount, formatDuration, formatPercent } from '../../base/units.ts';
import type { Tally } from '../../data/example.ts';
import { shareOf } from '../../distill/score.ts';
import type { RunRecord } from '../../store/records.ts';
import { lastOf } from '../state/last-of.ts';
import type { MetricColumns } from '../charts/metric-columns.ts';
import { draftOf, recipeKeys } from '../recipe/recipe-draft.ts';
import { fieldOf, valueWords } from '../recipe/recipe-fields.ts';

export interface DifferenceRow {
  name: string;
  /** One for each run, in their order. */
  values: string[];
}

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
      name: fieldOf(key).label,
      values: runs.map(({ recipe }) => valueWords(key, draftOf(recipe)[key])),
    })),
    {
      name: 'Engine',
      values: runs.map(({ engine }) => (engine ? `${engine.engine} on ${engine.backend}` : 'none yet')),
    },
  ];
  return rows.filter(({ values }) => new Set(values).size > 1);
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
