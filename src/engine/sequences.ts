/** What every engine does with sequences of token ids. */

/** What a decoder reads to predict `target`: the start token, then all of the target but its last token. */
export function shiftRight(target: Int32Array, startTokenId: number): Int32Array {
  const shifted = new Int32Array(target.length);
  shifted.set(target.subarray(0, -1), 1);
  shifted[0] = startTokenId;
  return shifted;
}

/** Tokens in all sequences. */
export function countTokens(sequences: readonly Int32Array[]): number {
  return sequences.reduce((sum, sequence) => sum + sequence.length, 0);
}
