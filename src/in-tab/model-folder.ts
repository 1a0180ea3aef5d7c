/**
 * A language model's folder in the layout of transformers.js: `config.json`, `tokenizer.json`, `tokenizer_config.json`
 * and `onnx/model*.onnx`, whose names say how the weights are kept.
 */
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';

export interface ModelFile {
  /** Below what was dropped: `Qwen/config.json`, `Qwen/onnx/model_q4.onnx`. */
  path: string;
  file: Blob;
}

/** Where a model is run. */
export type Device = 'webgpu' | 'wasm';

/** How weights are kept, by the ending of the file's name, in the words of transformers.js. */
const endings = {
  q4f16: '_q4f16',
  q4: '_q4',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  bnb4: '_bnb4',
  fp16: '_fp16',
  fp32: '',
} as const;
export type Precision = keyof typeof endings;

/** What is best where there is a choice. A processor multiplies 8-bit numbers fastest, a GPU has room and time for 16. */
const bestFirst: Readonly<Record<Device, readonly Precision[]>> = {
  webgpu: ['q4f16', 'q4', 'fp16', 'fp32', 'q8', 'int8', 'uint8', 'bnb4'],
  wasm: ['q8', 'int8', 'uint8', 'q4', 'bnb4', 'fp32', 'q4f16', 'fp16'],
};

export interface Variant {
  precision: Precision;
  sizeBytes: number;
  /** Files of weights beside the model's own, as large ones have them. */
  externalFiles: number;
}

export interface ModelFolder {
  /** The folder's name. */
  name: string;
  /** By path below the folder. */
  files: ReadonlyMap<string, Blob>;
  variants: readonly Variant[];
  /** About how many weights it has; null where the configuration does not tell. */
  parameters: number | null;
  /** Tokens of prompt and answer together. */
  contextTokens: number | null;
}

const size = z.number().int().positive();
const configSchema = z.object({
  model_type: z.string(),
  is_encoder_decoder: z.boolean().nullish(),
  hidden_size: size.nullish(),
  intermediate_size: size.nullish(),
  num_hidden_layers: size.nullish(),
  num_attention_heads: size.nullish(),
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  vocab_size: size.nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  max_position_embeddings: size.nullish(),
});

/** Configurations have kilobytes. */
const mostConfigBytes = 1_000_000;

/** @throws InputError for what is no folder of a language model in this layout. */
export async function openModelFolder(dropped: readonly ModelFile[]): Promise<ModelFolder> {
  const configs = dropped.filter(({ path }) => /(?:^|\/)config\.json$/.test(path));
  const [config] = configs.sort((a, b) => a.path.length - b.path.length);
  if (config === undefined) {
    throw new InputError(
      'There is no config.json in it.',
      'Choose the whole folder of a model in the layout of transformers.js: config.json, tokenizer.json and a folder onnx.',
    );
  }
  const root = config.path.slice(0, -'config.json'.length);
  const files = new Map(
    dropped
      .filter(({ path }) => path.startsWith(root))
      .map(({ path, file }) => [path.slice(root.length), file]),
  );
  const read = await readConfig(config);
  if (read.is_encoder_decoder === true || /^(?:m?t5|bart|marian)$/.test(read.model_type)) {
    throw new InputError(
      `This is a student (${read.model_type}), or made like one: it continues no conversation.`,
      'Choose an instruct model, such as onnx-community/Qwen2.5-1.5B-Instruct.',
      { file: config.path },
    );
  }
  if (!files.has('tokenizer.json')) {
    throw new InputError(
      'There is no tokenizer.json in it.',
      'Choose the whole folder of the model; onnx-community on the Hugging Face hub has many.',
      { file: `${root}tokenizer.json` },
    );
  }
  const variants = variantsIn(files);
  if (variants.length === 0) {
    throw new InputError(
      'There is no onnx/model.onnx in it, nor one of its smaller forms.',
      'Choose a model that was exported to ONNX; onnx-community on the Hugging Face hub has many.',
      { file: `${root}onnx` },
    );
  }
  return {
    name: root.split('/').at(-2) ?? read.model_type,
    files,
    variants,
    parameters: parametersOf(read),
    contextTokens: read.max_position_embeddings ?? null,
  };
}

async function readConfig({ path, file }: ModelFile): Promise<z.infer<typeof configSchema>> {
  try {
    if (file.size > mostConfigBytes) throw new RangeError();
    return configSchema.parse(JSON.parse(await file.text()));
  } catch {
    throw new InputError('It is no configuration of a model.', 'Fetch the folder again.', { file: path });
  }
}

/** The forms in which a folder has its weights. @param files By path below it. */
export function variantsIn(files: ReadonlyMap<string, { size: number }>): Variant[] {
  return (Object.keys(endings) as Precision[]).flatMap((precision) => {
    const name = modelPath(precision);
    const model = files.get(name);
    if (model === undefined) return [];
    const beside = [...files].filter(([path]) => isBeside(path, name));
    const sizeBytes = beside.reduce((sum, [, file]) => sum + file.size, model.size);
    return [{ precision, sizeBytes, externalFiles: beside.length }];
  });
}

/** Whether a file holds weights of a model that is too large for one file. */
function isBeside(path: string, model: string): boolean {
  return path === `${model}_data` || path.startsWith(`${model}_data_`);
}

/** Of a model's files those that one precision needs. */
export function filesOfVariant<File extends { path: string }>(
  files: readonly File[],
  precision: Precision,
): File[] {
  const model = modelPath(precision);
  return files.filter(({ path }) => !path.startsWith('onnx/') || path === model || isBeside(path, model));
}

/** Where the graph of a precision is in its folder. */
function modelPath(precision: Precision): string {
  return `onnx/model${endings[precision]}.onnx`;
}

/** The variant that suits a device best. */
export function bestVariant(variants: readonly Variant[], device: Device): Variant {
  const order = bestFirst[device];
  return [...variants].sort((a, b) => order.indexOf(a.precision) - order.indexOf(b.precision))[0]!;
}

/** Weights of a model made like Llama, from its sizes; norms and biases are left out. */
function parametersOf(config: z.infer<typeof configSchema>): number | null {
  const {
    hidden_size: hidden,
    num_hidden_layers: layers,
    vocab_size: vocabulary,
    num_attention_heads: heads,
    intermediate_size: inner,
  } = config;
  if (!hidden || !layers || !vocabulary || !heads || !inner) return null;
  const width = config.head_dim ?? hidden / heads;
  const attention = 2 * hidden * width * (heads + (config.num_key_value_heads ?? heads));
  const embeddings = vocabulary * hidden * (config.tie_word_embeddings === true ? 1 : 2);
  return embeddings + layers * (attention + 3 * hidden * inner);
}

/** Fewer weights than this, and its own labels teach little: see `sizeWords`. */
const labellerParameters = 1.4e9;

/** What models of a size are good for. Figures: CommonsenseQA, arXiv 2502.11569; PaLM's labels as the authors published them. */
export const sizeWords =
  'Of CommonsenseQA’s questions, models of 0.5 B get 47 % right (36 % in 4 bits), of 1 to 1.7 B 48 to 53 %, Qwen2.5-1.5B ' +
  '72 % (69 % in 4 bits), of 3 B 70 to 76 %; PaLM, the method’s own teacher, got 74 %. So from 1.5 B up as a labeller; ' +
  'smaller ones only to give the reason for the given label.';

/** Whether a model is large enough to label by itself; null where its size is not known. */
export function canLabel(parameters: number | null): boolean | null {
  return parameters === null ? null : parameters >= labellerParameters;
}
