/**
 * Generation. The encoder and what the decoder's layers read of it are computed once; the decoder is run again over
 * the whole prefix for each token (no cache of keys and values: that is left to faster engines). Prefixes are
 * padded to few lengths and rows to few numbers; inputs that are done leave the batch.
 */
import * as tf from '@tensorflow/tfjs-core';
import { breathe } from '../../base/breathe.ts';
import { openSearch, type FinishedBeam } from '../beam-search.ts';
import type { GenerateOptions } from '../engine.ts';
import type { KeysValues } from './attention.ts';
import { noDropout } from './dropout-site.ts';
import { rowMaximum } from './kernels/row-maximum.ts';
import type { Student } from './layers.ts';
import { paddedLength, paddedRows, padRows } from './padding.ts';
import { crossKeysValues, decode, encode, logitsOf, stackInput } from './t5-forward.ts';

/** Reads a tensor and disposes of it. */
export type ReadTensor = (tensor: tf.Tensor) => Promise<Float32Array>;

/** What the decoder reads of the encoder, for some rows of a batch. */
class EncodedRows {
  #cross: KeysValues[];
  #mask: tf.Tensor4D;

  constructor(
    readonly student: Student,
    inputs: readonly Int32Array[],
  ) {
    const { cross, mask } = tf.tidy(() => {
      const padded = padRows(inputs);
      const input = stackInput(student.config, padded, 'encoder');
      const encoded = encode(student, input, noDropout);
      return { cross: crossKeysValues(student, encoded, padded.rows), mask: input.mask };
    });
    this.#cross = cross;
    this.#mask = mask;
  }

  /** Keeps these rows, by their present positions; a row may be taken more than once. */
  select(rows: readonly number[]): void {
    const { cross, mask } = tf.tidy(() => {
      const indices = tf.tensor1d([...rows], 'int32');
      return {
        cross: this.#cross.map(({ keys, values }) => ({
          keys: tf.gather(keys, indices),
          values: tf.gather(values, indices),
        })),
        mask: tf.gather(this.#mask, indices),
      };
    });
    this.dispose();
    this.#cross = cross;
    this.#mask = mask;
  }

  /**
   * Logits of the token after each prefix. [rows, V]
   * @param prefixes One a row, all equally long, without the start token.
   */
  nextLogits(prefixes: readonly (readonly number[])[]): tf.Tensor2D {
    const { config } = this.student;
    return tf.tidy(() => {
      const sequences = prefixes.map((prefix) => Int32Array.of(config.decoder_start_token_id, ...prefix));
      const last = sequences[0]!.length - 1;
      const length = paddedLength(last + 1);
      const input = stackInput(config, padRows(sequences, length), 'decoder');
      const decoded = decode(this.student, input, this.#cross, this.#mask, noDropout); // [B·T, D]
      const places = sequences.map((_, row) => row * length + last);
      return logitsOf(this.student, tf.gather(decoded, tf.tensor1d(places, 'int32')));
    });
  }

  dispose(): void {
    for (const { keys, values } of this.#cross) tf.dispose([keys, values]);
    this.#mask.dispose();
  }
}

/** Which rows a batch computes: those that continue, then padding that repeats the first. */
function fillRows<T>(rows: readonly T[]): T[] {
  return Array.from({ length: paddedRows(rows.length) }, (_, place) => rows[place] ?? rows[0]!);
}

/** The most probable token each time; the lowest among equals. Ids without the start token. */
export async function generateGreedy(
  student: Student,
  inputs: readonly Int32Array[],
  maxNewTokens: number,
  read: ReadTensor,
): Promise<number[][]> {
  const outputs: number[][] = inputs.map(() => []);
  if (inputs.length === 0 || maxNewTokens === 0) return outputs;
  const encoded = new EncodedRows(student, inputs);
  try {
    // Inputs by their position, in the order in which the batch has them.
    let going = inputs.map((_, position) => position);
    encoded.select(fillRows(going));
    for (let length = 0; length < maxNewTokens && going.length > 0; length += 1) {
      const prefixes = fillRows(going).map((position) => outputs[position]!);
      const tokens = await read(tf.tidy(() => rowMaximum({ x: encoded.nextLogits(prefixes) }).places));
      going.forEach((position, row) => outputs[position]!.push(tokens[row]!));
      const rows = [...going.keys()].filter((row) => tokens[row] !== student.config.eos_token_id);
      if (rows.length > 0 && rows.length < going.length) encoded.select(fillRows(rows));
      going = rows.map((row) => going[row]!);
      await breathe();
    }
  } finally {
    encoded.dispose();
  }
  return outputs;
}

/** Finished beams of each input, best first: of a greedy search one. */
export async function generateBeams(
  student: Student,
  inputs: readonly Int32Array[],
  options: GenerateOptions,
  read: ReadTensor,
): Promise<FinishedBeam[][]> {
  const { maxNewTokens, numBeams } = options;
  const searches = inputs.map(() => openSearch(options, student.config));
  if (inputs.length === 0 || maxNewTokens === 0) return searches.map(() => []);
  const encoded = new EncodedRows(student, inputs);
  try {
    const repeat = (rows: readonly number[]): number[] =>
      rows.flatMap((row) => Array<number>(numBeams).fill(row));
    let going = inputs.map((_, position) => position);
    encoded.select(repeat(fillRows(going)));
    while (going.length > 0) {
      const prefixes = fillRows(going).flatMap((position) => {
        const beams = searches[position]!.running;
        return Array.from({ length: numBeams }, (_, beam) => (beams[beam] ?? beams[0]!).ids);
      });
      const logits = await read(encoded.nextLogits(prefixes)); // [rows · beams, V]
      const width = logits.length / prefixes.length;
      going.forEach((position, place) => {
        const rows = searches[position]!.running.map((_, beam) => {
          const row = place * numBeams + beam;
          return logits.subarray(row * width, (row + 1) * width);
        });
        searches[position]!.advance(rows);
      });
      const places = [...going.keys()].filter((place) => searches[going[place]!]!.running.length > 0);
      if (places.length > 0 && places.length < going.length) {
        encoded.select(repeat(fillRows(places).map((place) => place * numBeams)));
      }
      going = places.map((place) => going[place]!);
      await breathe();
    }
  } finally {
    encoded.dispose();
  }
  return searches.map(({ finished }) => [...finished]);
}
