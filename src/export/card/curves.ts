/** The run's curves as a picture beside the card: both losses by step, and the accuracy where it was measured. */
import { formatCount, formatPercent } from '../../base/units.ts';
import { escapeXml } from '../../base/xml.ts';
import type { Evaluation, MetricsPoint } from '../../distill/run-state.ts';

export const curvesFile = 'curves.svg';

const width = 760;
const height = 320;
const plot = { left: 56, right: 640, top: 24, bottom: 268 };
/** More points than pixels draw nothing more. */
const mostPoints = 400;

const style = `
text { font: 13px system-ui, 'Segoe UI', sans-serif; fill: #211d17; }
.quiet { fill: #6a6255; } .grid { stroke: #211d1720; } .ground { fill: #fffdf9; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.answer { stroke: #9f4717; } .rationale { stroke: #196b67; stroke-dasharray: 6 4; } .accuracy { stroke: #4a4fa3; stroke-dasharray: 2 4; }
@media (prefers-color-scheme: dark) { text { fill: #ece6da; } .quiet { fill: #a39a8a; } .grid { stroke: #ece6da24; }
.ground { fill: #1f1c16; } .answer { stroke: #e99059; } .rationale { stroke: #5cc2bb; } .accuracy { stroke: #9aa0f0; } }`;

/** Each with its step and value. */
type Line = readonly (readonly [step: number, value: number])[];

/** The text of the SVG; null of fewer than two steps. */
export function curvesPicture(
  points: readonly MetricsPoint[],
  evaluations: readonly Evaluation[],
): string | null {
  if (points.length < 2) return null;
  const answer = lineOf(points, ({ answerLoss }) => answerLoss);
  const rationale = lineOf(points, ({ rationaleLoss }) => rationaleLoss);
  const accuracy = evaluations
    .filter(({ total }) => total > 0)
    .map(({ step, correct, total }) => [step, correct / total] as const);
  const top = Math.max(1e-6, ...[...answer, ...rationale].map(([, value]) => value));
  const first = points[0]!.step;
  const span = points.at(-1)!.step - first || 1;
  const x = (step: number) => plot.left + ((step - first) / span) * (plot.right - plot.left);
  const y = (share: number) => plot.bottom - share * (plot.bottom - plot.top);
  const loss = (value: number) => y(value / top);
  const lines = [
    { name: 'answer loss', ink: 'answer', line: answer, at: loss },
    { name: 'rationale loss', ink: 'rationale', line: rationale, at: loss },
    { name: 'accuracy', ink: 'accuracy', line: accuracy, at: y },
  ].filter(({ line }) => line.length > 1);
  const described = lines
    .map(({ name, line }) => {
      const [from, to] = [line[0]![1], line.at(-1)![1]];
      return name === 'accuracy'
        ? `accuracy from ${formatPercent(from)} to ${formatPercent(to)}`
        : `${name} from ${from.toFixed(3)} to ${to.toFixed(3)}`;
    })
    .join(', ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">Losses by step</title>`,
    `<desc id="description">${escapeXml(described)}</desc>`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      `<path class="grid" d="M${plot.left} ${round(y(share))}H${plot.right}"/>`,
      `<text class="quiet" x="${plot.left - 8}" y="${round(y(share) + 4)}" text-anchor="end">${Number((share * top).toPrecision(2))}</text>`,
    ]),
    `<text class="quiet" x="${plot.left}" y="${plot.bottom + 24}">step ${formatCount(first)}</text>`,
    `<text class="quiet" x="${plot.right}" y="${plot.bottom + 24}" text-anchor="end">${formatCount(first + span)}</text>`,
    ...lines.map(
      ({ ink, line, at }) =>
        `<path class="line ${ink}" d="${line.map(([step, value], index) => `${index === 0 ? 'M' : 'L'}${round(x(step))} ${round(at(value))}`).join('')}"/>`,
    ),
    ...legend(lines),
    '</svg>',
    '',
  ].join('\n');
}

function legend(lines: readonly { name: string; ink: string }[]): string[] {
  return lines.flatMap(({ name, ink }, index) => {
    const y = plot.top + 8 + index * 40;
    return [
      `<path class="line ${ink}" d="M${plot.right + 14} ${y}h36"/>`,
      `<text x="${plot.right + 14}" y="${y + 18}">${name}${name === 'accuracy' ? ' (0–100 %)' : ''}</text>`,
    ];
  });
}

/** The values of some steps, evenly spread, those that are no number left out; of each stretch the mean. */
function lineOf(points: readonly MetricsPoint[], valueOf: (point: MetricsPoint) => number | null): Line {
  const stretch = Math.ceil(points.length / mostPoints);
  const line: [number, number][] = [];
  for (let from = 0; from < points.length; from += stretch) {
    const values = points.slice(from, from + stretch).flatMap((point) => {
      const value = valueOf(point);
      return value === null || !Number.isFinite(value) ? [] : [[point.step, value] as const];
    });
    if (values.length === 0) continue;
    const mean = values.reduce((sum, [, value]) => sum + value, 0) / values.length;
    line.push([stretch === 1 ? values[0]![0] : values.at(-1)![0], mean]);
  }
  return line;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
