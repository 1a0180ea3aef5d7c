/** A step's rows as jax-js takes them: one rectangle of both tasks' rows. */
import { numpy as np } from '@jax-js/jax';
import type { MicroBatch } from '../../src/engine/engine.ts';
import { relativeBuckets } from '../../src/engine/relative-buckets.ts';
import { countTokens, shiftRight } from '../../src/engine/sequences.ts';
import { keyMask, longestOf, padRows } from '../../src/engine/tfjs/padding.ts';
import type { T5Config } from '../../src/student/config.ts';
import { maskedScore, type JaxBatch } from './t5.ts';

export interface LaidOutBatch {
  data: JaxBatch;
  /** [N]: which task's mean a padded target token counts in; null for padding. */
  tasks: readonly ('answer' | 'rationale' | null)[];
  /** Target tokens; null where there are no rationales. */
  targetTokens: { answer: number; rationale: number | null };
  /** Input and target tokens, padding not counted. */
  tokens: number;
}

/** @param alpha Weight of the answer loss; without rationales it counts whole. */
export function layOut(config: T5Config, { answer, rationale }: MicroBatch, alpha: number): LaidOutBatch {
  const inputs = [...answer.inputs, ...(rationale?.inputs ?? [])];
  const targets = [...answer.targets, ...(rationale?.targets ?? [])];
  const encoder = padRows(inputs);
  const decoder = padRows(targets.map((target) => shiftRight(target, config.decoder_start_token_id)));
  const labels = padRows(targets, longestOf(targets));
  const [rows, inputLength, targetLength] = [encoder.rows, encoder.length, decoder.length];

  const targetTokens = {
    answer: countTokens(answer.targets),
    rationale: rationale === null ? null : countTokens(rationale.targets),
  };
  const weights = {
    answer: (targetTokens.rationale === null ? 1 : alpha) / targetTokens.answer,
    rationale: targetTokens.rationale === null ? 0 : (1 - alpha) / targetTokens.rationale,
  };
  const answerSize = answer.targets.length * targetLength;
  const tasks = Array.from(labels.ids, (id, index) =>
    id < 0 ? null : index < answerSize ? 'answer' : 'rationale',
  );
  const tokenWeights = Float32Array.from(tasks, (task) => (task === null ? 0 : weights[task]));

  // Padding looks up some row; nothing that counts depends on it.
  const known = (ids: Int32Array) => ids.map((id) => Math.max(0, id));
  const buckets = (length: number, bidirectional: boolean) =>
    bucketMatrix(length, {
      bidirectional,
      numBuckets: config.relative_attention_num_buckets,
      maxDistance: config.relative_attention_max_distance,
    });
  return {
    data: {
      encoderIds: upload(known(encoder.ids), [rows * inputLength]),
      encoderMask: upload(keyMask(encoder, maskedScore), [rows, 1, 1, inputLength]),
      decoderIds: upload(known(decoder.ids), [rows * targetLength]),
      encoderBuckets: upload(buckets(inputLength, true), [inputLength, inputLength]),
      decoderBuckets: upload(buckets(targetLength, false), [targetLength, targetLength]),
      causalMask: upload(causalMask(targetLength), [targetLength, targetLength]),
      labels: upload(known(labels.ids), [rows * targetLength]),
      tokenWeights: upload(tokenWeights, [rows * targetLength]),
    },
    tasks,
    targetTokens,
    tokens: countTokens(inputs) + countTokens(targets),
  };
}

/** Copies: jax-js may read on in what it was given. */
export function upload(values: Float32Array | Int32Array, shape: readonly number[]): np.Array {
  return np.array(values.slice(), { shape: [...shape] });
}

/** [T, T]: the bucket of key - query. */
function bucketMatrix(length: number, options: Parameters<typeof relativeBuckets>[1]): Int32Array {
  const buckets = relativeBuckets(length, options);
  return Int32Array.from({ length: length * length }, (_, index) => {
    const [query, key] = [Math.floor(index / length), index % length];
    return buckets[key - query + length - 1]!;
  });
}

/** [T, T]: maskedScore at keys after the query, else 0. */
function causalMask(length: number): Float32Array {
  return Float32Array.from({ length: length * length }, (_, index) =>
    index % length > Math.floor(index / length) ? maskedScore : 0,
  );
}
