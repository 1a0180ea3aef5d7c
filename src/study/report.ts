/** The study's results as a page, docs/study.md, with its pictures beside it: written by this code, never by hand. */
import { formatCount, formatPercent } from '../base/units.ts';
import type { Tally } from '../data/example.ts';
import { smallRecipe } from '../distill/recipe.ts';
import type { Scale } from './design.ts';
import type { Entry } from './published.ts';
import { Results, type Cell } from './results.ts';
import { summarise, type MeanInterval } from '../experiment/statistics.ts';
import { alphaChart, sizeChart } from './study-charts.ts';

/** A file, by its path below the documents' folder. */
export interface ReportFile {
  path: string;
  text: string;
}

/**
 * Writes up what has been measured, be it all or a part: every cell says of how many seeds it is.
 * @param entries By `runId` and `baseId`.
 */
export function writeReport(entries: ReadonlyMap<string, Entry>, scale: Scale): ReportFile[] {
  const results = new Results(entries, scale);
  const sections = [
    introduction(results),
    sizeSection(results),
    controlSection(results),
    alphaSection(results),
    svampSection(results),
    cautions(results),
  ];
  return [
    { path: 'study.md', text: `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n` },
    { path: 'study/accuracy-by-rows.svg', text: sizeChart(results) },
    { path: 'study/accuracy-by-alpha.svg', text: alphaChart(results) },
  ];
}

function introduction(results: Results): string[] {
  const { sizes, steps, seeds } = results.scale;
  const base = results.base('sample');
  const all = base?.teacherTrain.total ?? Math.max(...sizes);
  return [
    '# Standard fine-tuning and step by step, measured',
    '',
    '<!-- Written by `npm run study`; edits are overwritten. -->',
    '',
    ...paragraph(
      `nano, the bundled student, distilled on the bundled sample at the small preset: ${formatCount(steps)} steps of ${smallRecipe.batchSize}, learning rate ${smallRecipe.learningRate}, alpha ${smallRecipe.alpha}.`,
      `Both methods, gold labels and the teacher’s, with ${list(sizes.map(formatCount))} of the ${formatCount(all)} training rows; ${formatCount(seeds.length)} seeds of each.`,
      'A seed chooses the rows, their order and the dropout, and is the same for all that is compared.',
      'Accuracy is exact equality on the test rows, greedily generated.',
    ),
    ...(base === null
      ? []
      : [
          '',
          ...paragraph(
            `On the ${formatCount(base.total)} test rows the student that has not been distilled has ${percentOf(base)}, and the scripted teacher ${percentOf(base.teacherTest)}`,
            `(${percentOf(base.teacherTrain)} of its training labels are right).`,
          ),
        ]),
    ...(isComplete(results)
      ? []
      : [
          '',
          ...paragraph(
            '**Not everything is measured yet.** The column _seeds_ says what each figure is the mean of; `npm run study` continues with what is missing.',
          ),
        ]),
    ...headline(results),
  ];
}

/** In a sentence or two, whatever the sign. */
function headline(results: Results): string[] {
  const { alphaRows, sizes } = results.scale;
  const stepByStep = results.sampleCell('step-by-step', 'teacher', alphaRows);
  const standard = results.sampleCell('standard', 'teacher', alphaRows);
  const difference = results.difference(stepByStep, standard);
  if (difference.count === 0) return [];
  const fewest = results.sampleCell('step-by-step', 'teacher', Math.min(...sizes));
  const most = results.sampleCell('standard', 'teacher', Math.max(...sizes));
  const of = Number.isNaN(difference.low)
    ? ''
    : ` (95 % interval of the paired difference: ${interval(difference)}; ${difference.count} seeds)`;
  return [
    '',
    ...paragraph(
      `**With ${formatCount(alphaRows)} rows and the teacher’s labels, step by step has ${meanOf(results, stepByStep)}, standard ${meanOf(results, standard)}: ${points(difference)} points${of}. ${verdict(difference)}**`,
      `Step by step with ${formatCount(fewest.rows)} rows has ${meanOf(results, fewest)}, standard with ${formatCount(most.rows)} rows ${meanOf(results, most)}.`,
    ),
  ];
}

function verdict({ low, high }: MeanInterval): string {
  if (Number.isNaN(low)) return 'One seed says nothing of chance.';
  if (low > 0) return 'Step by step is ahead.';
  return high < 0 ? 'Standard is ahead.' : 'Which is ahead cannot be told.';
}

function sizeSection(results: Results): string[] {
  const rows = (['gold', 'teacher'] as const).flatMap((labels) =>
    results.scale.sizes.map((size) => {
      const stepByStep = results.sampleCell('step-by-step', labels, size);
      const standard = results.sampleCell('standard', labels, size);
      return [labelsName(labels), formatCount(size), ...compared(results, stepByStep, standard)];
    }),
  );
  return [
    '## By training rows and labels',
    '',
    '![Test accuracy by number of training rows, for both methods and both kinds of labels](study/accuracy-by-rows.svg)',
    '',
    ...table(['labels', 'rows', ...comparedHeads('standard')], rows),
    '',
    ...paragraph(
      'Accuracies are means ± standard deviations over seeds, in per cent; differences are means of step by step less standard of the same seed, in points, with Student’s 95 % interval.',
    ),
  ];
}

function controlSection(results: Results): string[] {
  const { alphaRows, controlSteps, steps } = results.scale;
  const stepByStep = results.sampleCell('step-by-step', 'teacher', alphaRows);
  const control = results.controlCell();
  return [
    '## Equal computing',
    '',
    ...paragraph(
      'A step of step by step sends its rows through the student twice, once for each task.',
      `Standard fine-tuning with twice the steps (${formatCount(controlSteps)} instead of ${formatCount(steps)}) reads as many rows; ${formatCount(alphaRows)} training rows, the teacher’s labels:`,
    ),
    '',
    ...table(comparedHeads(`standard, ${formatCount(controlSteps)} steps`), [
      compared(results, stepByStep, control),
    ]),
  ];
}

function alphaSection(results: Results): string[] {
  const { alphas, alphaRows } = results.scale;
  const standard = results.sampleCell('standard', 'teacher', alphaRows);
  return [
    '## By alpha',
    '',
    ...paragraph(
      `Step by step at ${formatCount(alphaRows)} rows with the teacher’s labels. Alpha is the weight of the answer loss; at 1 the rationales have none, and only the prefix before the input sets it apart from standard fine-tuning. The preset has ${smallRecipe.alpha}.`,
    ),
    '',
    '![Test accuracy by alpha, with standard fine-tuning and the teacher as levels](study/accuracy-by-alpha.svg)',
    '',
    ...table(
      ['alpha', 'step by step', 'less standard', '95 % interval', 'seeds'],
      alphas.map((alpha) => {
        const cell = results.alphaCell(alpha);
        const difference = results.difference(cell, standard);
        return [
          alpha.toFixed(1),
          spread(results, cell),
          points(difference),
          interval(difference),
          seedCount(results, cell, difference),
        ];
      }),
    ),
    '',
    ...paragraph(
      'The best line of this table was found on the test rows, so that its accuracy is a little flattered. The other tables take the preset’s alpha, which was fixed before.',
    ),
  ];
}

function svampSection(results: Results): string[] {
  const base = results.base('svamp');
  const heading = ['## Real text: word problems', ''];
  if (base === null || results.scale.svamp === null)
    return [...heading, 'SVAMP was not measured: its files were not there.'];
  const { rows, steps } = results.scale.svamp;
  const lines = (['gold', 'teacher'] as const).map((labels) => [
    labelsName(labels),
    ...compared(results, results.svampCell('step-by-step', labels), results.svampCell('standard', labels)),
  ]);
  const verdicts = (['gold', 'teacher'] as const).flatMap((labels) => {
    const difference = results.difference(
      results.svampCell('step-by-step', labels),
      results.svampCell('standard', labels),
    );
    return difference.count === 0 ? [] : [`With ${labelsName(labels)} labels: ${verdict(difference)}`];
  });
  return [
    ...heading,
    ...paragraph(
      `nano once more, on text that it was not made for: SVAMP, ${formatCount(rows)} arithmetic word problems of which the answer is an equation, with the rationales and equations of PaLM 540B that the method’s authors publish; an equation is right where it comes to the same value.`,
      `${formatCount(steps)} steps of ${smallRecipe.batchSize} with all rows, otherwise the same preset.`,
      'nano’s tokenizer leaves no character of SVAMP unknown, but spells most of its words letter by letter, and nano has never read English: this shows the limit of a tiny student, not of the method.',
      `The teacher is right on ${percentOf(base.teacherTest)} of the ${formatCount(base.total)} test rows (${percentOf(base.teacherTrain)} of the training rows), nano before distilling on ${percentOf(base)}.`,
    ),
    '',
    ...table(['labels', ...comparedHeads('standard')], lines),
    ...(verdicts.length === 0 ? [] : ['', ...paragraph(...verdicts)]),
    ...(base.note === null ? [] : ['', ...paragraph(base.note)]),
  ];
}

function cautions(results: Results): string[] {
  const entries = results.all();
  return [
    '## What this does not say',
    '',
    ...item(
      'The sample was made for the method (see its [README](../public/sample/README.md)): a rationale says where each thing belongs, which other rows need too. It shows how rationales can help, not that they always do.',
    ),
    ...item(
      'All seeds have the same test rows and the same pre-trained student: the intervals speak of training rows, their order and dropout, not of other worlds or other students.',
    ),
    ...item('At the full size all seeds train on the same rows.'),
    ...item('The settings are the studio’s preset for both methods; neither was tuned here.'),
    '',
    '## How it was made',
    '',
    ...paragraph(
      `\`npm run study\`: ${formatCount(entries.length)} runs on the compiled engine (WebAssembly, one thread each), by two specs of \`headless sweep\`: [\`study/sample.json\`](study/sample.json) and [\`study/svamp.json\`](study/svamp.json).`,
      'Every run is a line of [`study/results.jsonl`](study/results.jsonl); `npm run study -- --report` writes this page again from there.',
    ),
  ];
}

function isComplete(results: Results): boolean {
  const { sizes, alphas } = results.scale;
  const methods = ['standard', 'step-by-step'] as const;
  const labels = ['gold', 'teacher'] as const;
  const cells: Cell[] = [
    ...methods.flatMap((method) =>
      labels.flatMap((kind) => sizes.map((rows) => results.sampleCell(method, kind, rows))),
    ),
    ...alphas.map((alpha) => results.alphaCell(alpha)),
    results.controlCell(),
    ...(results.base('svamp') === null
      ? []
      : methods.flatMap((method) => labels.map((kind) => results.svampCell(method, kind)))),
  ];
  return cells.every((cell) => results.runs(cell).length === results.seeds(cell).length);
}

function comparedHeads(standard: string): string[] {
  return [standard, 'step by step', 'difference', '95 % interval', 'seeds'];
}

function compared(results: Results, stepByStep: Cell, standard: Cell): string[] {
  const difference = results.difference(stepByStep, standard);
  return [
    spread(results, standard),
    spread(results, stepByStep),
    points(difference),
    interval(difference),
    seedCount(results, stepByStep, difference),
  ];
}

function spread(results: Results, cell: Cell): string {
  const { count, mean, deviation } = summarise([...results.bySeed(cell).values()]);
  if (count === 0) return '–';
  return count === 1 ? tenths(mean) : `${tenths(mean)} ± ${tenths(deviation)}`;
}

function meanOf(results: Results, cell: Cell): string {
  const { count, mean } = summarise([...results.bySeed(cell).values()]);
  return count === 0 ? 'no figure yet' : formatPercent(mean, 1);
}

/** In points, with the sign. */
function points({ count, mean }: MeanInterval): string {
  return count === 0 ? '–' : signed(mean);
}

function interval({ low, high }: MeanInterval): string {
  return Number.isNaN(low) ? '–' : `${signed(low)} to ${signed(high)}`;
}

function seedCount(results: Results, cell: Cell, { count }: MeanInterval): string {
  const planned = results.seeds(cell).length;
  return count === planned ? String(count) : `${count} of ${planned}`;
}

function tenths(share: number): string {
  return (100 * share).toFixed(1);
}

function signed(share: number): string {
  const text = tenths(Math.abs(share));
  return text === '0.0' ? text : `${share < 0 ? '−' : '+'}${text}`;
}

function percentOf({ correct, total }: Tally): string {
  return formatPercent(total === 0 ? 0 : correct / total, 1);
}

function labelsName(labels: Cell['labels']): string {
  return labels === 'gold' ? 'gold' : 'the teacher’s';
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;
}

const lineLength = 118;

/** Sentences as lines of a paragraph. */
function paragraph(...sentences: string[]): string[] {
  const lines: string[] = [];
  for (const word of sentences.join(' ').split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > lineLength) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** An item of a list. */
function item(sentence: string): string[] {
  return paragraph(sentence).map((line, index) => `${index === 0 ? '-' : ' '} ${line}`);
}

/** A Markdown table with its columns in line. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, column) =>
    Math.max(3, head.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}
