/** What a student's own generation_config.json asks for, as settings that a run can measure with. */
import { InputError } from '../base/errors.ts';

/** How answers are chosen, whatever their length, as transformers' `generate` has it. */
export interface GenerationSettings {
  /** 1 is greedy; more is beam search. */
  numBeams: number;
  /** Tokens of n-grams that never come twice in an answer; 0: any may. */
  noRepeatNgramSize: number;
  /** Scores of tokens that were written are divided by it, or multiplied where they are negative. */
  repetitionPenalty: number;
  /** No end token before so many others. */
  minNewTokens: number;
  /** Of beams: their score is log-probability / length ** this. */
  lengthPenalty: number;
  /** Of beams: true ends with the first numBeams that finish; see engine/beam-search.ts. */
  earlyStopping: boolean | 'never';
}

type File = Readonly<Record<string, unknown>>;

/** The likeliest token each time. */
export const greedy: GenerationSettings = {
  numBeams: 1,
  noRepeatNgramSize: 0,
  repetitionPenalty: 1,
  minNewTokens: 0,
  lengthPenalty: 1,
  earlyStopping: false,
};

/** Where the studio's settings are in the file. */
export const generationKeys = {
  numBeams: 'num_beams',
  noRepeatNgramSize: 'no_repeat_ngram_size',
  repetitionPenalty: 'repetition_penalty',
  minNewTokens: 'min_new_tokens',
  lengthPenalty: 'length_penalty',
  earlyStopping: 'early_stopping',
} as const satisfies Record<keyof GenerationSettings, string>;

/** Other keys that change answers, with the values under which they do not. */
const strange: Readonly<Record<string, readonly unknown[]>> = {
  do_sample: [false],
  num_beam_groups: [1],
  diversity_penalty: [0],
  encoder_no_repeat_ngram_size: [0],
  encoder_repetition_penalty: [1],
  penalty_alpha: [0],
  renormalize_logits: [false],
  remove_invalid_values: [false],
  guidance_scale: [1],
  ...Object.fromEntries(
    [
      'bad_words_ids',
      'force_words_ids',
      'constraints',
      'sequence_bias',
      'exponential_decay_length_penalty',
      'suppress_tokens',
      'begin_suppress_tokens',
      'forced_bos_token_id',
      'forced_eos_token_id',
      'forced_decoder_ids',
      'stop_strings',
      'dola_layers',
      'watermarking_config',
    ].map((key) => [key, []]),
  ),
};

/** Keys that old folders have in config.json, which transformers takes where there is no generation_config.json. */
const legacyKeys = [
  ...Object.values(generationKeys),
  ...Object.keys(strange),
  'min_length',
  'max_length',
  'max_new_tokens',
  'temperature',
  'top_k',
  'top_p',
  'typical_p',
];

/** What a `config.json` asks of generation; null where it asks for nothing. */
export function generationOfConfig(rawConfig: File): Record<string, unknown> | null {
  const keys = severalEnds(rawConfig) > 0 ? [...legacyKeys, 'eos_token_id'] : legacyKeys;
  const said = keys.flatMap((key) => {
    const value = rawConfig[key] ?? null;
    return value === null ? [] : [[key, value] as const];
  });
  return said.length === 0 ? null : Object.fromEntries(said);
}

/** The tokens at which the file ends an answer, where they are several: the studio ends one at the first alone. */
export function severalEnds({ eos_token_id: ends }: File): number {
  const different = Array.isArray(ends) ? new Set(ends).size : 1;
  return different > 1 ? different : 0;
}

/** Keys of the file that change answers in a way that the studio does not measure. */
export function unmeasuredKeys(file: File): string[] {
  const found = Object.entries(strange).flatMap(([key, plain]) => {
    const value = file[key] ?? null;
    const isPlain = value === null || plain.includes(value) || (Array.isArray(value) && value.length === 0);
    return isPlain ? [] : [key];
  });
  return severalEnds(file) > 0 ? [...found, 'eos_token_id'] : found;
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

/** The settings of the file; null where they give greedy answers, or others that the studio does not measure. */
export function ownGeneration(file: File | null): GenerationSettings | null {
  if (file === null || unmeasuredKeys(file).length > 0) return null;
  const early = file[generationKeys.earlyStopping];
  const beams = Math.max(1, numberOf(file[generationKeys.numBeams], 1));
  // The start token counts in a min_length, and a min_new_tokens goes before it.
  const least = numberOf(file[generationKeys.minNewTokens], numberOf(file['min_length'], 0) - 1);
  const found: GenerationSettings = {
    numBeams: beams,
    noRepeatNgramSize: numberOf(file[generationKeys.noRepeatNgramSize], 0),
    repetitionPenalty: numberOf(file[generationKeys.repetitionPenalty], 1),
    minNewTokens: Math.max(0, least),
    // Of beams alone.
    lengthPenalty: beams === 1 ? 1 : numberOf(file[generationKeys.lengthPenalty], 1),
    earlyStopping: beams > 1 && (early === true || early === 'never') ? early : false,
  };
  return isGreedy(found) ? null : found;
}

function isGreedy(settings: GenerationSettings): boolean {
  return (Object.keys(greedy) as (keyof GenerationSettings)[]).every((key) => settings[key] === greedy[key]);
}

/**
 * As `ownGeneration`, for who asks for it by name.
 * @throws InputError where the folder asks for what the studio does not measure with.
 */
export function namedGeneration({
  name,
  generationConfig,
}: {
  name: string;
  generationConfig: File | null;
}): GenerationSettings | null {
  const strange = unmeasuredKeys(generationConfig ?? {});
  if (strange.length === 0) return ownGeneration(generationConfig);
  throw new InputError(
    `This folder asks for ${strange.join(', ')}, with which nothing is measured.`,
    'Ask for greedy answers, or take these keys out of generation_config.json (in old folders config.json).',
    { file: name },
  );
}

/** What a file must say for these settings: what is not transformers' default. */
export function generationFileKeys(settings: GenerationSettings | null): Record<string, unknown> {
  const said: Record<string, unknown> = { num_beams: 1 };
  for (const key of Object.keys(greedy) as (keyof GenerationSettings)[]) {
    if (settings !== null && settings[key] !== greedy[key]) said[generationKeys[key]] = settings[key];
  }
  return said;
}
