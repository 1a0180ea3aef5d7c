/**
 * The search of one input, as Hugging Face's `generate` does it: greedy, or with beams. Of the 2n best continuations those
 * that end count as finished only if they are among the best n, with score log-probability / length ** length penalty;
 * the best n that have not ended continue. The search is over when n have finished and the best running beam is not hoped
 * to become better than the worst of them: judged at its length now, or (early_stopping "never", a positive penalty) at
 * the longest; with early_stopping true as soon as n have finished. Log-probabilities are summed in double precision;
 * among equals the earlier beam and the lower token win.
 */
import type { GenerateOptions } from './engine.ts';
import { TokenRules } from './token-rules.ts';

export interface RunningBeam {
  /** Without the start token. */
  ids: readonly number[];
  /** Sum over the tokens; 0 in a greedy search, which does not need it. */
  logProbability: number;
}

export interface FinishedBeam {
  ids: readonly number[];
  /** Sum of log-probabilities / length ** length penalty; null of a greedy search. */
  score: number | null;
}

/** One token at a time. */
export interface Search {
  /** Beams that continue, best first: one before the first token, then at most numBeams; none when the search is over. */
  readonly running: readonly RunningBeam[];
  /** Beams that have ended, best first. */
  readonly finished: readonly FinishedBeam[];
  /** @param logits Of each running beam's next token, in the order of `running`. */
  advance: (logits: readonly Float32Array[]) => void;
}

/** The ids that a search must know. */
export interface SearchIds {
  decoder_start_token_id: number;
  eos_token_id: number;
}

/** A search for one input. */
export function openSearch(options: GenerateOptions, ids: SearchIds): Search {
  const { decoder_start_token_id: startId, eos_token_id: endId } = ids;
  const rules = new TokenRules(options, { startId, endId });
  return options.numBeams > 1
    ? new BeamSearch(options, rules, endId)
    : new GreedySearch(options, rules, endId);
}

/** The likeliest token each time that the rules allow; the lowest among equals. */
class GreedySearch implements Search {
  running: RunningBeam[] = [{ ids: [], logProbability: 0 }];
  finished: FinishedBeam[] = [];
  readonly #rules: TokenRules;
  readonly #maxNewTokens: number;
  readonly #endId: number;

  constructor({ maxNewTokens }: GenerateOptions, rules: TokenRules, endId: number) {
    this.#rules = rules;
    this.#maxNewTokens = maxNewTokens;
    this.#endId = endId;
  }

  advance([logits]: readonly Float32Array[]): void {
    const { ids } = this.running[0]!;
    const scores = Float32Array.from(logits!);
    this.#rules.apply(scores, ids);
    let best = 0;
    for (let token = 1; token < scores.length; token += 1) if (scores[token]! > scores[best]!) best = token;
    const next = [...ids, best];
    const ended = best === this.#endId || next.length >= this.#maxNewTokens;
    this.running = ended ? [] : [{ ids: next, logProbability: 0 }];
    if (ended) this.finished = [{ ids: next, score: null }];
  }
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

class BeamSearch implements Search {
  readonly #options: GenerateOptions;
  readonly #rules: TokenRules;
  readonly #endId: number;
  #running: RunningBeam[] = [{ ids: [], logProbability: 0 }];
  readonly #finished: (FinishedBeam & { score: number })[] = [];

  constructor(options: GenerateOptions, rules: TokenRules, endId: number) {
    this.#options = options;
    this.#rules = rules;
    this.#endId = endId;
  }

  get running(): readonly RunningBeam[] {
    return this.#running;
  }

  get finished(): readonly FinishedBeam[] {
    return this.#finished;
  }

  advance(logits: readonly Float32Array[]): void {
    const { numBeams, maxNewTokens, lengthPenalty = 1 } = this.#options;
    const best: Candidate[] = [];
    this.#running.forEach((running, beam) => {
      const { row, offset } = this.#scores(running, logits[beam]!);
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
      if (token === this.#endId || length >= maxNewTokens) {
        const ended = { ids, score: logProbability / length ** lengthPenalty };
        if (rank < numBeams) insertSorted(this.#finished, ended, (one) => one.score, numBeams);
      } else if (next.length < numBeams) {
        next.push({ ids, logProbability });
      }
    });
    this.#running = this.#isOver(next, length) ? [] : next;
  }

  /** Log-probabilities of a beam's next tokens: those of `row`, each with `offset` added. */
  #scores({ ids, logProbability }: RunningBeam, logits: Float32Array): { row: Float32Array; offset: number } {
    const sum = logSumExp(logits);
    if (this.#rules.areNone) return { row: logits, offset: logProbability - sum };
    const row = logits.map((logit) => logit - sum);
    this.#rules.apply(row, ids);
    return { row, offset: logProbability };
  }

  #isOver(next: readonly RunningBeam[], length: number): boolean {
    const { numBeams, maxNewTokens, lengthPenalty = 1, earlyStopping = false } = this.#options;
    if (next.length === 0) return true;
    if (this.#finished.length < numBeams) return false;
    if (earlyStopping === true) return true;
    const hoped = earlyStopping === 'never' && lengthPenalty > 0 ? maxNewTokens : length;
    return next[0]!.logProbability / hoped ** lengthPenalty <= this.#finished[numBeams - 1]!.score;
  }
}
