/** What is measured: two students and their batches, the same for every engine. */
import { RandomSequence } from '../base/random.ts';
import type { EngineStudent, MicroBatch, TaskBatch, Update } from '../engine/engine.ts';
import type { T5Config } from '../student/config.ts';
import { initialiseWeights } from '../student/initialise.ts';

export type ModelName = 'nano' | 'small' | 'full';

export interface Case {
  model: ModelName;
  config: T5Config;
  /** Rows of a step: half of them answers, half of them rationales. */
  batch: number;
  inputLength: number;
  targetLength: number;
  /** Steps that are timed. */
  steps: number;
}

const common = {
  relative_attention_num_buckets: 32,
  relative_attention_max_distance: 128,
  layer_norm_epsilon: 1e-6,
  feed_forward_proj: 'gated-gelu',
  tie_word_embeddings: false,
  dropout_rate: 0,
  pad_token_id: 0,
  eos_token_id: 1,
  decoder_start_token_id: 0,
} as const;

export const cases: readonly Case[] = [
  {
    model: 'nano',
    config: {
      ...common,
      vocab_size: 512,
      d_model: 64,
      d_kv: 16,
      num_heads: 4,
      d_ff: 128,
      num_layers: 2,
      num_decoder_layers: 2,
    },
    batch: 16,
    inputLength: 32,
    targetLength: 16,
    steps: 40,
  },
  {
    model: 'small',
    config: {
      ...common,
      vocab_size: 4096,
      d_model: 256,
      d_kv: 64,
      num_heads: 4,
      d_ff: 512,
      num_layers: 4,
      num_decoder_layers: 4,
    },
    batch: 8,
    inputLength: 64,
    targetLength: 32,
    steps: 12,
  },
];

/** The shape of flan-t5-small, with its whole vocabulary: minutes, and some gigabytes. */
export const fullCase: Case = {
  model: 'full',
  config: {
    ...common,
    vocab_size: 32128,
    d_model: 512,
    d_kv: 64,
    num_heads: 6,
    d_ff: 1024,
    num_layers: 8,
    num_decoder_layers: 8,
  },
  batch: 8,
  inputLength: 64,
  targetLength: 32,
  steps: 5,
};

export function makeStudent({ config }: Case): EngineStudent {
  return { config, weights: initialiseWeights(config, 1) };
}

/** Rows of random ids that end with the end token. */
function makeRows(random: RandomSequence, count: number, length: number, vocabulary: number): Int32Array[] {
  return Array.from({ length: count }, () =>
    Int32Array.from({ length }, (_, at) => (at === length - 1 ? 1 : 2 + random.nextInt(vocabulary - 2))),
  );
}

export function makeBatch({ config, batch, inputLength, targetLength }: Case): MicroBatch {
  const random = new RandomSequence(2);
  const task = (): TaskBatch => ({
    inputs: makeRows(random, batch / 2, inputLength, config.vocab_size),
    targets: makeRows(random, batch / 2, targetLength, config.vocab_size),
  });
  return { answer: task(), rationale: task() };
}

/** Inputs of a generation: 64 rows. */
export function makeInputs({ config, inputLength }: Case): Int32Array[] {
  return makeRows(new RandomSequence(3), 64, inputLength, config.vocab_size);
}

export function makeUpdate(step: number): Update {
  return {
    step,
    alpha: 0.5,
    learningRate: 1e-4,
    weightDecay: 0.01,
    maxGradNorm: 1,
    dropout: 0,
    seed: 5,
  };
}
