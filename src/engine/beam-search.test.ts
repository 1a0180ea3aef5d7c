import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logSumExp, openSearch, type Search } from './beam-search.ts';
import type { GenerateOptions } from './engine.ts';

const end = 1;

/** Runs a search over a scorer that gives the next token's logits from the prefix alone. */
function search(options: GenerateOptions, scorer: (ids: readonly number[]) => Float32Array): Search {
  const beams = openSearch(options, { decoder_start_token_id: 0, eos_token_id: end });
  while (beams.running.length > 0) beams.advance(beams.running.map(({ ids }) => scorer(ids)));
  return beams;
}

/** Logits with these probabilities. */
function logs(...probabilities: number[]): Float32Array {
  return Float32Array.from(probabilities, Math.log);
}

/** A deterministic scorer without structure. */
function noise(seed: number, vocabulary: number): (ids: readonly number[]) => Float32Array {
  return (ids) => {
    const hash = ids.reduce((sum, id) => (sum * 31 + id + 7) % 1_000_003, seed + 1);
    return Float32Array.from(
      { length: vocabulary },
      (_, token) => 3 * Math.sin(hash * 12.9898 + token * 78.233),
    );
  };
}

function logProbability(ids: readonly number[], scorer: (ids: readonly number[]) => Float32Array): number {
  return ids.reduce((sum, id, place) => {
    const logits = scorer(ids.slice(0, place));
    return sum + logits[id]! - logSumExp(logits);
  }, 0);
}

describe('beam search', () => {
  it('finds what greedy search misses', () => {
    // Greedy takes 2 (0.6), after which nothing is sure; 3 (0.4) leads to a sure end.
    const scorer = (ids: readonly number[]): Float32Array => {
      if (ids.length === 0) return logs(1e-9, 1e-9, 0.6, 0.4);
      return ids[0] === 2 ? logs(0.3, 0.3, 0.2, 0.2) : logs(1e-9, 1, 1e-9, 1e-9);
    };
    const { finished } = search({ numBeams: 2, maxNewTokens: 5 }, scorer);
    expect(finished[0]!.ids).toEqual([3, end]);
    expect(finished[0]!.score).toBeCloseTo(Math.log(0.4) / 2, 6);
  });

  it('counts an end only among the best n of the 2n continuations', () => {
    // Two beams: the end token is third best at first, so that it must not count although it is among the best four.
    const scorer = (ids: readonly number[]): Float32Array =>
      ids.length === 0 ? logs(1e-9, 0.2, 0.45, 0.35) : logs(1e-9, 0.9, 0.05, 0.05);
    const { finished } = search({ numBeams: 2, maxNewTokens: 5 }, scorer);
    expect(finished.map(({ ids }) => ids)).toEqual([
      [2, end],
      [3, end],
    ]);
  });

  it('counts sequences cut at the limit with their length', () => {
    const scorer = (): Float32Array => logs(0.1, 1e-12, 0.6, 0.3);
    const { finished } = search({ numBeams: 2, maxNewTokens: 3 }, scorer);
    expect(finished[0]!.ids).toEqual([2, 2, 2]);
    expect(finished[0]!.score).toBeCloseTo(Math.log(0.6), 6);
    expect(finished).toHaveLength(2);
  });

  it('stops when no running beam can do better', () => {
    let asked = 0;
    const scorer = (ids: readonly number[]): Float32Array => {
      asked = Math.max(asked, ids.length);
      return ids.length === 0 ? logs(0.0001, 0.9, 0.0999) : logs(0.05, 0.9, 0.05);
    };
    search({ numBeams: 2, maxNewTokens: 50 }, scorer);
    expect(asked).toBeLessThan(5);
  });

  it('takes the lower token among equals', () => {
    const scorer = (): Float32Array => logs(0.25, 0.25, 0.25, 0.25);
    const { finished } = search({ numBeams: 1, maxNewTokens: 2 }, scorer);
    expect(finished[0]!.ids).toEqual([0, 0]);
  });

  it('gives true scores, best first, each sequence once; and with one beam takes the best token each time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (seed, numBeams, maxNewTokens) => {
          const scorer = noise(seed, 11);
          const { finished } = search({ numBeams, maxNewTokens }, scorer);
          expect(finished.length).toBeGreaterThan(0);
          expect(finished.length).toBeLessThanOrEqual(numBeams);
          finished.forEach(({ ids, score }, rank) => {
            if (numBeams === 1) expect(score).toBeNull();
            else expect(score).toBeCloseTo(logProbability(ids, scorer) / ids.length, 6);
            if (rank > 0) expect(score).toBeLessThanOrEqual(finished[rank - 1]!.score!);
            expect(ids.at(-1) === end || ids.length === maxNewTokens).toBe(true);
            expect(ids.slice(0, -1)).not.toContain(end);
          });
          expect(new Set(finished.map(({ ids }) => ids.join())).size).toBe(finished.length);
          if (numBeams === 1) {
            finished[0]!.ids.forEach((id, place) => {
              const logits = scorer(finished[0]!.ids.slice(0, place));
              expect(id).toBe(logits.indexOf(Math.max(...logits)));
            });
          }
        },
      ),
    );
  });

  it('never writes an n-gram twice, nor ends too early, whatever the student says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 6 }),
        (seed, numBeams, noRepeatNgramSize, minNewTokens) => {
          const options = { numBeams, maxNewTokens: 8, noRepeatNgramSize, minNewTokens };
          const { finished } = search(options, noise(seed, 13));
          expect(finished.length).toBeGreaterThan(0);
          for (const { ids } of finished) {
            const written = [0, ...ids];
            const grams = written
              .slice(0, written.length + 1 - noRepeatNgramSize)
              .map((_, at) => written.slice(at, at + noRepeatNgramSize).join());
            expect(new Set(grams).size).toBe(grams.length);
            expect(ids.slice(0, minNewTokens)).not.toContain(end);
          }
        },
      ),
    );
  });
});
