/** `headless inspect`: what files are, before anything is trained on them. */
import { join } from 'node:path';
import { formatCount, formatPercent, plural } from '../base/units.ts';
import { InputError } from '../base/errors.ts';
import { inspection, type InspectedRow, type Inspection } from '../data/inspect.ts';
import { joinTeacher, type TeacherFile } from '../data/join.ts';
import type { Example } from '../data/example.ts';
import { layoutTitle } from '../data/layout-titles.ts';
import { lintLeaks } from '../data/lint.ts';
import { lintTokens } from '../data/lint-tokens.ts';
import { metricIds, talliesOf } from '../data/metrics/metrics.ts';
import { divide } from '../data/divide.ts';
import { splits as splitNames } from '../data/split-name.ts';
import { asDataset, type DataFile } from '../data/read-file.ts';
import { quoted } from '../data/words.ts';
import { dataOptions, drawOptions, readOptions, wholeNumber } from './arguments.ts';
import { notebookRecipe, smallRecipe } from '../distill/recipe.ts';
import { lostLabelNotes } from '../distill/written-labels.ts';
import { checkFiles, listOfPaths, openSplit, readingOf } from './data-files.ts';
import { bundledFolder } from './files.ts';
import { keptOf } from './kept-options.ts';
import { studentFolder } from './hub-student.ts';
import { readOutline } from './read-student.ts';

const refusalsShown = 20;
/** Rows that a note names. */
const rowsNamed = 8;

export async function inspect(args: string[]): Promise<void> {
  const options = readOptions('inspect', args, {
    ...dataOptions,
    ...drawOptions,
    student: { type: 'string' },
    examples: { type: 'string' },
    json: { type: 'boolean' },
  });
  if (options.train === undefined)
    throw new InputError('inspect needs a file.', 'Name it with --train FILE.');
  checkFiles(options);
  const reading = readingOf(options);
  const examples = options.examples === '0' ? 0 : wholeNumber('examples', options.examples);
  const how = { ...reading, ...(examples === null ? {} : { examples }) };
  const { data, teachers } = await openSplit(options.train, options['train-rationales'], 'train', reading);
  const folder =
    options.student === undefined
      ? join(bundledFolder(), 'students', 'nano')
      : await studentFolder(options.student);
  const { tokenizer } = await readOutline(folder);
  const inspected = (one: DataFile, taught: readonly TeacherFile[]): Inspection & { judged: string[] } => {
    let judged: string[] = [];
    const summary = inspection(one, taught, how);
    if (one.kind === 'dataset') {
      const { examples } = joinTeacher(one, taught, reading);
      judged = byOtherMetrics(examples);
      summary.notes.push(
        ...lostLabelNotes(examples, tokenizer, notebookRecipe),
        ...lintTokens(examples, tokenizer, notebookRecipe),
      );
    }
    return { ...summary, judged };
  };
  const train = {
    name: listOfPaths(options.train).join(', '),
    because: data.because,
    ...inspected(data, teachers),
  };
  const dataset = data.kind === 'dataset' ? data : null;
  const trainRows = dataset === null ? [] : joinTeacher(dataset, teachers, reading).examples;
  const given: Record<OtherSplit, readonly Example[] | null> = { validation: null, test: null };
  const others: Partial<Record<OtherSplit, typeof train>> = {};
  for (const split of otherSplits) {
    const files = options[split];
    if (files === undefined) continue;
    const opened = await openSplit(files, options[`${split}-rationales`], split, reading);
    const summary = inspected(opened.data, opened.teachers);
    if (dataset !== null) {
      const rows = joinTeacher(asDataset(opened.data), opened.teachers, reading).examples;
      summary.notes.push(...lintLeaks(trainRows, rows));
      given[split] = rows;
    }
    others[split] = { name: listOfPaths(files).join(', '), because: opened.data.because, ...summary };
  }
  const kept = keptOf(options, smallRecipe.seed);
  const divided =
    dataset === null
      ? null
      : divide(trainRows, given, { ...kept, fixes: reading.fixes ?? [], splitOf: dataset.splitOf });
  train.notes.push(...(divided?.notes ?? []));
  // With training rows alone, taken as they are, there is nothing to say beside their number.
  const isDivided =
    divided !== null &&
    (divided.validation !== null || divided.test !== null || divided.train.length < trainRows.length);
  const splits = isDivided
    ? {
        train: divided.train.length,
        validation: divided.validation?.length ?? null,
        test: divided.test?.length ?? null,
      }
    : null;
  if (options.json) {
    const shown = ({
      name: _name,
      because: _because,
      judged: _judged,
      ...result
    }: typeof train): Inspection => result;
    console.log(
      JSON.stringify({
        ...shown(train),
        ...(splits === null ? {} : { splits }),
        ...(others.validation === undefined ? {} : { validation: shown(others.validation) }),
        ...(others.test === undefined ? {} : { test: shown(others.test) }),
      }),
    );
    return;
  }
  const parts = [train, ...otherSplits.flatMap((split) => others[split] ?? [])];
  console.log(parts.map((one) => inWords(one.name, one, one.because, one.judged)).join('\n\n'));
  if (splits !== null) console.log(`\nrows by split: ${splitCounts(splits)}`);
}

const otherSplits = ['validation', 'test'] as const;
type OtherSplit = (typeof otherSplits)[number];

function splitCounts(splits: Record<OtherSplit | 'train', number | null>): string {
  return splitNames
    .flatMap((split) => {
      const rows = splits[split];
      return rows === null ? [] : [`${formatCount(rows)} ${split}`];
    })
    .join(', ');
}

/** How often the teacher is right by every metric that says something of the labels. */
function byOtherMetrics(examples: readonly Example[]): string[] {
  const by = talliesOf(examples, (at) => examples[at]!.teacherLabel);
  return metricIds.flatMap((metric) => {
    const tally = by[metric];
    return tally === undefined || tally.total === 0
      ? []
      : [`  by ${metric}: ${formatPercent(tally.correct / tally.total)} (${formatCount(tally.correct)})`];
  });
}

function inWords(
  file: string,
  { layout, container, rows, refused, notes, join: joined, teacher, examples }: Inspection,
  because: string,
  judged: readonly string[],
): string {
  const lines = [
    `${file}: ${layoutTitle(layout)} (${layout}), ${container}, ${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    because,
  ];
  if (joined !== null)
    lines.push(
      `The teacher's rows were joined by ${joined.by}; ${formatCount(joined.moved)} were elsewhere.`,
    );
  if (teacher) {
    const share = formatPercent(teacher.correct / teacher.total);
    lines.push(
      `teacher: ${share} of labels are right (${formatCount(teacher.correct)} of ${formatCount(teacher.total)})`,
    );
    lines.push(...judged);
  }
  lines.push(
    refused.length === 0
      ? 'no row was refused'
      : `${plural(refused.length, 'row was', 'rows were')} refused:`,
  );
  for (const refusal of refused.slice(0, refusalsShown))
    lines.push(`  ${refusal.file}, line ${refusal.line}: ${refusal.reason}`);
  if (refused.length > refusalsShown)
    lines.push(`  … and ${formatCount(refused.length - refusalsShown)} more`);
  if (notes.length > 0) lines.push('worth a look:');
  for (const note of notes) {
    const named = note.rows.slice(0, rowsNamed).map((row) => formatCount(row + 1));
    const where =
      named.length === 0 ? '' : ` (rows ${named.join(', ')}${note.rows.length > rowsNamed ? ', …' : ''})`;
    lines.push(`  ${note.text}${where}`);
  }
  for (const example of examples) lines.push('', ...exampleInWords(example));
  return lines.join('\n');
}

function exampleInWords({ row, id, input, label, rationale, teacherLabel }: InspectedRow): string[] {
  const part = (name: string, text: string | null): string[] =>
    text === null ? [] : [`  ${name}: ${quoted(text, 300)}`];
  return [
    `row ${formatCount(row + 1)}${id === null ? '' : `, id ${id}`}`,
    ...part('input', input),
    ...part('label', label),
    ...part('rationale', rationale),
    ...part('teacher’s label', teacherLabel),
  ];
}
