/**
 * What a generation may not write, as transformers' logits processors have it and in their order: a penalty on tokens that
 * were written, no n-gram twice, no end before so many new tokens. All count the decoder's start token as written.
 */
import type { GenerateOptions } from './engine.ts';

type Rules = Pick<GenerateOptions, 'noRepeatNgramSize' | 'repetitionPenalty' | 'minNewTokens'>;

export class TokenRules {
  readonly #ngram: number;
  readonly #penalty: number;
  readonly #least: number;
  readonly #startId: number;
  readonly #endId: number;

  constructor(rules: Rules, ids: { startId: number; endId: number }) {
    this.#ngram = rules.noRepeatNgramSize ?? 0;
    this.#penalty = rules.repetitionPenalty ?? 1;
    this.#least = rules.minNewTokens ?? 0;
    this.#startId = ids.startId;
    this.#endId = ids.endId;
  }

  /** Whether every token may be written at any time. */
  get areNone(): boolean {
    return this.#ngram === 0 && this.#penalty === 1 && this.#least === 0;
  }

  /**
   * Changes the scores of the next token in place.
   * @param scores [vocab_size]: logits in a greedy search, log-probabilities in a beam search.
   * @param ids What was written, without the start token.
   */
  apply(scores: Float32Array, ids: readonly number[]): void {
    const written = [this.#startId, ...ids];
    if (this.#penalty !== 1) {
      for (const id of new Set(written)) {
        const score = scores[id]!;
        scores[id] = score < 0 ? score * this.#penalty : score / this.#penalty;
      }
    }
    if (this.#ngram > 0) for (const id of this.#endsOfRepeats(written)) scores[id] = -Infinity;
    if (ids.length < this.#least) scores[this.#endId] = -Infinity;
  }

  /** The tokens that would end an n-gram which is there already. */
  #endsOfRepeats(written: readonly number[]): number[] {
    const before = this.#ngram - 1;
    const from = written.length - before;
    if (from < 0) return [];
    const ends: number[] = [];
    for (let start = 0; start + before < written.length; start += 1) {
      let same = 0;
      while (same < before && written[start + same] === written[from + same]) same += 1;
      if (same === before) ends.push(written[start + before]!);
    }
    return ends;
  }
}

/** Whether a generation is the likeliest token each time and nothing else, which engines do without the host. */
export function isPlainGreedy(options: GenerateOptions): boolean {
  return options.numBeams === 1 && new TokenRules(options, { startId: 0, endId: 0 }).areNone;
}
