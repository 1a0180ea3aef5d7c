import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSpec, plannedRuns, type PlannedRun } from '../experiment/spec.ts';
import { variedId } from '../experiment/ledger.ts';
import { InputError } from '../base/errors.ts';
import { runOf, scaleOf, type Run, type TaskName } from './design.ts';
import { entriesOf as entriesOfPublished, formatPublished, parsePublished, type Entry } from './published.ts';
import { Results } from './results.ts';
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

  it('says what one seed comes to: a mean without deviation, interval or bar', () => {
    const page = pageOf(entriesOf((run) => (run.seed === 2 ? ahead(run) : null)));
    expect(cells(page, 'gold', '100')).toEqual(['gold', '100', '64.0', '76.0', '+12.0', '–', '1 of 3']);
    expect(page.replaceAll('\n', ' ')).toContain(
      '+12.0 points. One seed says nothing of chance.** Step by step',
    );
    expect(page.replaceAll('\n', ' ')).toContain('With gold labels: One seed says nothing of chance.');
  });

  it('does not call an exact tie a lead', () => {
    const page = pageOf(entriesOf((run) => 300 + run.seed));
    expect(cells(page, 'gold', '100')!.slice(4)).toEqual(['0.0', '0.0 to 0.0', '3']);
    expect(page).toContain('Which is ahead cannot be told.');
    expect(page).not.toMatch(/is ahead\./);
  });

  it('says so where a figure of the headline is missing', () => {
    const page = pageOf(entriesOf((run) => (run.rows === 100 ? null : ahead(run))));
    expect(page.replaceAll('\n', ' ')).toContain(
      'Step by step with 100 rows has no figure yet, standard with',
    );
  });

  it('is whole without the word problems where there is no spec of them', () => {
    const entries = new Map([...entriesOf(ahead)].filter(([, { task }]) => task === 'sample'));
    const alone = scaleOf(runsOf('sample'), []);
    expect(alone.svamp).toBeNull();
    for (const one of [scale, alone]) {
      const page = writeReport(entries, one)[0]!.text;
      expect(page).toContain('SVAMP was not measured');
      expect(page).not.toContain('Not everything is measured yet');
    }
    expect(writeReport(entriesOf(ahead), alone)[0]!.text).toContain('SVAMP was not measured');
    const { rows, steps } = new Results(entries, alone).svampCell('standard', 'gold');
    expect([rows, steps]).toEqual([0, 0]);
    // One run of them is enough to know what they are.
    expect(scaleOf(runsOf('sample'), runsOf('svamp').slice(0, 1)).svamp).toMatchObject({
      rows: 800,
      seeds: [1],
    });
  });

  it('writes one size of training rows without a list, and two with a word between', () => {
    const one = { ...scale, sizes: [200] };
    const page = writeReport(entriesOf(ahead), one)[0]!.text;
    expect(page.replaceAll('\n', ' ')).toContain('with 200 of the 400 training rows');
    const two = pageOf(entriesOf(ahead));
    expect(two.replaceAll('\n', ' ')).toContain('with 100 and 200 of the 400 training rows');
  });

  it('has a bar from three seeds on, and no level of a teacher that was not asked', () => {
    const pictures = (entries: ReadonlyMap<string, Entry>) =>
      writeReport(entries, scale).filter(({ path }) => path.endsWith('.svg'));
    const bars = (most: number) =>
      pictures(entriesOf((run) => (run.seed <= most ? ahead(run) : null))).map(
        ({ text }) => text.match(/class="whisker /g)?.length ?? 0,
      );
    expect([bars(3), bars(2)]).toEqual([
      [2 * 2 * 2, 3],
      [0, 0],
    ]);
    const unasked = publishedOf(ahead).replaceAll(/"teacher":\{[^}]*\}/g, '"teacher":null');
    const entries = entriesOfPublished(parsePublished(unasked, 'results.jsonl'), plans);
    for (const { text } of pictures(entries)) {
      expect(text).toContain('step by step');
      expect(text).not.toMatch(/the teacher itself|NaN/);
    }
    expect(pageOf(entries)).toContain('the scripted teacher 0.0 %');
    for (const { text } of pictures(new Map())) expect(text).not.toContain('step by step:');
    const [, byAlpha] = pictures(entriesOf((run) => (run.seed === 1 ? ahead(run) : null)));
    expect(byAlpha!.text.match(/class="level /g)).toHaveLength(2);
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
    const least = text.replaceAll('"total":500', '"total":0').replaceAll(/"correct":\d+/g, '"correct":0');
    const fewest = least.replaceAll(/"trainRows":\d+/g, '"trainRows":1');
    expect(formatPublished(parsePublished(fewest, 'results.jsonl'), plans)).toBe(fewest);
    for (const wrong of [
      text.replace('"correct":1,', '"correct":-1,'),
      text.replace('"total":500', '"total":-1'),
      text.replace('"trainRows":400', '"trainRows":0'),
    ])
      expect(() => parsePublished(wrong, 'results.jsonl')).toThrow('this is no result of the study.');
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
