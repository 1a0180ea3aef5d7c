/** From ragged rows to packed passes: what the tables of one run of `pass` or `evaluate` hold. */
import { EngineError } from '../../base/errors.ts';
import type { T5Config } from '../../student/config.ts';
import type { GenerateOptions, MicroBatch, TaskBatch } from '../engine.ts';
import { countTokens, shiftRight } from '../sequences.ts';
import type { Bucket } from './builder.ts';
import { tileRows, type Counts } from './plan.ts';
import { maxPartLength } from './slab-layout.ts';

/** One input with its target; `weight` is the factor of each of its tokens' losses in the gradient. */
export interface Pair {
  input: Int32Array;
  target: Int32Array;
  task: 'answer' | 'rationale';
  weight: number;
}

/** What is run at once. The answer's pairs come before the rationale's. */
export interface Pass {
  pairs: readonly Pair[];
  /** See ../dropout.ts: encoder and decoder tokens of the step before this pass. */
  firstEncoderRow: number;
  firstDecoderRow: number;
}

export interface StepRows {
  passes: readonly Pass[];
  answerTokens: number;
  /** Null where the step has no rationale rows. */
  rationaleTokens: number | null;
  /** Input and target tokens. */
  tokens: number;
}

/** @throws EngineError where an id is not in the student's vocabulary: it would read other weights. */
export function checkIds(config: T5Config, sequences: readonly Int32Array[]): void {
  for (const sequence of sequences) {
    const stray = sequence.find((id) => id < 0 || id >= config.vocab_size);
    if (stray !== undefined) {
      throw new EngineError(
        `Token id ${stray} is not among the student's ${config.vocab_size}.`,
        'Use the tokenizer that belongs to the student.',
      );
    }
    if (sequence.length === 0) {
      throw new EngineError('A row has no tokens.', 'Remove empty rows from the data.');
    }
  }
}

function pairsOf(
  config: T5Config,
  { inputs, targets }: TaskBatch,
  task: Pair['task'],
  weight: number,
): Pair[] {
  checkIds(config, inputs);
  checkIds(config, targets);
  return inputs.map((input, index) => ({ input, target: targets[index]!, task, weight }));
}

/** Whether a pass may be as large as this. */
export type Holds = (bucket: Bucket) => boolean;

/**
 * Lays a step out: each task's loss is a mean over all its tokens in all micro-batches. Micro-batches that are too large
 * for one pass are cut, which changes nothing but the order of sums: rows keep their numbers, by which values are
 * dropped.
 * @param holds Whether one plan can be made for passes of this size; left out: whether it fits bindings.
 * @param parts Passes that each micro-batch is cut into at least, as far as it has rows.
 */
export function stepRows(
  config: T5Config,
  microBatches: readonly MicroBatch[],
  alpha: number,
  { holds = (bucket) => fits(config, bucket), parts = 1 }: { holds?: Holds; parts?: number } = {},
): StepRows {
  const rationales = microBatches.flatMap(({ rationale }) => rationale ?? []);
  const answerTokens = microBatches.reduce((sum, { answer }) => sum + countTokens(answer.targets), 0);
  const rationaleTokens =
    rationales.length === 0 ? null : rationales.reduce((sum, { targets }) => sum + countTokens(targets), 0);
  const answerWeight = (rationaleTokens === null ? 1 : alpha) / answerTokens;
  const rationaleWeight = rationaleTokens === null ? 0 : (1 - alpha) / rationaleTokens;
  if (answerTokens === 0) {
    throw new EngineError('A step has no answer rows.', 'Choose a batch size of at least 1.');
  }
  const lists = microBatches.map(({ answer, rationale }) => [
    ...pairsOf(config, answer, 'answer', answerWeight),
    ...(rationale === null ? [] : pairsOf(config, rationale, 'rationale', rationaleWeight)),
  ]);
  let [firstEncoderRow, firstDecoderRow] = [0, 0];
  const passes = cutPairs(lists, holds, parts).map((pairs): Pass => {
    const pass = { pairs, firstEncoderRow, firstDecoderRow };
    firstEncoderRow += countTokens(pairs.map(({ input }) => input));
    firstDecoderRow += countTokens(pairs.map(({ target }) => target));
    return pass;
  });
  return { passes, answerTokens, rationaleTokens, tokens: firstEncoderRow + firstDecoderRow };
}

/** Passes of an evaluation, at most `maxPairs` pairs each. */
export function evaluationPasses(
  config: T5Config,
  batch: TaskBatch,
  maxPairs: number,
  holds: Holds = (bucket) => fits(config, bucket),
): Pass[] {
  const pairs = pairsOf(config, batch, 'answer', 0);
  const lists = Array.from({ length: Math.ceil(pairs.length / maxPairs) }, (_, index) =>
    pairs.slice(index * maxPairs, (index + 1) * maxPairs),
  );
  return cutPairs(lists, holds, 1).map((part) => ({ pairs: part, firstEncoderRow: 0, firstDecoderRow: 0 }));
}

/**
 * Cuts lists of pairs, each into as many parts, at least `parts`: as few as make one plan hold every one of them, which
 * must be as large as the largest in each dimension. Where single pairs are too large, they are left alone.
 */
function cutPairs(lists: readonly Pair[][], holds: Holds, parts: number): Pair[][] {
  const most = Math.max(0, ...lists.map(({ length }) => length));
  for (let count = Math.min(parts, most); ; count = Math.min(most, Math.floor(1.25 * count) + 1)) {
    const cut = lists.flatMap((list) => cutByTokens(list, count));
    if (count >= most || holds(cut.map(bucketOf).reduce(unite))) return cut;
  }
}

/** At most so many parts of about as many tokens, in order, none of them empty. */
function cutByTokens(pairs: readonly Pair[], count: number): Pair[][] {
  const loadOf = ({ input, target }: Pair): number => input.length + target.length;
  const total = pairs.reduce((sum, pair) => sum + loadOf(pair), 0);
  // As many parts as there are pairs: one each.
  if (count >= pairs.length) return pairs.map((pair) => [pair]);
  const parts = Array.from({ length: count }, (): Pair[] => []);
  let before = 0;
  for (const pair of pairs) {
    parts[Math.floor((count * (before + loadOf(pair) / 2)) / total)]!.push(pair);
    before += loadOf(pair);
  }
  return parts.filter(({ length }) => length > 0);
}

/** The least bucket that holds these pairs. */
export function bucketOf(pairs: readonly Pair[]): Bucket {
  return {
    encoderRows: countTokens(pairs.map(({ input }) => input)),
    decoderRows: countTokens(pairs.map(({ target }) => target)),
    sequences: pairs.length,
    maxEncoderLength: Math.max(...pairs.map(({ input }) => input.length)),
    maxDecoderLength: Math.max(...pairs.map(({ target }) => target.length)),
    generationRows: 0,
  };
}

/** Whether every activation of this bucket stays within one GPU binding. */
export function fits(config: T5Config, bucket: Bucket): boolean {
  const { num_heads, d_kv, d_ff, d_model, vocab_size, num_decoder_layers } = config;
  const inner = num_heads * d_kv;
  const wide = Math.max(2 * d_ff, 3 * inner, d_model);
  const { encoderRows, decoderRows, maxEncoderLength, maxDecoderLength, generationRows } = bucket;
  const largest = Math.max(
    generationRows * Math.max(wide, vocab_size, 2 * inner * maxDecoderLength),
    encoderRows * Math.max(wide, 2 * inner * num_decoder_layers, num_heads * maxEncoderLength),
    decoderRows * Math.max(wide, vocab_size, num_heads * Math.max(maxEncoderLength, maxDecoderLength)),
  );
  return largest <= maxPartLength;
}

/** Pairs that an engine evaluates together, and inputs × beams that it generates for together, by default. */
export const defaultRowsTogether = 64;

/**
 * Inputs that are answered together, with the least bucket that holds them: as many as `maxRows` rows of a decoder step
 * and `mayHold` allow.
 */
export function generationParts(
  config: T5Config,
  inputs: readonly Int32Array[],
  { numBeams, maxNewTokens }: GenerateOptions,
  maxRows: number,
  mayHold: Holds = (bucket) => fits(config, bucket),
): { inputs: readonly Int32Array[]; bucket: Bucket }[] {
  const bucketFor = (part: readonly Int32Array[]): Bucket => ({
    encoderRows: countTokens(part),
    decoderRows: 0,
    sequences: part.length,
    maxEncoderLength: Math.max(...part.map(({ length }) => length)),
    maxDecoderLength: maxNewTokens,
    generationRows: part.length * numBeams,
  });
  const parts: Int32Array[][] = [];
  for (const input of inputs) {
    const part = parts.at(-1);
    const grown = [...(part ?? []), input];
    const holds = grown.length * numBeams <= maxRows && mayHold(bucketFor(grown));
    if (part !== undefined && holds) part.push(input);
    else parts.push([input]);
  }
  return parts.map((part) => ({ inputs: part, bucket: bucketFor(part) }));
}

/** The least bucket that holds both. */
export function unite(one: Bucket, other: Bucket): Bucket {
  return {
    encoderRows: Math.max(one.encoderRows, other.encoderRows),
    decoderRows: Math.max(one.decoderRows, other.decoderRows),
    sequences: Math.max(one.sequences, other.sequences),
    maxEncoderLength: Math.max(one.maxEncoderLength, other.maxEncoderLength),
    maxDecoderLength: Math.max(one.maxDecoderLength, other.maxDecoderLength),
    generationRows: Math.max(one.generationRows, other.generationRows),
  };
}

/** Up to the next multiple of an eighth of the power of two below, or of `unit` if that is more. */
function roundUp(count: number, unit: number): number {
  const step = Math.max(unit, 2 ** Math.floor(Math.log2(Math.max(1, count))) / 8);
  return Math.ceil(count / step) * step;
}

/** A bucket with room to spare, so that batches of about the same size share a plan. */
export function roundBucket(bucket: Bucket): Bucket {
  return {
    encoderRows: roundUp(bucket.encoderRows, 64),
    decoderRows: roundUp(bucket.decoderRows, 64),
    sequences: roundUp(bucket.sequences, 8),
    maxEncoderLength: roundUp(bucket.maxEncoderLength, 16),
    maxDecoderLength: roundUp(bucket.maxDecoderLength, 16),
    generationRows: bucket.generationRows,
  };
}

/** Sequences end to end, with the tables that tell them apart. */
export interface PackedStack {
  ids: Int32Array;
  /** [.][3] */
  sequences: Int32Array;
  /** [.][2] */
  tiles: Int32Array;
}

export function packStack(sequences: readonly Int32Array[]): PackedStack {
  const ids = new Int32Array(countTokens(sequences));
  const table = new Int32Array(3 * sequences.length);
  const tiles: number[] = [];
  let row = 0;
  sequences.forEach((sequence, index) => {
    ids.set(sequence, row);
    table.set([row, sequence.length, tiles.length / 2], 3 * index);
    for (let query = 0; query < sequence.length; query += tileRows) tiles.push(index, query);
    row += sequence.length;
  });
  return { ids, sequences: table, tiles: Int32Array.from(tiles) };
}

/** Positions of each distinct id, ascending: see PlanTables. */
export interface EmbeddingIndex {
  ids: Int32Array;
  starts: Int32Array;
  rows: Int32Array;
}

export function embeddingIndex(encoderIds: Int32Array, decoderIds: Int32Array): EmbeddingIndex {
  const idOf = (row: number) =>
    row < encoderIds.length ? encoderIds[row]! : decoderIds[row - encoderIds.length]!;
  const rows = Int32Array.from({ length: encoderIds.length + decoderIds.length }, (_, row) => row);
  rows.sort((a, b) => idOf(a) - idOf(b) || a - b);
  const ids: number[] = [];
  const starts: number[] = [];
  rows.forEach((row, at) => {
    if (ids.at(-1) === idOf(row)) return;
    ids.push(idOf(row));
    starts.push(at);
  });
  return { ids: Int32Array.from(ids), starts: Int32Array.from([...starts, rows.length]), rows };
}

/** All that is written before a run of `pass` or `evaluate`. */
export interface PackedPass {
  counts: Counts;
  encoder: PackedStack;
  decoder: PackedStack;
  labels: Int32Array;
  embedding: EmbeddingIndex;
  rowWeights: Float64Array;
}

export function packPass(config: T5Config, { pairs }: Pass): PackedPass {
  const encoder = packStack(pairs.map(({ input }) => input));
  const targets = packStack(pairs.map(({ target }) => target));
  const shifted = pairs.map(({ target }) => shiftRight(target, config.decoder_start_token_id));
  const decoder = { ...targets, ids: packStack(shifted).ids };
  const embedding = embeddingIndex(encoder.ids, decoder.ids);
  const rowWeights = Float64Array.from(
    pairs.flatMap(({ target, weight }) => Array<number>(target.length).fill(weight)),
  );
  const answers = pairs.filter(({ task }) => task === 'answer');
  return {
    counts: {
      encoderRows: encoder.ids.length,
      decoderRows: decoder.ids.length,
      answerRows: countTokens(answers.map(({ target }) => target)),
      encoderSequences: pairs.length,
      decoderSequences: pairs.length,
      encoderTiles: encoder.tiles.length / 2,
      decoderTiles: decoder.tiles.length / 2,
      distinctIds: embedding.ids.length,
      generationRows: 0,
    },
    encoder,
    decoder,
    labels: targets.ids,
    embedding,
    rowWeights,
  };
}
