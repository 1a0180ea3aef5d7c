import { expect, it } from 'vitest';
import type { MetricsPoint } from '../../distill/run-state.ts';
import { curvesPicture } from './curves.ts';

const point = (step: number, answerLoss: number, rationaleLoss: number | null = null): MetricsPoint => ({
  step,
  answerLoss,
  rationaleLoss,
  loss: answerLoss,
  learningRate: 1,
  gradNorm: 1,
  tokens: 1,
  elapsedMs: 1,
});
/** The points of a line, as numbers. */
const lineIn = (svg: string, ink: string): number[][] =>
  [...new RegExp(`class="line ${ink}" d="(M[^"]+)"`).exec(svg)![1]!.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(
    ([, x, y]) => [Number(x), Number(y)],
  );

it('draws losses against the highest of them, and accuracy against 1, over the steps there are', () => {
  const evaluations = [
    { step: 10, correct: 1, total: 4 },
    { step: 20, correct: 0, total: 0 },
    { step: 30, correct: 3, total: 4 },
  ];
  const svg = curvesPicture([point(10, 2, 4), point(20, 1, 2), point(30, 0, 1)], evaluations)!;
  expect(lineIn(svg, 'answer')).toEqual([
    [56, 146],
    [348, 207],
    [640, 268],
  ]);
  expect(lineIn(svg, 'rationale').map(([, y]) => y)).toEqual([24, 146, 207]);
  // What was not measured is no point.
  expect(lineIn(svg, 'accuracy')).toEqual([
    [56, 207],
    [640, 85],
  ]);
  expect(svg).toContain('step 10<');
  expect(svg).toContain('>30</text>');
  expect(svg).toContain(
    'answer loss from 2.000 to 0.000, rationale loss from 4.000 to 1.000, accuracy from 25',
  );
  expect(svg).toContain('accuracy (0–100 %)');
  expect(svg).not.toContain('answer loss (0–100 %)');
});

it('draws the mean of each stretch of a long run, at its last step, and leaves out what is no number', () => {
  const points = Array.from({ length: 800 }, (_, at) => point(at + 1, at % 2 === 0 ? 1 : 3));
  points[1] = point(2, NaN);
  const line = lineIn(curvesPicture(points, [])!, 'answer');
  expect(line).toHaveLength(400);
  // Of the first two steps the second has none: its stretch is at the first. The highest mean is 2.
  expect(line.slice(0, 2)).toEqual([
    [56, 146],
    [58.2, 24],
  ]);
  const short = lineIn(curvesPicture(points.slice(0, 400), [])!, 'answer');
  expect(short).toHaveLength(399);
});

it('is none of one step, and has no line of one point', () => {
  expect(curvesPicture([point(1, 1)], [])).toBeNull();
  const svg = curvesPicture([point(1, 1), point(2, 1)], [{ step: 1, correct: 1, total: 2 }])!;
  expect(svg).not.toMatch(/class="line (?:accuracy|rationale)"/);
});

it('is drawn to the letter as it was: ground, grid, axes, lines, legend', () => {
  const evaluations = [
    { step: 1, correct: 0, total: 4 },
    { step: 1001, correct: 4, total: 4 },
  ];
  const svg = curvesPicture([point(1, 4, 2), point(1001, 1, 1)], evaluations)!;
  const [head, ...lines] = svg.replace(/<style>[^]*<\/style>\n/, '').split('\n');
  expect(head).toBe(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 320" width="760" height="320" role="img" aria-labelledby="title description">',
  );
  expect(lines).toEqual([
    '<title id="title">Losses by step</title>',
    '<desc id="description">answer loss from 4.000 to 1.000, rationale loss from 2.000 to 1.000, accuracy from 0.00 % to 100.00 %</desc>',
    '<rect class="ground" width="760" height="320" rx="8"/>',
    ...[
      ['268', '272', '0'],
      ['207', '211', '1'],
      ['146', '150', '2'],
      ['85', '89', '3'],
      ['24', '28', '4'],
    ].flatMap(([line, text, value]) => [
      `<path class="grid" d="M56 ${line}H640"/>`,
      `<text class="quiet" x="48" y="${text}" text-anchor="end">${value}</text>`,
    ]),
    '<text class="quiet" x="56" y="292">step 1</text>',
    '<text class="quiet" x="640" y="292" text-anchor="end">1,001</text>',
    '<path class="line answer" d="M56 24L640 207"/>',
    '<path class="line rationale" d="M56 146L640 207"/>',
    '<path class="line accuracy" d="M56 268L640 24"/>',
    '<path class="line answer" d="M654 32h36"/>',
    '<text x="654" y="50">answer loss</text>',
    '<path class="line rationale" d="M654 72h36"/>',
    '<text x="654" y="90">rationale loss</text>',
    '<path class="line accuracy" d="M654 112h36"/>',
    '<text x="654" y="130">accuracy (0–100 %)</text>',
    '</svg>',
    '',
  ]);
});

it('of losses of 0, and of a step that is told twice, has lines of numbers', () => {
  const flat = curvesPicture([point(1, 0), point(2, 0)], [])!;
  expect(lineIn(flat, 'answer')).toEqual([
    [56, 268],
    [640, 268],
  ]);
  expect(curvesPicture([point(3, 1), point(3, 1)], [])!).not.toContain('NaN');
});
