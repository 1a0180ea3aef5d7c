/**
 * Few plans: one of each kind, for a bucket that only grows. Counts are told at run time and capacities change no
 * result, so that a larger plan than needed costs memory only; after a few steps of a run it is never made again.
 */
import type { Bucket } from './builder.ts';
import type { Executor } from './executor.ts';
import { roundBucket, unite } from './passes.ts';
import type { Plan } from './plan.ts';

/** Makes a plan of one kind for a bucket. */
export type Planner = (bucket: Bucket) => Plan;

/** Answers that are remembered: buckets of a run are few once they are rounded. */
const mostAnswers = 500;

export class PlanCache {
  readonly #executor: Executor;
  readonly #fits: (bucket: Bucket) => boolean;
  readonly #plans = new Map<string, { bucket: Bucket; plan: Plan }>();
  readonly #answers = new Map<string, boolean>();

  /** @param fits Whether a bucket's activations stay within what one buffer may hold: looked at before a plan is made. */
  constructor(executor: Executor, fits: (bucket: Bucket) => boolean) {
    this.#executor = executor;
    this.#fits = fits;
  }

  /** Whether `use` would put another plan in use than this one. */
  changes(plan: Plan, kind: string, needed: Bucket): boolean {
    const cached = this.#plans.get(kind);
    return cached?.plan !== plan || !holds(cached.bucket, needed);
  }

  /** A plan of this kind that holds `needed`, prepared and in use. */
  async use(kind: string, needed: Bucket, planner: Planner): Promise<Plan> {
    let cached = this.#plans.get(kind);
    if (cached === undefined || !holds(cached.bucket, needed)) {
      if (cached !== undefined) this.#executor.release(cached.plan);
      const bucket = roomyBucket(needed, cached?.bucket ?? null, (one) => this.#allows(kind, one, planner));
      cached = { bucket, plan: planner(bucket) };
      this.#plans.set(kind, cached);
    }
    await this.#executor.prepare(cached.plan);
    return cached.plan;
  }

  /**
   * Whether the executor can hold a plan of this kind for the bucket, by bindings and memory. It does not depend on which
   * plans there are, so that a step is cut alike whenever it is taken.
   */
  holds(kind: string, bucket: Bucket, planner: Planner): boolean {
    return this.#allows(kind, roundBucket(bucket), planner) || this.#allows(kind, bucket, planner);
  }

  #allows(kind: string, bucket: Bucket, planner: Planner): boolean {
    if (!this.#fits(bucket)) return false;
    const key = `${kind} ${Object.values(bucket).join(' ')}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#executor.canHold(planner(bucket));
      if (this.#answers.size >= mostAnswers) this.#answers.clear();
      this.#answers.set(key, answer);
    }
    return answer;
  }
}

/** The bucket that a plan is made for: with room to spare, and for all that came before, as far as that fits. */
export function roomyBucket(
  needed: Bucket,
  before: Bucket | null,
  fits: (bucket: Bucket) => boolean,
): Bucket {
  const grown = before === null ? needed : unite(before, needed);
  // What is too large to share must at least do for itself.
  return [roundBucket(grown), grown, roundBucket(needed)].find(fits) ?? needed;
}

function holds(bucket: Bucket, needed: Bucket): boolean {
  return (Object.keys(needed) as (keyof Bucket)[]).every((key) => bucket[key] >= needed[key]);
}
