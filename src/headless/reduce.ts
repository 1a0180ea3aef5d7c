/** `headless reduce`: a student with fewer pieces and layers, before anything is trained. */
import { basename, resolve } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import type { Example } from '../data/example.ts';
import { splits } from '../data/split-name.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import { taskRow } from '../distill/tasks.ts';
import { reduceStudent } from '../jobs/reduce.ts';
import { reducedCard } from '../export/reduced-card.ts';
import { modelFolder, type FolderFile } from '../export/model-folder.ts';
import type { Student } from '../student/folder.ts';
import { memoryOfRun } from '../distill/memory-of-run.ts';
import type { DeviceModel } from '../engine/plan/run-memory.ts';
import type { TrainingShape } from '../student/memory.ts';
import { deviceModel } from './plan.ts';
import { countParameters } from '../student/parameters.ts';
import { floatOf, type WrittenFloat, writtenFloats } from '../formats/safetensors-writer.ts';
import { readLayerChoice, type LayerChoice } from '../student/reduce/layers.ts';
import { dataOptions, oneOf, readOptions, wholeNumber } from './arguments.ts';
import { joinSplit, listOfPaths, readingOf, type DataArguments } from './data-files.ts';
import { checkEmpty, isSamePlace, writeNewFolder } from './files.ts';
import { studentFolder } from './hub-student.ts';
import { whileTelling } from './progress-line.ts';
import { readStudent } from './read-student.ts';

/** What a student weighs. */
interface Size {
  parameters: number;
  /** Of its folder: weights as stored, tokenizer, configuration. */
  downloadBytes: number;
  /** Estimate, with a batch of `shape`. */
  trainingBytes: number;
  vocabulary: number;
  encoderLayers: number;
  decoderLayers: number;
}

export async function reduce(args: string[]): Promise<void> {
  const options = readOptions('reduce', args, {
    student: { type: 'string' },
    ...dataOptions,
    vocabulary: { type: 'string' },
    'drop-rare': { type: 'boolean' },
    'encoder-layers': { type: 'string' },
    'decoder-layers': { type: 'string' },
    precision: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { student: named, out } = options;
  if (named === undefined)
    throw new InputError('reduce needs a student.', 'Name its folder with --student DIR.');
  if (out === undefined)
    throw new InputError('reduce needs a folder to write to.', 'Name it with --out DIR.');
  if (await isSamePlace(out, named)) {
    throw new InputError('--out is the student’s own folder, which would be overwritten.', 'Name another.');
  }
  await checkEmpty(out);
  const size = wholeNumber('vocabulary', options.vocabulary);
  const dropRare = options['drop-rare'] ?? false;
  if (dropRare && size === null) {
    throw new InputError(
      '--drop-rare needs a size to come down to.',
      'Give it with --vocabulary N, or leave --drop-rare out.',
    );
  }
  const encoder = layerChoice('encoder-layers', options['encoder-layers']);
  const decoder = layerChoice('decoder-layers', options['decoder-layers']);
  const asked = oneOf('precision', options.precision, writtenFloats);
  const rows = await readRows(options);
  if (size !== null && rows === null) {
    throw new InputError(
      '--vocabulary needs the texts that the student is for.',
      'Name the training file with --train FILE.',
    );
  }

  const folder = await studentFolder(named);
  const whole = await readStudent(folder);
  const vocabulary = rows && { size, dropRare, rows };
  const { student, layers, ...reduced } = await whileTelling((watch) =>
    reduceStudent({ whole, encoder, decoder, vocabulary }, watch),
  );

  const stored = floatOf(whole.storedDtype);
  const dtype = asked ?? stored;
  // By the reduced tokenizer, which may take more pieces for a text, never fewer.
  const shape = trainingShape(rows, student);
  const model = await deviceModel(null);
  const before = sizeOf(whole, filesOf(whole, stored, null), shape, model);
  const card = reducedCard({ ...whole, name: basename(resolve(whole.name)) }, student);
  const files = filesOf(student, dtype, card);
  const after = sizeOf(student, files, shape, model);
  await writeNewFolder(out, files);

  const notes = student.notes.slice(whole.notes.length);
  if (options.json) {
    console.log(
      JSON.stringify({
        before: { ...before, dtype: stored },
        after: { ...after, dtype },
        vocabulary: reduced.vocabulary,
        layers,
        trainingShape: shape,
        notes,
        out,
      }),
    );
    return;
  }
  console.log(inWords(before, after, shape));
  for (const note of notes) console.log(note);
  console.log(`Everything is in ${out}.`);
}

/** Rows of every split, or null where no file was named. */
export async function readRows(files: DataArguments): Promise<Example[] | null> {
  const reading = readingOf(files);
  const rows: Example[] = [];
  for (const split of splits) {
    const rationales = files[`${split}-rationales`];
    if (listOfPaths(files[split]).length === 0) {
      if (listOfPaths(rationales).length === 0) continue;
      throw new InputError(
        `There are ${split} rationales, but no ${split} file.`,
        `Name it with --${split} FILE.`,
      );
    }
    for (const row of (await joinSplit(files[split], rationales, split, reading)).examples) rows.push(row);
  }
  return rows.length === 0 ? null : rows;
}

/** Null where the option was not given. */
function layerChoice(option: string, value: string | undefined): LayerChoice | null {
  if (value === undefined) return null;
  const choice = readLayerChoice(value);
  if (choice !== null) return choice;
  throw new InputError(
    `--${option} ${value} is neither a count nor a list of layers.`,
    `Give a number (4) or layers from 0 with commas between them (0,2,5,7).`,
  );
}

function filesOf(student: Student, dtype: WrittenFloat, card: string | null): FolderFile[] {
  return modelFolder(student, student.weights, { dtype, runFile: null, card });
}

/** A batch of the notebook's recipe with the longest texts of these rows; without rows, of middling length. */
function trainingShape(rows: readonly Example[] | null, { tokenizer }: Student): TrainingShape {
  const { batchSize, method } = notebookRecipe;
  if (rows === null) return { batchSize, method, inputTokens: 128, targetTokens: 64 };
  let inputTokens = 1;
  let targetTokens = 1;
  for (const example of rows) {
    const row = taskRow(notebookRecipe, example, tokenizer);
    inputTokens = Math.max(inputTokens, row.answerInput.length, row.rationaleInput?.length ?? 0);
    targetTokens = Math.max(targetTokens, row.answerTarget.length, row.rationaleTarget?.length ?? 0);
  }
  return { batchSize, method, inputTokens, targetTokens };
}

function sizeOf(
  { config }: Student,
  files: readonly FolderFile[],
  shape: TrainingShape,
  model: DeviceModel,
): Size {
  return {
    parameters: countParameters(config),
    downloadBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    trainingBytes: memoryOfRun(config, notebookRecipe, shape, model).steadyBytes,
    vocabulary: config.vocab_size,
    encoderLayers: config.num_layers,
    decoderLayers: config.num_decoder_layers,
  };
}

function inWords(before: Size, after: Size, shape: TrainingShape): string {
  const row = (name: string, show: (size: Size) => string): string =>
    `${name.padEnd(22)}${show(before).padStart(14)}${show(after).padStart(14)}`;
  return [
    `${''.padEnd(22)}${'before'.padStart(14)}${'after'.padStart(14)}`,
    row('parameters', ({ parameters }) => formatCount(parameters)),
    row('to download', ({ downloadBytes }) => formatBytes(downloadBytes)),
    row('to train (estimate)', ({ trainingBytes }) => formatBytes(trainingBytes)),
    row('vocabulary', ({ vocabulary }) => formatCount(vocabulary)),
    row('encoder layers', ({ encoderLayers }) => formatCount(encoderLayers)),
    row('decoder layers', ({ decoderLayers }) => formatCount(decoderLayers)),
    `To train: ${shape.batchSize} rows a step of at most ${shape.inputTokens} input and ${shape.targetTokens} target tokens, two tasks.`,
  ].join('\n');
}
