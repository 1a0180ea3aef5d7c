import { memo } from 'react';
import type { MetricsPoint } from '../../distill/run-state.ts';
import { samplePoints } from '../charts/sample-points.ts';

/** Rows at most: enough to follow a curve by ear. */
const rowsShown = 40;

const columns = [
  { key: 'step', name: 'step', id: 'step' },
  { key: 'answerLoss', name: 'answer loss', id: 'answer-loss' },
  { key: 'rationaleLoss', name: 'rationale loss', id: 'rationale-loss' },
  { key: 'loss', name: 'combined loss', id: 'loss' },
  { key: 'learningRate', name: 'learning rate', id: 'learning-rate' },
  { key: 'gradNorm', name: 'gradient norm', id: 'grad-norm' },
] as const;

/** The curves as numbers: some steps of the way, the first and the last among them. */
export function MetricsTable({
  points,
  name = 'metrics',
}: {
  points: readonly MetricsPoint[];
  /** What its cells are found by. */
  name?: string;
}) {
  const rows = samplePoints(points, rowsShown);
  return (
    <table>
      <caption>Losses by step</caption>
      <thead>
        <tr>
          {columns.map(({ key, name }) => (
            <th key={key} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((point, index) => (
          <Row
            key={point.step}
            point={point}
            name={index === rows.length - 1 ? `${name}-last` : index === 0 ? `${name}-first` : null}
          />
        ))}
      </tbody>
    </table>
  );
}

/** Most rows stay while a curve grows: only what is new is made. */
const Row = memo(function Row({ point, name }: { point: MetricsPoint; name: string | null }) {
  return (
    <tr>
      {columns.map(({ key, id }) => (
        <td key={key} data-testid={name === null ? undefined : `${name}-${id}`}>
          {valueText(point[key], key)}
        </td>
      ))}
    </tr>
  );
});

function valueText(value: number | null, key: string): string {
  if (value === null) return 'none';
  return key === 'step' ? String(value) : String(Number(value.toPrecision(7)));
}
