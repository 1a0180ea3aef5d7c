/** Lines of runs that differ in their seed alone, put together: their mean, between the lowest and the highest. */
import type { RunRecord } from '../../store/records.ts';
import type { LineSeries } from '../charts/chart.ts';
import { runLook } from '../charts/run-look.ts';
import { groupRuns } from './run-table.ts';

/**
 * @param lines One for each run, in their order, on one x.
 * @returns The lines of runs that are alone as they are; for each group its mean, and faintly the ends of its band. There
 * is a value where every run of the group has one.
 */
export function seedMeans(runs: readonly RunRecord[], lines: readonly LineSeries[]): LineSeries[] {
  const lineOf = new Map(runs.map((run, index) => [run.id, lines[index]!]));
  return groupRuns(runs).flatMap(({ id, name, runs: members }): LineSeries[] => {
    const own = members.map((run) => lineOf.get(run.id)!);
    const [first] = members;
    if (members.length === 1 || first === undefined) return own;
    const columns = own.map(({ values }) => values);
    const whole = (of: (values: number[]) => number): (number | null)[] =>
      columns[0]!.map((_, at) => {
        const values = columns.map((column) => column[at] ?? null);
        return values.every((value) => value !== null) ? of(values) : null;
      });
    const label = `${name}, mean of ${members.length}`;
    const look = runLook(first);
    const points = own.every((line) => line.points === true);
    const end = (which: string, of: (values: number[]) => number): LineSeries => ({
      key: `${id} ${which}`,
      of: id,
      label: '',
      name: `${label}: ${which}`,
      ...look,
      values: whole(of),
      faint: true,
    });
    return [
      end('lowest', (values) => Math.min(...values)),
      end('highest', (values) => Math.max(...values)),
      {
        key: id,
        label,
        ...look,
        points,
        values: whole((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
      },
    ];
  });
}
