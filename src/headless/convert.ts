/** `headless convert`: rows of any layout, joined with the teacher's, as the JSON Lines that every command takes. */
import { existsSync } from 'node:fs';
import { InputError } from '../base/errors.ts';
import { plural } from '../base/units.ts';
import { inspectedRows, type InspectedRow } from '../data/inspect.ts';
import { readingOptions, readOptions, trainFileOptions } from './arguments.ts';
import { joinSplit, listOfPaths, readingOf } from './data-files.ts';
import { isSamePlace, writeWhole } from './files.ts';

export async function convert(args: string[]): Promise<void> {
  const options = readOptions('convert', args, {
    ...trainFileOptions,
    ...readingOptions,
    out: { type: 'string' },
    force: { type: 'boolean' },
  });
  const { train, 'train-rationales': rationales, out } = options;
  if (train === undefined) throw new InputError('convert needs a file.', 'Name it with --train FILE.');
  if (out === undefined || out === '')
    throw new InputError('convert needs a file to write to.', 'Name it with --out FILE.');
  const sources = [...listOfPaths(train), ...listOfPaths(rationales)];
  for (const source of sources) {
    if (!(await isSamePlace(source, out))) continue;
    throw new InputError(
      '--out is one of the files that are read, which would be overwritten.',
      'Name another.',
    );
  }
  if (options.force !== true && existsSync(out))
    throw new InputError(
      'this file is there already, and would be replaced.',
      'Name another, or add --force.',
      {
        file: out,
      },
    );
  const joined = await joinSplit(train, rationales, 'train', readingOf(options));
  const rows = inspectedRows(joined);
  await writeWhole(out, linesOf(rows));
  const left =
    joined.refused.length === 0 ? '' : `; ${plural(joined.refused.length, 'row was', 'rows were')} refused`;
  console.log(`${plural(rows.length, 'row is', 'rows are')} in ${out}${left}.`);
  for (const { file, line, reason } of joined.refused)
    console.error(`${file}, line ${line}: left out: ${reason}`);
}

/** A longest string would not hold all lines of a large file. */
const linesAtOnce = 1000;

function* linesOf(rows: readonly InspectedRow[]): Generator<string> {
  for (let from = 0; from < rows.length; from += linesAtOnce)
    yield rows
      .slice(from, from + linesAtOnce)
      .map(({ id, input, label, rationale, teacherLabel, choices }) => {
        const line = {
          ...(id === null ? {} : { id }),
          input,
          label,
          ...(rationale === null ? {} : { rationale }),
          ...(teacherLabel === null ? {} : { teacherLabel }),
          ...(choices === null ? {} : { choices }),
        };
        return `${JSON.stringify(line)}\n`;
      })
      .join('');
}
