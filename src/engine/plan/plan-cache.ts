/**
 * Few plans: one of each kind, for a bucket that only grows. Counts are told at run time and capacities change no
 * result, so that a larger plan than needed costs memory only; after a few steps of a run it is never made anew.
 */
import type { Bucket } from './builder.ts';
import type { Executor } from './executor.ts';
import { roundBucket, unite } from './passes.ts';
import type { Plan } from './plan.ts';

/** Makes a plan of one kind for a bucket. */
export type Planner = (bucket: Bucket) => Plan;

export class PlanCache {
  readonly #executor: Executor;
  readonly #fits: (bucket: Bucket) => boolean;
  readonly #plans = new Map<string, { bucket: Bucket; plan: Plan }>();

  /** @param fits Whether a bucket's activations stay within what one buffer may hold. */
  constructor(executor: Executor, fits: (bucket: Bucket) => boolean) {
    this.#executor = executor;
    this.#fits = fits;
  }

  /** A plan of this kind that holds `needed`, prepared and in use. */
  async use(kind: string, needed: Bucket, planner: Planner): Promise<Plan> {
    let cached = this.#plans.get(kind);
    if (cached === undefined || !holds(cached.bucket, needed)) {
      if (cached !== undefined) this.#executor.release(cached.plan);
      const bucket = roomyBucket(needed, cached?.bucket ?? null, this.#fits);
      cached = { bucket, plan: planner(bucket) };
      this.#plans.set(kind, cached);
    }
    await this.#executor.prepare(cached.plan);
    return cached.plan;
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
