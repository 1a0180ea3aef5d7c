/**
 * Beam search for one input, as Hugging Face's `generate` does it with early_stopping false and length penalty 1:
 * of the 2n best continuations those that end count as finished only if they are among the best n, with score
 * log-probability / length; the best n that have not ended go on; the search is over when n have finished and the
 * best running log-probability / its length is not above the worst of them. Log-probabilities are summed in double
 * precision; among equals the earlier beam and the lower token win.
 */

export interface BeamOptions {
  numBeams: number;
  /** New tokens at most, the end token included. */
  maxNewTokens: number;
  eosTokenId: number;
}

export interface RunningBeam {
  /** Without the start token. */
  ids: readonly number[];
  /** Sum over the tokens. */
  logProbability: number;
}

export interface FinishedBeam {
  ids: readonly number[];
  /** Sum of log-probabilities / length. */
  score: number;
}

interface Candidate {
  beam: number;
  token: number;
  logProbability: number;
}

/** log Σ exp of one row of logits. */
export function logSumExp(logits: Float32Array): number {
  let largest = -Infinity;
  for (const value of logits) largest = Math.max(largest, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}

/** Inserts into a list sorted best first, behind its equals; the list keeps `limit` entries. */
function insertSorted<T>(list: T[], item: T, worth: (item: T) => number, limit: number): void {
  if (list.length === limit && worth(item) <= worth(list[limit - 1]!)) return;
  let place = list.length;
  while (place > 0 && worth(list[place - 1]!) < worth(item)) place -= 1;
  list.splice(place, 0, item);
  if (list.length > limit) list.pop();
}

/** The search of one input, one token at a time. */
export class BeamSearch {
  readonly #options: BeamOptions;
  #running: RunningBeam[] = [{ ids: [], logProbability: 0 }];
  readonly #finished: FinishedBeam[] = [];

  constructor(options: BeamOptions) {
    this.#options = options;
  }

  /** Beams that go on, best first: one before the first token, then numBeams; none when the search is over. */
  get running(): readonly RunningBeam[] {
    return this.#running;
  }

  /** Beams that have ended, best first. */
  get finished(): readonly FinishedBeam[] {
    return this.#finished;
  }

  /** @param logits Of each running beam's next token, in the order of `running`. */
  advance(logits: readonly Float32Array[]): void {
    const { numBeams, maxNewTokens, eosTokenId } = this.#options;
    const best: Candidate[] = [];
    this.#running.forEach(({ logProbability }, beam) => {
      const row = logits[beam]!;
      const offset = logProbability - logSumExp(row);
      for (let token = 0; token < row.length; token += 1) {
        const total = offset + row[token]!;
        if (best.length < 2 * numBeams || total > best[2 * numBeams - 1]!.logProbability) {
          insertSorted(
            best,
            { beam, token, logProbability: total },
            (one) => one.logProbability,
            2 * numBeams,
          );
        }
      }
    });

    const next: RunningBeam[] = [];
    const length = (this.#running[0]?.ids.length ?? 0) + 1;
    best.forEach(({ beam, token, logProbability }, rank) => {
      const ids = [...this.#running[beam]!.ids, token];
      if (token === eosTokenId || length >= maxNewTokens) {
        const ended: FinishedBeam = { ids, score: logProbability / length };
        if (rank < numBeams) insertSorted(this.#finished, ended, (one) => one.score, numBeams);
      } else if (next.length < numBeams) {
        next.push({ ids, logProbability });
      }
    });

    const worst = this.#finished.length < numBeams ? -Infinity : this.#finished[numBeams - 1]!.score;
    const hope = next.length === 0 ? -Infinity : next[0]!.logProbability / length;
    this.#running = hope > worst ? next : [];
  }
}
