/** `headless export`: a student, or what a run trained, in the form that it is used in elsewhere. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { parseRecipe } from '../distill/recipe.ts';
import { modelFolder, type FolderFile } from '../export/model-folder.ts';
import { onnxFolder } from '../export/onnx/folder.ts';
import { onnxStorages } from '../export/onnx/matrices.ts';
import { writtenFloats } from '../formats/safetensors.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import { oneOf, readOptions } from './arguments.ts';
import { checkEmpty, openFolder, readText, writeNewFolder } from './files.ts';

/** What is exported. */
interface Source {
  student: Student;
  /** The text of `run.json`; null where the weights are not a run's. */
  runFile: string | null;
}

export async function exportStudent(args: string[]): Promise<void> {
  const options = readOptions('export', args, {
    run: { type: 'string' },
    student: { type: 'string' },
    onnx: { type: 'string' },
    model: { type: 'string' },
    out: { type: 'string' },
  });
  const storage = oneOf('onnx', options.onnx, onnxStorages);
  const dtype = oneOf('model', options.model, writtenFloats);
  const { out } = options;
  if (out === undefined)
    throw new InputError('export needs a folder to write to.', 'Name a new one with --out DIR.');
  if ((storage === null) === (dtype === null)) {
    throw new InputError(
      storage === null ? 'export was not told what to write.' : '--onnx and --model are two folders.',
      `Give one of --onnx ${onnxStorages.join('|')} and --model ${writtenFloats.join('|')}.`,
    );
  }
  await checkEmpty(out);
  const source = await readSource(options);
  for (const note of source.student.notes) console.error(note);
  const { student, runFile } = source;
  const files =
    storage === null
      ? modelFolder(student, student.weights, { dtype: dtype ?? 'f32', runFile, card: null })
      : onnxFolder(student, student.weights, { storage, runFile });
  await writeNewFolder(out, files);
  console.log(listing(files));
  if (storage === 'q8') {
    console.log('q8 is fast, not exact: an answer may depend on the others in its batch.');
  }
  console.log(`Everything is in ${out}.`);
}

/** @throws InputError where neither or both of a run and a student are named, or what is named cannot be read. */
async function readSource({ run, student }: { run?: string; student?: string }): Promise<Source> {
  if ((run === undefined) === (student === undefined)) {
    throw new InputError(
      run === undefined ? 'export needs a run or a student.' : '--run and --student name two students.',
      'Name one of them: --run DIR or --student DIR.',
    );
  }
  if (run === undefined) {
    return { student: await readStudentFolder(await openFolder(student!), student!), runFile: null };
  }
  const folder = join(run, 'model');
  if (!existsSync(folder)) {
    throw new InputError(
      'there is no model/ in it: no run in this folder has come to its end.',
      'Name a run’s folder; one that was stopped goes on with `train --resume DIR`.',
      { file: run },
    );
  }
  const recipeFile = join(folder, 'run.json');
  const runFile = await readText(recipeFile);
  parseRecipe(runFile, recipeFile);
  return { student: await readStudentFolder(await openFolder(folder), folder), runFile };
}

function listing(files: readonly FolderFile[]): string {
  const width = Math.max(...files.map(({ path }) => path.length));
  return files
    .map(({ path, sizeBytes }) => `${path.padEnd(width)}  ${formatBytes(sizeBytes).padStart(9)}`)
    .join('\n');
}
