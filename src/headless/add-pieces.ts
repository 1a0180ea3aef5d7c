/** `headless add-pieces`: a student that can write the labels which its tokenizer loses. */
import { basename, join, resolve } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatCount, plural } from '../base/units.ts';
import { writableTexts } from '../distill/written-labels.ts';
import { explainPrefix, predictPrefix } from '../distill/tasks.ts';
import { modelFolder } from '../export/model-folder.ts';
import { extendedCard } from '../export/reduced-card.ts';
import { floatOf, writtenFloats } from '../formats/safetensors-writer.ts';
import { addMissingPieces } from '../student/add-pieces.ts';
import { textsToKeep } from '../student/reduce/keep-texts.ts';
import { dataOptions, oneOf, readOptions } from './arguments.ts';
import { checkEmpty, writeNewFolder } from './files.ts';
import { studentFolder } from './hub-student.ts';
import { readStudent } from './read-student.ts';
import { readRows } from './reduce.ts';

export async function addPieces(args: string[]): Promise<void> {
  const options = readOptions('add-pieces', args, {
    student: { type: 'string' },
    ...dataOptions,
    precision: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { student: named, out } = options;
  if (named === undefined)
    throw new InputError('add-pieces needs a student.', 'Name its folder with --student DIR.');
  if (out === undefined)
    throw new InputError('add-pieces needs a folder to write to.', 'Name a new one with --out DIR.');
  const asked = oneOf('precision', options.precision, writtenFloats);
  await checkEmpty(out);
  const rows = await readRows(options);
  if (rows === null) {
    throw new InputError(
      'add-pieces needs the rows whose labels are to be written.',
      'Name the training file with --train FILE.',
    );
  }
  const folder = await studentFolder(named);
  const student = await readStudent(folder);
  const contexts = textsToKeep(rows, [predictPrefix, explainPrefix]);
  const { student: extended, ...report } = addMissingPieces(student, writableTexts(rows), contexts);
  const { added, lostBefore, lostAfter } = report;
  const words = `${plural(lostBefore, 'different label', 'different labels')} did not come back as they are; ${formatCount(lostAfter)} ${lostAfter === 1 ? 'does' : 'do'} not now.`;
  if (added.length === 0) {
    throw new InputError(
      lostBefore === 0
        ? 'Every label comes back from this student’s tokenizer as it is.'
        : `${words} No piece would help.`,
      lostBefore === 0 ? 'There is nothing to add.' : 'Look at spaces at their ends.',
    );
  }
  const card = extendedCard({ ...student, name: basename(resolve(student.name)) }, extended);
  const dtype = asked ?? floatOf(student.storedDtype);
  await writeNewFolder(out, modelFolder(extended, extended.weights, { dtype, runFile: null, card }));
  if (options.json) {
    console.log(JSON.stringify({ ...report, vocabulary: extended.config.vocab_size, out: join(out) }));
    return;
  }
  console.log(words);
  for (const { piece, id } of added) console.log(`${JSON.stringify(piece).padEnd(8)} ${id}`);
  console.log(`Everything is in ${out}.`);
}
