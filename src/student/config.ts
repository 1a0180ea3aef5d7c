/**
 * A T5 configuration under Hugging Face's own names (`config.json`). Keys that a file leaves out have the defaults of
 * `T5Config` (transformers `configuration_t5.py`); the one that surprises is `tie_word_embeddings`, which is true.
 */
import { z } from '../base/schemas.ts';
import { InputError } from '../base/errors.ts';
import { valueWords } from '../base/value-words.ts';
import { parseBounded } from '../formats/json-values.ts';
import { mostSettings } from './student-files.ts';

export interface T5Config {
  vocab_size: number;
  d_model: number;
  d_kv: number;
  d_ff: number;
  num_layers: number;
  num_decoder_layers: number;
  num_heads: number;
  relative_attention_num_buckets: number;
  relative_attention_max_distance: number;
  layer_norm_epsilon: number;
  /** T5 v1.0 is `relu`; v1.1 and flan are `gated-gelu` (with the tanh form of GELU); UL2 is `gated-silu`. */
  feed_forward_proj: 'relu' | 'gated-gelu' | 'gated-silu';
  /** Whether the output is the embedding backwards. True also means that logits are scaled, unless the next key says. */
  tie_word_embeddings: boolean;
  /** Whether logits are scaled by d_model^-0.5 (T5 v1.0). Absent: as `tie_word_embeddings` says. */
  scale_decoder_outputs?: boolean;
  dropout_rate: number;
  pad_token_id: number;
  eos_token_id: number;
  decoder_start_token_id: number;
  /**
   * UMT5: every layer's self-attention has a relative position bias of its own. Absent or false: the first layer's is
   * shared by its whole stack. Our own name: Hugging Face says it by `model_type`.
   */
  bias_in_every_layer?: boolean;
}

/** Weights by Hugging Face name, float32, row-major, Linear weights [out, in]. */
export type Weights = Map<string, Float32Array>;

/**
 * The largest size read of each key. They are far above any T5 that a browser can train, and keep a stranger's file
 * from asking for a billion layers or a distance that would take for ever.
 */
const bounds = {
  vocab_size: 2 ** 21,
  d_model: 65_536,
  d_kv: 65_536,
  d_ff: 65_536,
  num_layers: 256,
  num_decoder_layers: 256,
  num_heads: 1024,
  relative_attention_num_buckets: 1024,
  relative_attention_max_distance: 1_000_000,
};

const size = z.int().min(1);
const tokenId = z.int().min(0);

const schema = z.looseObject({
  vocab_size: size.default(32128),
  d_model: size.default(512),
  d_kv: size.default(64),
  d_ff: size.default(2048),
  num_layers: size.default(6),
  num_decoder_layers: size.nullish(),
  num_heads: size.default(8),
  relative_attention_num_buckets: z.int().min(4).multipleOf(2).default(32),
  relative_attention_max_distance: size.default(128),
  layer_norm_epsilon: z.number().positive().default(1e-6),
  feed_forward_proj: z.string().default('relu'),
  tie_word_embeddings: z.boolean().default(true),
  dropout_rate: z.number().min(0).lt(1).default(0.1),
  pad_token_id: tokenId.nullish(),
  // A list where generation may stop at several tokens; training ends a text with the first.
  eos_token_id: z.union([tokenId, z.tuple([tokenId], tokenId)]).nullish(),
  decoder_start_token_id: tokenId.nullish(),
  // transformers 5 writes tie_word_embeddings: true for every T5 and tells v1.1 from v1.0 by this.
  scale_decoder_outputs: z.boolean().nullish(),
});

/** mT5 is T5 v1.1 with its own vocabulary; the defaults of `MT5Config`, where they are not those of `T5Config`. */
const multilingualDefaults = {
  vocab_size: 250_112,
  d_ff: 1024,
  num_layers: 8,
  num_heads: 6,
  feed_forward_proj: 'gated-gelu',
  tie_word_embeddings: false,
};

/** The defaults of `UMT5Config`: those of mT5, but tied (where a file does not say). */
const unimaxDefaults = { ...multilingualDefaults, tie_word_embeddings: true };

/** Model types that are read, each with the defaults of its own configuration. */
const modelDefaults = new Map<unknown, Readonly<Record<string, unknown>>>([
  ['t5', {}],
  ['mt5', multilingualDefaults],
  ['umt5', unimaxDefaults],
]);

/** Models that look like T5 from afar: what sets each apart, and what would work instead. */
const relatives = new Map<string, readonly [why: string, instead: string]>([
  [
    'longt5',
    [
      'LongT5 attends within a window and to summaries of blocks',
      'Choose a T5 v1.1 or flan-T5: it reads long inputs too, with memory that grows with the square of their length.',
    ],
  ],
  ['switch_transformers', ['Switch Transformers has expert layers', 'Choose the T5 v1.1 of that size.']],
  [
    't5gemma',
    ['T5Gemma is a Gemma of two stacks, with rotary positions', 'Choose a flan-T5 of about that size.'],
  ],
  [
    't5gemma2',
    ['T5Gemma 2 is a Gemma of two stacks, with rotary positions', 'Choose a flan-T5 of about that size.'],
  ],
  ['udop', ['UDOP is a T5 that reads pages as pictures', 'Choose a T5 that reads text alone.']],
  ['pix2struct', ['Pix2Struct reads pictures', 'Choose a T5 that reads text.']],
  ['pop2piano', ['Pop2Piano reads sound', 'Choose a T5 that reads text.']],
]);

const wanted = 'Choose the folder of a T5 v1.0, v1.1, flan-T5, mT5 or UMT5 model.';

function parseObject(text: string, file: string): Record<string, unknown> {
  let raw: unknown;
  try {
    raw = parseBounded(text, mostSettings, file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const detail = error instanceof Error ? ` (${error.message})` : '';
    throw new InputError(`This is not valid JSON${detail}.`, 'Download or copy the file again.', { file });
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new InputError('This is not a JSON object.', 'Use the config.json that came with the model.', {
      file,
    });
  }
  return raw as Record<string, unknown>;
}

function checkModelType(raw: Record<string, unknown>, file: string): void {
  const type = raw['model_type'];
  if (modelDefaults.has(type)) return;
  const architectures = raw['architectures'];
  if (
    type === undefined &&
    Array.isArray(architectures) &&
    architectures.includes('T5ForConditionalGeneration')
  )
    return;
  if (typeof type !== 'string') {
    throw new InputError('The configuration does not say `"model_type": "t5"`.', wanted, { file });
  }
  const [why, instead] = relatives.get(type) ?? [null, wanted];
  throw new InputError(
    `This is a model of type "${type}", not a T5${why === null ? '' : `: ${why}`}.`,
    instead,
    { file },
  );
}

function checkActivation(name: string, file: string): T5Config['feed_forward_proj'] {
  if (name === 'relu') return 'relu';
  if (name === 'gated-gelu' || name === 'gated-gelu_new') return 'gated-gelu';
  // Two names of one function in transformers.
  if (name === 'gated-silu' || name === 'gated-swish') return 'gated-silu';
  throw new InputError(
    `\`feed_forward_proj\` is "${name}"; only "relu" (T5 v1.0), "gated-gelu" (v1.1 and flan) and "gated-silu" (UL2) can be trained.`,
    wanted,
    { file },
  );
}

/** @throws InputError where a size is above its bound. */
function checkBounds(raw: Record<string, unknown>, file: string): void {
  for (const [key, bound] of Object.entries(bounds)) {
    const value = raw[key];
    if (typeof value !== 'number' || value <= bound) continue;
    throw new InputError(
      `\`${key}\` is ${value}; the largest that is read is ${bound.toLocaleString('en-US')}.`,
      'Use the config.json that came with the model, or choose a smaller model.',
      { file },
    );
  }
}

/**
 * Reads the text of a `config.json`.
 * @returns The configuration with every default filled in, and the object as it was in the file.
 * @throws InputError where it is not a T5 that can be trained.
 */
export function readT5Config(
  text: string,
  file: string,
): { config: T5Config; rawConfig: Record<string, unknown> } {
  const rawConfig = parseObject(text, file);
  checkModelType(rawConfig, file);
  checkBounds(rawConfig, file);
  const modelType = rawConfig['model_type'];
  const defaults = modelDefaults.get(modelType) ?? {};
  const parsed = schema.safeParse({ ...defaults, ...rawConfig });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const key = String(issue?.path[0] ?? '');
    throw new InputError(
      `\`${key}\` is ${valueWords(rawConfig[key])}: ${issue?.message ?? 'not valid'}.`,
      'Use the config.json that came with the model.',
      { file },
    );
  }
  const { feed_forward_proj, ...values } = parsed.data;
  const padId = values.pad_token_id ?? 0;
  const endId = values.eos_token_id ?? 1;
  const config: T5Config = {
    vocab_size: values.vocab_size,
    d_model: values.d_model,
    d_kv: values.d_kv,
    d_ff: values.d_ff,
    num_layers: values.num_layers,
    num_decoder_layers: values.num_decoder_layers ?? values.num_layers,
    num_heads: values.num_heads,
    relative_attention_num_buckets: values.relative_attention_num_buckets,
    relative_attention_max_distance: values.relative_attention_max_distance,
    layer_norm_epsilon: values.layer_norm_epsilon,
    feed_forward_proj: checkActivation(feed_forward_proj, file),
    // Until the weights are seen; see `tiesByWeights`.
    tie_word_embeddings: tiesByWeights(rawConfig) ? false : values.tie_word_embeddings,
    dropout_rate: values.dropout_rate,
    pad_token_id: padId,
    eos_token_id: typeof endId === 'number' ? endId : endId[0],
    // A T5's decoder begins with the padding token, whichever that is.
    decoder_start_token_id: values.decoder_start_token_id ?? padId,
    ...(modelType === 'umt5' ? { bias_in_every_layer: true } : {}),
  };
  for (const key of ['pad_token_id', 'eos_token_id', 'decoder_start_token_id'] as const) {
    if (config[key] < config.vocab_size) continue;
    throw new InputError(
      `\`${key}\` is ${config[key]}, but \`vocab_size\` is ${config.vocab_size}.`,
      'Use the config.json that came with the model.',
      { file },
    );
  }
  if (config.relative_attention_max_distance * 2 <= config.relative_attention_num_buckets) {
    throw new InputError(
      `\`relative_attention_max_distance\` is ${config.relative_attention_max_distance}, too little for ${config.relative_attention_num_buckets} buckets.`,
      'Use the config.json that came with the model.',
      { file },
    );
  }
  return { config, rawConfig };
}

/**
 * Whether a file leaves it to the weights if the output is tied. transformers 5 writes `tie_word_embeddings: true` for
 * every T5: one that has an `lm_head.weight` is untied, one that has none is tied, and in neither are logits scaled
 * unless `scale_decoder_outputs` says so (an mT5's never are).
 */
export function tiesByWeights(rawConfig: Readonly<Record<string, unknown>>): boolean {
  const { model_type, scale_decoder_outputs, tie_word_embeddings, transformers_version } = rawConfig;
  if (tie_word_embeddings === false) return false;
  if (scale_decoder_outputs === false) return true;
  const version = typeof transformers_version === 'string' ? Number.parseInt(transformers_version, 10) : 0;
  return model_type === 'mt5' && version >= 5;
}

/** The configuration alone; see `readT5Config`. */
export function parseT5Config(text: string, file: string): T5Config {
  return readT5Config(text, file).config;
}
