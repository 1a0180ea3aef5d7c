/**
 * A trained student as a Hugging Face folder, file by file. It loads in transformers and again in the studio.
 */
import { InputError } from '../base/errors.ts';
import { parseRecipe } from '../distill/recipe.ts';
import type { T5Config, Weights } from '../student/config.ts';
import type { Student } from '../student/folder.ts';
import type { Lora } from '../student/lora/lora.ts';
import { generationFileKeys, generationOfConfig } from '../student/own-generation.ts';
import {
  adapterConfigFile,
  adapterConfigText,
  adapterModel,
  adapterModelFile,
} from '../student/lora/peft-folder.ts';
import { expectedParameters } from '../student/parameters.ts';
import {
  beyondHalf,
  joinChunks,
  safetensorsChunks,
  type ChunkedFile,
  type WrittenFloat,
  torchDtypes,
} from '../formats/safetensors-writer.ts';

/** One file of a folder. Large ones are made chunk by chunk; `bytes` puts them together. */
export class FolderFile implements ChunkedFile {
  readonly #source: ChunkedFile;

  constructor(
    /** Name within the folder. */
    readonly path: string,
    source: ChunkedFile | Uint8Array,
  ) {
    this.#source =
      source instanceof Uint8Array ? { sizeBytes: source.length, chunks: () => [source] } : source;
  }

  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  /** The content in order; each call begins again. Chunks may be views on the weights: use them before training on. */
  chunks(): Iterable<Uint8Array> {
    return this.#source.chunks();
  }

  /** The content in one array, made at each call. */
  get bytes(): Uint8Array {
    return joinChunks(this.#source);
  }
}

/** What is exported of a student: all but its own weights. */
export type ExportableStudent = Pick<
  Student,
  'config' | 'rawConfig' | 'tokenizerFiles' | 'generationConfigText'
>;

export interface ModelFolderOptions {
  dtype: WrittenFloat;
  /** The text of `run.json`, the recipe that the weights were trained and measured by; null where there was no run. */
  runFile: string | null;
  /** The text of `README.md`; null leaves it out. */
  card: string | null;
}

const encoder = new TextEncoder();

function textFile(path: string, text: string): FolderFile {
  return new FolderFile(path, encoder.encode(text));
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** JavaScript writes 1.0 as 1, and transformers refuses a whole number where its configuration has a float. */
const floatLine =
  /^( {2}"(?:initializer_factor|layer_norm_epsilon|dropout_rate|classifier_dropout|repetition_penalty|length_penalty)": -?\d+)(,?)$/gm;

/**
 * `config.json`: every key of the student's own, with what is true of these weights. `torch_dtype` is what
 * transformers before 4.56 reads. `scale_decoder_outputs` (transformers 5) would contradict `tie_word_embeddings`.
 */
function exportedConfig(
  { config: own, rawConfig }: ExportableStudent,
  dtype: WrittenFloat,
): Record<string, unknown> {
  const config = untiedWhereUnscaled(own);
  const { scale_decoder_outputs: _, ...raw } = rawConfig;
  const { bias_in_every_layer: isUnimax, scale_decoder_outputs: __, ...named } = config;
  const torchDtype = torchDtypes[dtype];
  return {
    ...raw,
    ...named,
    // As the file had it: `gated-gelu_new` is another name for the same.
    feed_forward_proj: raw['feed_forward_proj'] ?? config.feed_forward_proj,
    // An mT5 is a T5 v1.1, and is written as one; only UMT5 differs in what is computed.
    architectures: [isUnimax === true ? 'UMT5ForConditionalGeneration' : 'T5ForConditionalGeneration'],
    model_type: isUnimax === true ? 'umt5' : 't5',
    is_encoder_decoder: true,
    dtype: torchDtype,
    torch_dtype: torchDtype,
  };
}

/**
 * Whether transformers' cache fails with this student: it is made with as many layers as the encoder has, and a decoder
 * with more ends in an IndexError.
 */
function cacheTooShort({ num_layers, num_decoder_layers }: T5Config): boolean {
  return num_layers < num_decoder_layers;
}

/** The text of a generation configuration with the cache turned off, the rest verbatim: for Python 1.0 is not 1. */
function withoutCache(text: string): string {
  const said = /"use_cache"(\s*):(\s*)(?:true|false|null)/;
  if (said.test(text)) return text.replace(said, '"use_cache"$1:$2false');
  const isEmpty = Object.keys(JSON.parse(text) as object).length === 0;
  return text.replace('{', `{\n  "use_cache": false${isEmpty ? '\n' : ','}`);
}

/** How the studio generated when it measured: as the recipe has it, and to its length. */
function measuredGeneration({ config }: ExportableStudent, runFile: string): Record<string, unknown> {
  const { decoder_start_token_id, eos_token_id, pad_token_id } = config;
  const { generation, generationMaxTokens } = parseRecipe(runFile, 'run.json');
  return {
    decoder_start_token_id,
    do_sample: false,
    eos_token_id,
    max_new_tokens: generationMaxTokens,
    ...generationFileKeys(generation),
    pad_token_id,
    ...(cacheTooShort(config) ? { use_cache: false } : {}),
  };
}

/** Keys of a generation configuration that say where it is from, not how to generate. */
const origins = new Set(['transformers_version', '_from_model_config']);

/** Whether a generation configuration sets anything that the measured one does not set alike. */
function setsMore(text: string, measured: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(JSON.parse(text) as object).some(
    ([key, value]) => !origins.has(key) && JSON.stringify(value) !== JSON.stringify(measured[key]),
  );
}

/**
 * `generation_config.json`. A trained student has the one that its figures were measured with, and beside it the
 * student's own where that would generate otherwise; one that no run has measured keeps its own.
 * @throws InputError where `runFile` is no recipe.
 */
function generationFiles(student: ExportableStudent, runFile: string | null): FolderFile[] {
  const { config, generationConfigText: own } = student;
  if (runFile === null) {
    const { decoder_start_token_id, eos_token_id, pad_token_id } = config;
    const made = {
      decoder_start_token_id,
      eos_token_id,
      pad_token_id,
      ...generationOfConfig(student.rawConfig),
    };
    const text = own ?? jsonText(made).replace(floatLine, '$1.0$2');
    return [textFile('generation_config.json', cacheTooShort(config) ? withoutCache(text) : text)];
  }
  const measured = measuredGeneration(student, runFile);
  return [
    textFile('generation_config.json', jsonText(measured).replace(floatLine, '$1.0$2')),
    ...(own !== null && setsMore(own, measured) ? [textFile('generation_config.original.json', own)] : []),
  ];
}

/** @throws InputError where f16 cannot hold a weight. */
export function checkHalf(weights: Weights): void {
  for (const [name, values] of weights) {
    const beyond = beyondHalf(values);
    if (beyond === null) continue;
    throw new InputError(
      `Weight "${name}" holds ${beyond}, which 16-bit floats cannot (they end at 65,504).`,
      'Export as bf16 or f32 instead.',
    );
  }
}

/**
 * A student that is tied but not scaled is written as an untied one, whose output is a copy of the embedding: only
 * transformers 5 could tell it from a T5 v1.0.
 */
function untiedWhereUnscaled(config: T5Config): T5Config {
  return config.tie_word_embeddings && config.scale_decoder_outputs === false
    ? { ...config, tie_word_embeddings: false }
    : config;
}

function modelFile(student: ExportableStudent, weights: Weights, dtype: WrittenFloat): FolderFile {
  const tensors = new Map(
    expectedParameters(untiedWhereUnscaled(student.config)).map(({ name, shape }) => {
      const data =
        weights.get(name) ?? (name === 'lm_head.weight' ? weights.get('shared.weight') : undefined);
      if (data === undefined) throw new RangeError(`no weight "${name}" to export`);
      return [name, { shape, data }];
    }),
  );
  return new FolderFile(
    'model.safetensors',
    safetensorsChunks(tensors, { dtype, metadata: { format: 'pt' } }),
  );
}

/**
 * The texts beside the weights: `config.json`, how to generate, the tokenizer's files verbatim, `run.json`.
 * @param more Keys that `config.json` has besides.
 * @throws InputError where `runFile` is no recipe.
 */
export function textFiles(
  student: ExportableStudent,
  { dtype, runFile }: Pick<ModelFolderOptions, 'dtype' | 'runFile'>,
  more: Readonly<Record<string, unknown>> = {},
): FolderFile[] {
  const config = jsonText({ ...exportedConfig(student, dtype), ...more });
  return [
    textFile('config.json', config.replace(floatLine, '$1.0$2')),
    ...generationFiles(student, runFile),
    ...(runFile === null ? [] : [textFile('run.json', runFile)]),
    ...Object.entries(student.tokenizerFiles).map(([name, text]) => textFile(name, text)),
  ];
}

/**
 * The files of the folder. Untied students have both `shared.weight` and `lm_head.weight` and
 * `tie_word_embeddings: false`; tied ones `shared.weight` alone: so every version of transformers reads them alike.
 * @param weights The trained weights, by name, all that `expectedParameters` lists.
 * @throws InputError where f16 is asked for and cannot hold a weight, or `runFile` is no recipe.
 */
export function modelFolder(
  student: ExportableStudent,
  weights: Weights,
  options: ModelFolderOptions,
): FolderFile[] {
  const { dtype, runFile, card } = options;
  if (dtype === 'f16') checkHalf(weights);
  return [
    ...(card === null ? [] : [textFile('README.md', card)]),
    ...textFiles(student, { dtype, runFile }),
    modelFile(student, weights, dtype),
  ];
}

/**
 * Adapters as peft's folder, with the run's recipe.
 * @throws InputError where f16 is asked for and cannot hold a value.
 */
export function adapterFolder(
  student: ExportableStudent & { name: string },
  lora: Lora,
  adapters: Weights,
  { dtype, runFile }: Pick<ModelFolderOptions, 'dtype' | 'runFile'>,
): FolderFile[] {
  if (dtype === 'f16') checkHalf(adapters);
  const { config, name } = student;
  return [
    // A path of this machine says nothing elsewhere.
    textFile(adapterConfigFile, adapterConfigText(config, lora, name.split(/[\\/]/).at(-1) ?? name)),
    new FolderFile(adapterModelFile, adapterModel(config, lora, adapters, dtype)),
    ...(runFile === null ? [] : [textFile('run.json', runFile)]),
  ];
}
