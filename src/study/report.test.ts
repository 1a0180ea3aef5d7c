import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSpec, plannedRuns, type PlannedRun } from '../experiment/spec.ts';
import { variedId } from '../experiment/ledger.ts';
import { InputError } from '../base/errors.ts';
import { runOf, scaleOf, type Run, type TaskName } from './design.ts';
import { entriesOf as entriesOfPublished, formatPublished, parsePublished, type Entry } from './published.ts';
import { writeReport } from './report.ts';

const seeds = [1, 2, 3];
const plan = (spec: object) => plannedRuns(parseSpec(JSON.stringify(spec), 'spec.json'), 'spec.json');
const main = { method: ['standard', 'step-by-step'], labels: ['teacher', 'gold'], seed: seeds };
const fixed = { method: ['step-by-step'], labels: ['teacher'], fraction: [0.5], seed: seeds };
const plans = new Map<TaskName, PlannedRun[]>([
  [
    'sample',
    plan({
      vary: [
        { ...main, fraction: [0.25, 0.5] },
        { ...fixed, alpha: [0.1, 0.5, 1] },
        { ...fixed, method: ['standard'], steps: [1200] },
      ],
    }),
  ],
  ['svamp', plan({ vary: { ...main, fraction: [1] } })],
]);
const trainRows = { sample: 400, svamp: 800 };
const runsOf = (task: TaskName): Run[] => plans.get(task)!.map((one) => runOf(task, one, trainRows[task]));
const scale = scaleOf(runsOf('sample'), runsOf('svamp'));

/** Made-up figures as they are published: `right` says how many of 500 a run has right. */
function publishedOf(right: (run: Run) => number | null): string {
  const lines = (['sample', 'svamp'] as const).flatMap((task) => [
    { task, trainRows: trainRows[task], teacherTrain: { correct: 352, total: 400 } },
    ...plans.get(task)!.flatMap((one) => {
      const correct = right(runOf(task, one, trainRows[task]));
      const [base, teacher] = [1, 440].map((count) => ({ correct: count, total: 500 }));
      if (correct === null) return [];
      return [{ task, varied: one.varied, accuracy: { base, distilled: { correct, total: 500 }, teacher } }];
    }),
  ]);
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function entriesOf(right: (run: Run) => number | null): Map<string, Entry> {
  return entriesOfPublished(parsePublished(publishedOf(right), 'results.jsonl'), plans);
}

function pageOf(entries: ReadonlyMap<string, Entry>): string {
  return writeReport(entries, scale).find(({ path }) => path === 'study.md')!.text;
}

/** The cells of the table lines that begin so. */
function cells(page: string, ...begin: string[]): string[] | undefined {
  return page
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .find((line) => begin.every((cell, index) => line[index] === cell));
}

describe('writeReport', () => {
  // Standard 300 + 10 × seed; step by step 50, 60, 70 more: 10, 12 and 14 points.
  const ahead = (run: Run) => 300 + 10 * run.seed + (run.method === 'standard' ? 0 : 40 + 10 * run.seed);

  it('writes means, deviations and Student’s interval of paired differences', () => {
    const page = pageOf(entriesOf(ahead));
    // Shares .62 .64 .66 and .72 .76 .80; differences .10 .12 .14: deviation .02, t = 4.303, half 4.97 points.
    expect(cells(page, 'gold', '100')).toEqual([
      'gold',
      '100',
      '64.0 ± 2.0',
      '76.0 ± 4.0',
      '+12.0',
      '+7.0 to +17.0',
      '3',
    ]);
    expect(cells(page, '0.5')).toEqual(['0.5', '76.0 ± 4.0', '+12.0', '+7.0 to +17.0', '3']);
    expect(page).toContain('Step by step is ahead.');
    expect(page).not.toContain('Not everything is measured yet');
  });

  it('says so where standard is ahead, and where nothing can be told', () => {
    const behind = pageOf(
      entriesOf((run) => 300 + run.seed + (run.method === 'standard' ? 30 + run.seed : 0)),
    );
    expect(behind).toContain('Standard is ahead.');
    expect(cells(behind, 'gold', '100')![4]).toBe('−6.4');
    const open = pageOf(entriesOf((run) => 300 + (run.method === 'standard' ? 0 : 10 * (run.seed - 2))));
    expect(open).toContain('Which is ahead cannot be told.');
    expect(cells(open, 'gold', '100')![4]).toBe('0.0');
  });

  it('says what is missing, cell by cell, and pairs only what is there', () => {
    const page = pageOf(
      entriesOf((run) =>
        (run.rows === 100 && run.seed === 3) || run.alpha === 0.5 || run.task === 'svamp' ? null : ahead(run),
      ),
    );
    expect(page).toContain('Not everything is measured yet');
    expect(cells(page, 'gold', '100')!.at(-1)).toBe('2 of 3');
    expect(cells(page, 'gold', '200')!.at(-1)).toBe('3');
    expect(cells(page, '0.5')).toEqual(['0.5', '–', '–', '–', '0 of 3']);
    expect(page).not.toMatch(/NaN|undefined/);
  });

  it('can be written before anything is measured', () => {
    for (const { text } of writeReport(new Map(), scale)) expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('draws every cell of the main table, and the preset’s alpha among the alphas', () => {
    const files = writeReport(entriesOf(ahead), scale);
    const bySize = files.find(({ path }) => path === 'study/accuracy-by-rows.svg')!.text;
    expect(bySize.match(/class="line /g)).toHaveLength(4);
    expect(bySize.match(/class="dot /g)).toHaveLength(2 * 2 * 2 * 3);
    const byAlpha = files.find(({ path }) => path === 'study/accuracy-by-alpha.svg')!.text;
    expect(byAlpha.match(/class="dot /g)).toHaveLength(3 * 3);
    expect(byAlpha.match(/class="level /g)).toHaveLength(2);
  });

  it('publishes what it reads, in the order of the specs', () => {
    const text = publishedOf(ahead);
    expect(formatPublished(parsePublished(text, 'results.jsonl'), plans)).toBe(text);
    const [about, ...runs] = text
      .trimEnd()
      .split('\n')
      .slice(0, 1 + plans.get('sample')!.length);
    const turned = `${[about, ...runs.toReversed()].join('\n')}\n`;
    const read = parsePublished(turned, 'results.jsonl');
    expect(formatPublished(read, plans)).toBe(`${[about, ...runs].join('\n')}\n`);
    expect(read.get('sample')!.runs.has(variedId(plans.get('sample')![0]!.varied))).toBe(true);
    expect(() => parsePublished(`${text}what is this\n`, 'results.jsonl')).toThrow(InputError);
    expect(() => parsePublished(runs[0]!, 'results.jsonl')).toThrow('results.jsonl, line 1: ');
  });

  it('says how a task was measured where that is to be known', () => {
    const noted = publishedOf(ahead).replace(
      '{"task":"svamp","trainRows"',
      '{"task":"svamp","note":"By hand.","trainRows"',
    );
    expect(pageOf(entriesOfPublished(parsePublished(noted, 'results.jsonl'), plans))).toContain('By hand.');
  });
});

describe('the published study', () => {
  const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
  const names: readonly TaskName[] = ['sample', 'svamp'];
  const specs = new Map(
    names.map((name) => {
      const file = `study/${name}.json`;
      return [name, plannedRuns(parseSpec(read(file), file), file)] as const;
    }),
  );
  const results = parsePublished(read('study/results.jsonl'), 'results.jsonl');

  it('is what its results and specs come to: page, pictures, and the results in their order', () => {
    const [sample, svamp] = names.map((name) =>
      specs.get(name)!.map((one) => runOf(name, one, results.get(name)!.about.trainRows)),
    );
    const files = writeReport(entriesOfPublished(results, specs), scaleOf(sample!, svamp!));
    expect(files.map(({ path }) => path).sort()).toEqual([
      'study.md',
      'study/accuracy-by-alpha.svg',
      'study/accuracy-by-rows.svg',
    ]);
    for (const { path, text } of files) expect(text, path).toBe(read(path));
    expect(formatPublished(results, specs)).toBe(read('study/results.jsonl'));
  });
});
