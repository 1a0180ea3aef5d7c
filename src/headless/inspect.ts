/** `headless inspect`: what a file is, before anything is trained on it. */
import { formatCount, formatPercent } from '../base/units.ts';
import { InputError } from '../base/errors.ts';
import { inspection, type Inspection } from '../data/inspect.ts';
import { asRationales, readDataFile } from '../data/read-file.ts';
import { readOptions } from './arguments.ts';
import { readText } from './files.ts';

const refusalsShown = 20;

export async function inspect(args: string[]): Promise<void> {
  const options = readOptions('inspect', args, {
    train: { type: 'string' },
    'train-rationales': { type: 'string' },
    json: { type: 'boolean' },
  });
  if (options.train === undefined)
    throw new InputError('inspect needs a file.', 'Name it with --train FILE.');
  const file = readDataFile(options.train, await readText(options.train));
  const rationalesFile = options['train-rationales'];
  const rationales =
    rationalesFile === undefined
      ? null
      : asRationales(readDataFile(rationalesFile, await readText(rationalesFile)));
  const result = inspection(file, rationales);
  console.log(options.json ? JSON.stringify(result) : inWords(options.train, result));
}

function inWords(file: string, { layout, rows, refused, teacher }: Inspection): string {
  const lines = [`${file}: ${layout}, ${formatCount(rows)} rows`];
  if (teacher) {
    const share = formatPercent(teacher.correct / teacher.total);
    lines.push(
      `teacher: ${share} of labels are right (${formatCount(teacher.correct)} of ${formatCount(teacher.total)})`,
    );
  }
  lines.push(
    refused.length === 0 ? 'no row was refused' : `${formatCount(refused.length)} rows were refused:`,
  );
  for (const { line, reason } of refused.slice(0, refusalsShown)) lines.push(`  line ${line}: ${reason}`);
  if (refused.length > refusalsShown)
    lines.push(`  … and ${formatCount(refused.length - refusalsShown)} more`);
  return lines.join('\n');
}
