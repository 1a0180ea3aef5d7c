/** `headless export`: a student, or what a run trained, in the form that it is used in elsewhere. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import { formatBytes } from '../base/units.ts';
import { parseRecipe } from '../distill/recipe.ts';
import { readAbout, type CardAbout } from '../data/about.ts';
import { demoPage } from '../export/demo/page.ts';
import { demoWarningBytes } from '../export/demo/warning.ts';
import { modelFolder, type FolderFile } from '../export/model-folder.ts';
import type { EngineStudent } from '../engine/engine.ts';
import { checkRounding, type RoundingCheck } from '../jobs/rounding.ts';
import { openEngine } from './machine.ts';
import { cardFiles, untrainedCardFiles, type CardForm, type ModelCardFacts } from '../export/model-card.ts';
import { onnxFolder } from '../export/onnx/folder.ts';
import { onnxStorages } from '../export/onnx/matrices.ts';
import { servedStorages, serverFolder } from '../export/server-folder.ts';
import { writtenFloats, type WrittenFloat } from '../formats/safetensors-writer.ts';
import type { Student } from '../student/folder.ts';
import { oneOf, readOptions } from './arguments.ts';
import { checkEmpty, readText, writeNewFile, writeNewFolder } from './files.ts';
import { studentFolder } from './hub-student.ts';
import { whileTelling } from './progress-line.ts';
import { readStudent } from './read-student.ts';
import { runCardFacts } from './run-card.ts';
import { exportScale } from './scale.ts';

/** What is exported. */
interface Source {
  student: Student;
  /** The text of `run.json`; null where the weights are not a run's. */
  runFile: string | null;
}

/** What only a person can say for the card. */
const aboutOptions = {
  licence: { type: 'string' },
  dataset: { type: 'string' },
  'dataset-licence': { type: 'string' },
  language: { type: 'string' },
} as const;

export async function exportStudent(args: string[]): Promise<void> {
  if (args.includes('--scale')) return exportScale(args);
  const options = readOptions('export', args, {
    run: { type: 'string' },
    student: { type: 'string' },
    onnx: { type: 'string' },
    model: { type: 'string' },
    demo: { type: 'string' },
    serve: { type: 'boolean', default: false },
    'with-past': { type: 'boolean', default: false },
    ...aboutOptions,
    out: { type: 'string' },
  });
  const storage = oneOf('onnx', options.onnx, onnxStorages);
  const dtype = oneOf('model', options.model, writtenFloats);
  const { out, demo } = options;
  if (demo !== undefined) {
    if (storage !== null || dtype !== null || options.serve || out !== undefined) {
      throw new InputError(
        '--demo FILE is one file by itself.',
        'Give it without --onnx, --model, --serve and --out.',
      );
    }
    await exportDemo(demo, options);
    return;
  }
  if (out === undefined)
    throw new InputError('export needs a folder to write to.', 'Name a new one with --out DIR.');
  const served = options.serve ? (oneOf('onnx', options.onnx, servedStorages) ?? 'f32') : null;
  // --serve has an ONNX folder in it, whose storage --onnx may name.
  if ([served ?? storage, dtype].filter((form) => form !== null).length !== 1) {
    const isNone = dtype === null;
    throw new InputError(
      isNone
        ? 'export was not told what to write.'
        : `${options.serve ? '--serve' : '--onnx'} and --model are two folders.`,
      `Give one of --onnx ${onnxStorages.join('|')}, --model ${writtenFloats.join('|')}, --serve and --demo FILE.`,
    );
  }
  if (options['with-past'] && storage === null)
    throw new InputError('--with-past is a part of an ONNX folder.', 'Give it with --onnx.');
  const about = readAbout({ ...options, datasetLicence: options['dataset-licence'] });
  await checkEmpty(out);
  const source = await readSource(options);
  for (const note of source.student.notes) console.error(note);
  const { student, runFile } = source;
  const { weights } = student;
  const form: CardForm =
    served !== null
      ? { kind: 'server', storage: served }
      : storage !== null
        ? { kind: 'onnx', storage }
        : { kind: 'model' };
  const card = await cardOf(source, options.run, form, {
    dtype: form.kind === 'model' ? (dtype ?? 'f32') : form.storage === 'f16' ? 'f16' : 'f32',
    about,
  });
  const withPast = options['with-past'];
  const files =
    form.kind === 'server'
      ? serverFolder(student, weights, { storage: served ?? 'f32', runFile, card })
      : form.kind === 'onnx'
        ? [...card, ...onnxFolder(student, weights, { storage: form.storage, runFile, withPast })]
        : [...card, ...modelFolder(student, weights, { dtype: dtype ?? 'f32', runFile, card: null })];
  await writeNewFolder(out, files);
  console.log(listing(files));
  if (storage === 'q8') {
    console.log('q8 is fast, not exact: an answer may depend on the others in its batch.');
  }
  console.log(`Everything is in ${out}.`);
}

/** The card and what it speaks of: of a run with its figures, of another student with what is known. */
async function cardOf(
  { student }: Source,
  run: string | undefined,
  form: CardForm,
  told: { dtype: WrittenFloat; about: CardAbout },
): Promise<FolderFile[]> {
  const facts = run === undefined ? null : await runCardFacts(run, student, { form, ...told });
  if (facts !== null) {
    const { dtype } = told;
    // Only what the Hugging Face folder holds is rounded here as its readers will have it.
    const rounding = form.kind === 'model' ? await roundingOf(student, facts, dtype) : null;
    return cardFiles({ ...facts, rounding });
  }
  return untrainedCardFiles(student, { name: basename(resolve(run ?? student.name)), form, ...told });
}

/** What rounding to 16 bits does to answers, on up to 50 of the run's test rows; told and in the card. */
async function roundingOf(
  { config, weights, tokenizer }: Student,
  { recipe, predictions }: ModelCardFacts,
  dtype: WrittenFloat,
): Promise<RoundingCheck | null> {
  const job = { student: { config, weights }, tokenizer, dtype, recipe, examples: predictions };
  const open = (student: EngineStudent) => openEngine(student, { engine: null, backend: null });
  const found = await whileTelling((watch) => checkRounding({ ...job, open }, watch));
  if (found !== null)
    console.log(
      `Of the answers to ${found.rows} test rows, ${found.differing} ${found.differing === 1 ? 'differs' : 'differ'} from those of the weights before rounding.`,
    );
  return found;
}

/** One page that answers. @throws InputError where the file is there already. */
async function exportDemo(path: string, options: { run?: string; student?: string }): Promise<void> {
  if (path === '') throw new InputError('--demo names no file.', 'Name a new one: --demo demo.html.');
  if (existsSync(path)) {
    throw new InputError('this file is there already and is not replaced.', 'Name another with --demo.', {
      file: path,
    });
  }
  const { student, runFile } = await readSource(options);
  for (const note of student.notes) console.error(note);
  const { run } = options;
  const page = await demoPage(path, student, student.weights, {
    name: basename(resolve(run ?? student.name)),
    recipe: runFile === null ? null : parseRecipe(runFile, 'run.json'),
    examples: run === undefined ? [] : await testedQuestions(join(run, 'predictions.jsonl')),
    program: await readText(join(dirname(fileURLToPath(import.meta.url)), 'demo.js')),
  });
  if (page.sizeBytes > demoWarningBytes) {
    console.error(
      `The page has ${formatBytes(page.sizeBytes)}: above ${formatBytes(demoWarningBytes)} browsers open it slowly, or not at all. For larger students export --onnx.`,
    );
  }
  await writeNewFile(path, page.chunks());
  console.log(`${path}: ${formatBytes(page.sizeBytes)}. Open it in a browser; it needs nothing else.`);
}

/** The first questions that the run was tested on; none where it was not. */
async function testedQuestions(file: string): Promise<string[]> {
  if (!existsSync(file)) return [];
  const rows = (await readText(file)).split('\n').slice(0, 3);
  return rows.flatMap((row) => {
    try {
      const question = questionSchema.safeParse(JSON.parse(row));
      return question.success ? [question.data.input] : [];
    } catch {
      // A line that was cut off.
      return [];
    }
  });
}

const questionSchema = z.looseObject({ input: z.string() });

/** @throws InputError where neither or both of a run and a student are named, or what is named cannot be read. */
async function readSource({ run, student }: { run?: string; student?: string }): Promise<Source> {
  if ((run === undefined) === (student === undefined)) {
    throw new InputError(
      run === undefined ? 'export needs a run or a student.' : '--run and --student name two students.',
      'Name one of them: --run DIR or --student DIR.',
    );
  }
  if (run === undefined) {
    const folder = await studentFolder(student!);
    return { student: await readStudent(folder), runFile: null };
  }
  const folder = join(run, 'model');
  if (!existsSync(folder)) {
    throw new InputError(
      'there is no model/ in it: no run in this folder has come to its end.',
      'Name a run’s folder; resume one that was stopped with `train --resume DIR`.',
      { file: run },
    );
  }
  const recipeFile = join(folder, 'run.json');
  const runFile = await readText(recipeFile);
  parseRecipe(runFile, recipeFile);
  return { student: await readStudent(folder), runFile };
}

function listing(files: readonly FolderFile[]): string {
  const width = Math.max(...files.map(({ path }) => path.length));
  return files
    .map(({ path, sizeBytes }) => `${path.padEnd(width)}  ${formatBytes(sizeBytes).padStart(9)}`)
    .join('\n');
}
