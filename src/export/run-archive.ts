/**
 * A whole run as one zip: taken to another machine, or kept before it is deleted here. Format `stillroom-run`, version 1,
 * files in one folder:
 *
 * - `record.json`: `format`, `version`, what is known of the run (names, note, student with its configuration, data,
 *   engine, state, evaluations, watched questions, comparison), and in `files` the size and SHA-256 (of each 32 MiB) of every other file;
 * - `run.json`: the recipe, as everywhere;
 * - `metrics.jsonl`: one step a line, rising; a number that JSON does not have is `"NaN"`, `"Infinity"`, `"-Infinity"`;
 * - `predictions.jsonl`: one test row a line, where the run was compared;
 * - `student/config.json`, `student/tokenizer.json` and the like: what the run needs of its student beside weights;
 * - `model.safetensors`: the weights of `savedStep` (float32, Hugging Face's names), where the run kept any.
 * - `optimizer.safetensors`: AdamW's moments of that step (`exp_avg.NAME`, `exp_avg_sq.NAME`), where the run ended before its
 *   last step and kept them; without them a run that comes as a file can be looked at, compared and exported, not gone on
 *   with.
 *
 * A later version of the format adds files or optional keys under the same number, or raises the number; a reader
 * refuses a number that it does not know.
 */
import { InputError } from '../base/errors.ts';
import { digestSlices, momentsFile, weightsFile } from '../distill/checkpoint.ts';
import { formatRecipe } from '../distill/recipe.ts';
import { parseT5Config, type T5Config, type Weights } from '../student/config.ts';
import { readStudentOutline } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { FolderFile } from './model-folder.ts';
import { format, readRecord, readTexts, version, type ListedFile, type RunTexts } from './run-record.ts';
import { readModel, readMoments, type Moments } from './run-weights.ts';
import { again, otherSize, recordName, unpackListed, unpackRecord } from './unpack-archive.ts';

const studentFolder = 'student/';
const studentFile = /^student\/[a-z_]+\.json$/;

export interface RunArchive extends RunTexts {
  /** Of the student; null where that was no longer stored: then there are no weights either. */
  config: T5Config | null;
  /** Texts of the student's files beside its weights, by name; null where they are not known (and of earlier versions). */
  student: Record<string, string> | null;
  /** Of `run.savedStep`; null where none were kept. */
  weights: Weights | null;
  /** Of the same step, of all that is trained; null where steps are not to be resumed. */
  moments: Moments | null;
  /** SHA-256 of the student that it began with (`digestStudent`), where it comes from the terminal and says so. */
  begunWith?: string | undefined;
}

/** The files of the zip. Large ones are made chunk by chunk (`zipChunks`). */
export async function archiveFiles(archive: RunArchive): Promise<FolderFile[]> {
  const { run, config, student, metrics, predictions, weights, moments } = archive;
  const { recipe, ...facts } = run;
  const files = [
    textFile('run.json', formatRecipe(recipe, facts.reading ?? null)),
    textFile('metrics.jsonl', lines(metrics)),
    ...(predictions.length > 0 ? [textFile('predictions.jsonl', lines(predictions))] : []),
    ...Object.entries(student ?? {}).map(([name, text]) => textFile(studentFolder + name, text)),
    ...(weights && config ? stateFiles(weights, moments, config) : []),
  ];
  const listed: ListedFile[] = [];
  for (const file of files) {
    listed.push({ name: file.path, sizeBytes: file.sizeBytes, sha256: await digestSlices(file) });
  }
  // As a configuration of Hugging Face has it, so that the one reader reads both.
  const written = config && { model_type: config.bias_in_every_layer ? 'umt5' : 't5', ...config };
  const record = { format, version, ...facts, config: written, files: listed };
  return [textFile(recordName, `${JSON.stringify(record, null, 2)}\n`), ...files];
}

function stateFiles(weights: Weights, moments: RunArchive['moments'], config: T5Config): FolderFile[] {
  const parts = [weightsFile(weights, config), ...(moments === null ? [] : [momentsFile(moments, config)])];
  return parts.map(({ name, file }) => new FolderFile(name, file));
}

const encoder = new TextEncoder();

function textFile(path: string, text: string): FolderFile {
  return new FolderFile(path, encoder.encode(text));
}

function lines(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value, withNonFinite)}\n`).join('');
}

function withNonFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/**
 * Reads a zip that `archiveFiles` filled, and holds every file against its SHA-256. The record is unpacked first, then the
 * files that it lists, none to more bytes than it says.
 * @param file The zip's name, for messages.
 * @throws InputError that names the file in the zip, and the line, that is not as it should be.
 */
export async function readArchive(bytes: Uint8Array, file: string): Promise<RunArchive> {
  const found = unpackRecord(bytes, file);
  const label = (name: string): string => `${file}/${name}`;
  const record = readRecord(new TextDecoder().decode(found.record), label(recordName));
  const { files } = record;
  const unpacked = unpackListed(bytes, file, found.folder, files);
  for (const listed of files) await checkFile(listed, unpacked.get(listed.name), label(listed.name));
  const text = (name: string): string | null => {
    const content = unpacked.get(name);
    return content === undefined ? null : new TextDecoder().decode(content);
  };
  const { run, metrics, predictions } = readTexts(record, text, file);
  const config = record.config === null ? null : settledConfig(record.config, label(recordName));
  const [model, optimizer] = ['model.safetensors', 'optimizer.safetensors'];
  const has = (name: string): boolean => files.some((listed) => listed.name === name);
  const weights =
    has(model) && config !== null ? readModel(unpacked.get(model)!, config, label(model)) : null;
  const archive: RunArchive = {
    run,
    config,
    metrics,
    predictions,
    weights,
    student: await readStudentTexts(unpacked, config, file),
    moments:
      has(optimizer) && config !== null && weights !== null && run.recipe.optimizer === 'adamw'
        ? readMoments(unpacked.get(optimizer)!, config, run.recipe, label(optimizer))
        : null,
  };
  return checkWhole(archive, file);
}

/** A configuration that the run was saved with: whether its output is tied was seen from the weights then. */
function settledConfig(written: Record<string, unknown>, file: string): T5Config {
  const config = parseT5Config(JSON.stringify(written), file);
  const { tie_word_embeddings: isTied, scale_decoder_outputs: isScaled } = written;
  if (isTied !== true || isScaled !== false) return config;
  return { ...config, tie_word_embeddings: isTied, scale_decoder_outputs: isScaled };
}

/**
 * The run as it may be used: weights are of a step, and only a run that has its curve up to there is resumed from them,
 * since what is resumed of another would have holes.
 * @throws InputError where it has weights of no step.
 */
export function checkWhole(archive: RunArchive, file: string): RunArchive {
  const { run, metrics, weights, moments } = archive;
  const { savedStep } = run;
  if (weights === null) return archive;
  if (savedStep === null)
    throw new InputError('it has weights, and "savedStep" names no step.', again, {
      file: `${file}/${recordName}`,
    });
  const isWhole = metrics.filter(({ step }) => step <= savedStep).length === savedStep;
  return moments === null || isWhole ? archive : { ...archive, moments: null };
}

/** @throws InputError where they are no student: what reads one reads them, but for weights. */
async function readStudentTexts(
  unpacked: ReadonlyMap<string, Uint8Array>,
  config: T5Config | null,
  file: string,
): Promise<Record<string, string> | null> {
  const found = [...unpacked].filter(([name]) => studentFile.test(name));
  if (found.length === 0) return null;
  const files = new Map(found.map(([name, bytes]) => [name.slice(studentFolder.length), bytes]));
  const own = await readStudentOutline(filesInMemory(files), `${file}/${studentFolder.slice(0, -1)}`);
  if (config !== null && !isSameConfig(own.config, config))
    throw new InputError('it is of another student than the record.', again, {
      file: `${file}/${studentFolder}config.json`,
    });
  return Object.fromEntries([...files].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]));
}

/** Whether all that weights and tokenizer are read by is the same. */
function isSameConfig(one: T5Config, other: T5Config): boolean {
  const keys = Object.keys(one) as (keyof T5Config)[];
  // Whether it is tied may be left to the weights, which are not there with its texts.
  const byWeights: readonly (keyof T5Config)[] = ['tie_word_embeddings', 'scale_decoder_outputs'];
  return keys.every((key) => byWeights.includes(key) || one[key] === other[key]);
}

async function checkFile(
  { sizeBytes, sha256 }: ListedFile,
  content: Uint8Array | undefined,
  file: string,
): Promise<void> {
  if (content === undefined) throw new InputError('this file is missing.', again, { file });
  if (content.length !== sizeBytes) {
    throw otherSize(content.length, sizeBytes, file);
  }
  const found = await digestSlices(new FolderFile(file, content));
  if (found.length === sha256.length && found.every((digits, slice) => digits === sha256[slice])) return;
  throw new InputError('this file has other bytes than were written.', again, { file });
}
