import { describe, expect, it } from 'vitest';
import { plannedRuns, runId, wholeScale, type Run, type Scale } from './design.ts';
import { entryId, runEntry, type BaseEntry, type Entry } from './ledger.ts';
import { writeReport } from './report.ts';

const scale: Scale = { ...wholeScale, sizes: [100, 200], seeds: [1, 2, 3], alphas: [0.1, 0.5, 1] };

const baseOf = (task: Run['task']): BaseEntry => ({
  kind: 'base',
  task,
  correct: 1,
  total: 500,
  parameters: 623_488,
  pieces: 936,
  fingerprint: 'files',
  teacherTest: { correct: 440, total: 500 },
  teacherTrain: { correct: 352, total: 400 },
});

/** Made-up figures: `right` says how many of 500 a run has right. */
function entriesOf(right: (run: Run) => number | null): Map<string, Entry> {
  const entries: Entry[] = [baseOf('sample'), baseOf('svamp')];
  for (const run of plannedRuns(scale)) {
    const correct = right(run);
    if (correct === null) continue;
    const losses = { answerLoss: 0.1, rationaleLoss: null, stepsMs: 1000, elapsedMs: 3_600_000 };
    entries.push(runEntry(run, { correct, total: 500, ...losses }, 'files'));
  }
  return new Map(entries.map((entry) => [entryId(entry), entry]));
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

  it('names runs in the results as the plan does', () => {
    expect(plannedRuns(scale).every((run) => entriesOf(ahead).has(runId(run)))).toBe(true);
  });
});
