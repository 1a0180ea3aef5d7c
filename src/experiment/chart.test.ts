import { describe, expect, it } from 'vitest';
import { chartSvg, type Chart } from './chart.ts';

const chart: Chart = {
  title: 'Rows & <accuracy>',
  description: 'In "words"',
  xTitle: 'rows',
  xScale: 'logarithmic',
  xTicks: [
    { x: 100, label: '100' },
    { x: 200, label: '200' },
    { x: 400, label: '400' },
  ],
  series: [
    {
      name: 'step by step',
      ink: 'step-by-step',
      dashed: false,
      points: [
        { x: 100, mean: 0.5, low: 0.45, high: 0.55, values: [0.48, 0.52] },
        { x: 200, mean: 0.7, low: 0.6, high: 0.8, values: [0.68, 0.72] },
        { x: 400, mean: 0.9, low: NaN, high: NaN, values: [0.9] },
      ],
    },
    {
      name: 'standard',
      ink: 'standard',
      dashed: true,
      points: [{ x: 400, mean: 0.89, low: 0.85, high: 1.2, values: [0.89] }],
    },
  ],
  levels: [{ name: 'the teacher', ink: 'teacher', y: 0.88 }],
};

/** The numbers of an attribute, in the drawing's order. */
function numbers(svg: string, pattern: RegExp): number[] {
  return [...svg.matchAll(pattern)].map((match) => Number(match[1]));
}

describe('chartSvg', () => {
  const svg = chartSvg(chart);

  it('says in words what it shows, as text and never as markup', () => {
    expect(svg).toContain('<title id="title">Rows &amp; &lt;accuracy&gt;</title>');
    expect(svg).toContain('<desc id="description">In &quot;words&quot;</desc>');
  });

  it('has colours for light and dark, and no other source of anything', () => {
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
    expect(svg.match(/https?:/g)).toEqual(['http:']); // The namespace.
  });

  it('puts equal factors equally far apart', () => {
    const [a, b, c] = numbers(svg, /<circle class="step-by-step fill" cx="([\d.]+)"/g);
    expect(b! - a!).toBeCloseTo(c! - b!, 0);
    const even = chartSvg({ ...chart, xScale: 'linear' });
    const [d, e, f] = numbers(even, /<circle class="step-by-step fill" cx="([\d.]+)"/g);
    expect(f! - e!).toBeCloseTo(2 * (e! - d!), 0);
  });

  it('draws more accuracy higher, on a scale that the axis tells', () => {
    // The ticks reach from 100 % down to a round number below every value.
    expect(numbers(svg, />(\d+) %</g)).toEqual([100, 80, 60, 40]);
    const heights = numbers(svg, /<path class="grid" d="M\d+ ([\d.]+)H/g);
    const [half, seventy, ninety] = numbers(
      svg,
      /<circle class="step-by-step fill" cx="[\d.]+" cy="([\d.]+)"/g,
    );
    const of = (share: number) => heights[0]! + ((heights[3]! - heights[0]!) * (1 - share)) / 0.6;
    expect(half).toBeCloseTo(of(0.5), 0);
    expect(seventy).toBeCloseTo(of(0.7), 0);
    expect(ninety).toBeCloseTo(of(0.9), 0);
  });

  it('draws a bar for an interval where there is one, and no further than 100 %', () => {
    expect(svg.match(/class="whisker step-by-step"/g)).toHaveLength(2);
    const [top] = numbers(svg, /class="whisker standard" d="M[\d.]+ ([\d.]+)V/g);
    expect(top).toBe(numbers(svg, /<path class="grid" d="M\d+ ([\d.]+)H/g)[0]);
    expect(svg.match(/class="dot /g)).toHaveLength(6);
  });

  it('keeps the names at the ends of lines apart', () => {
    const at = numbers(svg, /<text x="\d+" y="([\d.]+)"><tspan/g);
    expect(at).toHaveLength(3);
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(17);
    expect(at[2]! - at[1]!).toBeGreaterThanOrEqual(17);
  });

  it('can be empty', () => {
    const empty = chartSvg({ ...chart, series: [], levels: [], xTicks: [] });
    expect(empty).not.toMatch(/NaN|Infinity|undefined/);
  });
});
