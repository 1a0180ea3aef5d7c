/** A student out of a Hugging Face T5 folder: everything read and checked before anybody trains. */
import { InputError } from '../base/errors.ts';
import { byT5Tokenizer, isByT5 } from './byt5-tokenizer.ts';
import { readT5Config, tiesByWeights, type T5Config, type Weights } from './config.ts';
import { parseBounded } from '../formats/json-values.ts';
import type { StoredDtype } from '../formats/safetensors.ts';
import { generationNote } from './generation-words.ts';
import { generationOfConfig } from './own-generation.ts';
import { hasOwnOutput, readWeights, weightBytes, weightNames } from './stored-weights.ts';
import { findFolder, mostSettings, type Folder, type StudentFiles } from './student-files.ts';
import { tokenizerFromSentencePiece } from './spiece-tokenizer.ts';
import { parseObject, parseTokenizer, type Tokenizer } from './tokenizer.ts';

export type { StudentFiles };

export interface Student {
  /** The folder's name, or what the person called it. */
  name: string;
  config: T5Config;
  /** `config.json` as it was, for export. */
  rawConfig: Readonly<Record<string, unknown>>;
  /** Float32, in the order of `expectedParameters`. */
  weights: Weights;
  tokenizer: Tokenizer;
  /** The tokenizer's files that the folder had, verbatim, by name. */
  tokenizerFiles: Readonly<Record<string, string>>;
  /** The object in `generation_config.json`, or what config.json says in its place; null where neither says a thing. */
  generationConfig: Readonly<Record<string, unknown>> | null;
  /** The text of `generation_config.json`, verbatim; null where there is none: for Python 1.0 is not 1. */
  generationConfigText: string | null;
  storedDtype: StoredDtype;
  /** What was left aside or put right, in words. */
  notes: string[];
}

/** A student without its weights: enough to show it, and to tokenise. */
export type StudentOutline = Omit<Student, 'weights' | 'storedDtype'> & {
  /** Bytes of the stored weights; 0 where the files' sizes are not known. */
  weightBytes: number;
};

/** `totalBytes` grows with what is read where the files' sizes are not known beforehand. */
export type ReadProgress = (readBytes: number, totalBytes: number) => void;

/** Files that are carried from a student to its export unchanged. */
const tokenizerFileNames = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

/** A tokenizer.json that is made where the folder has none, and what it is made from. */
interface MadeTokenizer {
  text: string;
  /** What messages call its source. */
  file: string;
  /** Null where it stays with the studio: transformers takes its own class. */
  note: string | null;
}

/** @throws InputError where the folder has nothing to make one from. */
async function makeTokenizer(
  folder: Folder,
  configText: string | undefined,
  modelClass: unknown,
): Promise<MadeTokenizer> {
  const configFile = folder.label('tokenizer_config.json');
  const config = configText === undefined ? {} : parseObject(configText, configFile, mostSettings);
  const pieces = await folder.small('spiece.model');
  if (pieces !== null) {
    const file = folder.label('spiece.model');
    const made = tokenizerFromSentencePiece(pieces, config, file);
    const note = 'tokenizer.json was made from spiece.model, as transformers makes it.';
    return { text: JSON.stringify(made), file, note };
  }
  // As transformers' AutoTokenizer: what config.json says counts where the tokenizer's own says nothing.
  if (isByT5({ tokenizer_class: modelClass, ...config }))
    return { text: JSON.stringify(byT5Tokenizer()), file: configFile, note: null };
  throw new InputError(
    'There is no tokenizer.json and no spiece.model.',
    'Add tokenizer.json and tokenizer_config.json of the same model.',
    { file: folder.name },
  );
}

async function readTokenizer(
  folder: Folder,
  config: T5Config,
  modelClass: unknown,
): Promise<{ tokenizer: Tokenizer; tokenizerFiles: Record<string, string>; notes: string[] }> {
  const tokenizerFiles: Record<string, string> = {};
  for (const fileName of tokenizerFileNames) {
    const text = await folder.text(fileName);
    if (text !== null) tokenizerFiles[fileName] = text;
  }
  const { 'tokenizer_config.json': configText } = tokenizerFiles;
  const { 'tokenizer.json': own } = tokenizerFiles;
  const { text, file, note }: MadeTokenizer =
    own === undefined
      ? await makeTokenizer(folder, configText, modelClass)
      : { text: own, file: folder.label('tokenizer.json'), note: null };
  const notes: string[] = [];
  if (note !== null) {
    tokenizerFiles['tokenizer.json'] = text;
    notes.push(note);
  }
  const tokenizer = parseTokenizer(
    { tokenizer: text, config: configText ?? null },
    { endId: config.eos_token_id, tokenizerFile: file, configFile: folder.label('tokenizer_config.json') },
  );
  if (tokenizer.vocabularySize > config.vocab_size) {
    throw new InputError(
      `The tokenizer has ids up to ${tokenizer.vocabularySize - 1}, but config.json has vocab_size ${config.vocab_size}.`,
      'Use the tokenizer and the config.json of the same model.',
      { file },
    );
  }
  if (configText === undefined)
    notes.push('There is no tokenizer_config.json; transformers’ defaults are taken.');
  if (!tokenizer.appendsEnd)
    notes.push('tokenizer.json does not append the end token; the studio appends it.');
  return { tokenizer, tokenizerFiles, notes };
}

async function readGenerationConfig(
  folder: Folder,
  rawConfig: Readonly<Record<string, unknown>>,
): Promise<Pick<Student, 'generationConfig' | 'generationConfigText'>> {
  const text = await folder.text('generation_config.json');
  if (text === null) return { generationConfig: generationOfConfig(rawConfig), generationConfigText: null };
  const file = folder.label('generation_config.json');
  let value: unknown;
  try {
    value = parseBounded(text, mostSettings, file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    value = null;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { generationConfig: value as Record<string, unknown>, generationConfigText: text };
  throw new InputError(
    'This is not a JSON object.',
    'Download the file again, or leave it out: it is optional.',
    { file },
  );
}

async function outline(folder: Folder): Promise<StudentOutline> {
  const configText = (await folder.text('config.json'))!;
  const { config: said, rawConfig } = readT5Config(configText, folder.label('config.json'));
  const isTied = tiesByWeights(rawConfig) && !(await hasOwnOutput(folder));
  const config = isTied ? { ...said, tie_word_embeddings: true, scale_decoder_outputs: false } : said;
  const { tokenizer, tokenizerFiles, notes } = await readTokenizer(
    folder,
    config,
    rawConfig['tokenizer_class'],
  );
  const generation = await readGenerationConfig(folder, rawConfig);
  const asked = generationNote(generation.generationConfig);
  return {
    name: folder.name,
    config,
    rawConfig,
    tokenizer,
    tokenizerFiles,
    ...generation,
    notes: [...notes, ...(asked === null ? [] : [asked])],
    weightBytes: weightBytes(folder),
  };
}

/**
 * Reads configuration and tokenizer only: enough to show a student and to tokenise for it.
 * @throws InputError as `readStudentFolder`, except about weights.
 */
export function readStudentOutline(files: StudentFiles, name: string): Promise<StudentOutline> {
  return outline(findFolder(files, name));
}

/**
 * The paths of the files that a student is read from. A hub's clone holds others: a card, the weights for other
 * frameworks, tests.
 * @throws InputError where there is no folder with a config.json.
 */
export function studentPaths(files: StudentFiles, name: string): Set<string> {
  const folder = findFolder(files, name);
  const weights = new Set(weightNames(folder.names()));
  const used = folder
    .names()
    .filter((short) => weights.has(short) || short === 'spiece.model' || /^[^/]+\.json$/.test(short));
  return new Set(used.map((short) => folder.path(short)!));
}

/**
 * Reads a student whole. The configuration and the tokenizer come first, so that a folder that is no T5 is refused
 * before its weights are read.
 * @param name What to call it, and how messages name the folder.
 * @param onOutline Told all but the weights, before these are read; what it throws ends the reading.
 * @throws InputError where anything is missing, damaged or does not fit, naming the file and what to do.
 */
export async function readStudentFolder(
  files: StudentFiles,
  name: string,
  onProgress: ReadProgress = () => undefined,
  onOutline: (outline: StudentOutline) => void = () => undefined,
): Promise<Student> {
  const folder = findFolder(files, name);
  const found = await outline(folder);
  onOutline(found);
  const { weightBytes: totalBytes, notes, ...rest } = found;
  let readBytes = 0;
  if (totalBytes > 0) onProgress(0, totalBytes);
  const stored = await readWeights(folder, rest.config, (sizeBytes) => {
    readBytes += sizeBytes;
    onProgress(readBytes, Math.max(readBytes, totalBytes));
  });
  return {
    ...rest,
    weights: stored.weights,
    storedDtype: stored.storedDtype,
    notes: [...notes, ...stored.notes],
  };
}
