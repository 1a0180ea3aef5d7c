import { memo, useMemo } from 'react';
import { formatCount, formatPercent } from '../../base/units.ts';
import type { Tally } from '../../data/example.ts';
import { shareOf } from '../../distill/score.ts';
import type { Evaluation } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { LineChart } from '../charts/line-chart.tsx';
import type { LineSeries, Zoom } from '../charts/chart.ts';
import { aboutRun, shareText, type CurveAxis } from '../charts/run-axis.ts';
import { lastOf } from '../state/last-of.ts';
import { useStudio } from '../state/studio-store.ts';

/** Where the cursor points, and what the measurement nearest to it found: few steps have one of their own. */
function readout(
  at: number,
  evaluations: readonly Evaluation[],
  { xName, xText, xOf }: CurveAxis,
  teacher: Tally | null,
): string {
  const distance = ({ step }: Evaluation): number => Math.abs(xOf(step) - at);
  const nearest = evaluations.reduce<Evaluation | null>(
    (best, one) => (best === null || distance(one) < distance(best) ? one : best),
    null,
  );
  const words = [`${xName} ${xText(xName === 'time' ? at : Math.round(at))}`];
  if (nearest !== null && nearest.total > 0)
    words.push(
      `distilled ${shareText(shareOf(nearest))} at step ${formatCount(nearest.step)}, measured nearest`,
    );
  if (teacher !== null) words.push(`teacher ${shareText(shareOf(teacher))}`);
  return words.join(' · ');
}

/** Accuracy at each measurement, below the teacher's line. */
export const AccuracyChart = memo(function AccuracyChart({
  run,
  axis,
  zoom,
  onZoom,
}: {
  run: RunRecord;
  axis: CurveAxis;
  zoom: Zoom | null;
  onZoom: (zoom: Zoom | null) => void;
}) {
  const { xOf, ...xProps } = axis;
  const evaluations = useMemo(() => run.evaluations.toSorted((a, b) => a.step - b.step), [run.evaluations]);
  const total = lastOf(evaluations)?.total ?? null;
  const rows = lastOf(evaluations)?.split === 'validation' ? 'validation' : 'test';
  const taken = run.takenStep ?? null;
  const teacherTally = useStudio(
    (state) => state.datasets.find((set) => set.id === run.datasetId)?.splits[rows]?.teacher,
  );
  // A teacher's line belongs to the same rows.
  const teacher = (rows === 'test' ? run.comparison?.teacher : null) ?? teacherTally ?? null;
  // The teacher's line runs from end to end, also before the first evaluation.
  const x = [...new Set([0, ...evaluations.map(({ step }) => xOf(step)), axis.xMax])].sort((a, b) => a - b);
  const shareAt = new Map(evaluations.map((evaluation) => [xOf(evaluation.step), shareOf(evaluation)]));
  const distilled: LineSeries = {
    key: 'distilled',
    label: 'distilled',
    values: x.map((at) => shareAt.get(at) ?? null),
    token: '--distilled',
    points: true,
  };
  const line: LineSeries[] =
    teacher === null || teacher.total === 0
      ? []
      : [
          {
            key: 'teacher',
            label: 'teacher',
            values: x.map(() => shareOf(teacher)),
            token: '--teacher',
            dash: [2, 4],
          },
        ];
  return (
    <LineChart
      // A teacher that becomes known adds a line.
      key={line.length}
      title={
        total === null
          ? 'Test accuracy'
          : `Accuracy on ${formatCount(total)} ${rows} rows${taken === null ? '' : `, step ${formatCount(taken)} is taken`}`
      }
      x={x}
      series={[distilled, ...line]}
      {...xProps}
      about={aboutRun(run)}
      zoom={zoom}
      onZoom={onZoom}
      yRange={[0, 1]}
      height={150}
      format={shareText}
      readout={(at) => readout(at, evaluations, axis, line.length === 0 ? null : teacher)}
      table={
        <table>
          <caption>{rows === 'test' ? 'Test' : 'Validation'} accuracy by step</caption>
          <thead>
            <tr>
              <th scope="col">step</th>
              <th scope="col">right</th>
              <th scope="col">rows</th>
            </tr>
          </thead>
          <tbody>
            {evaluations.map((evaluation, index) => (
              <tr key={evaluation.step}>
                <td>{evaluation.step}</td>
                <td data-testid={index === evaluations.length - 1 ? 'evaluation-last-correct' : undefined}>
                  {evaluation.correct}
                </td>
                <td>
                  {evaluation.total} ({formatPercent(shareOf(evaluation))})
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      }
    />
  );
});
