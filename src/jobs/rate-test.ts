/** A learning-rate range test of a run to come, on its own engine: whatever is trained elsewhere stays as it is. */
import type { Rows } from '../data/row-source.ts';
import type { OpenEngine, Watch } from '../distill/ports.ts';
import { testRates, type FoundRate } from '../distill/rate-test.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { EngineRequest } from '../engine/choose.ts';
import type { Tokenizer } from '../student/tokenizer.ts';

export interface RateTestJob {
  tokenizer: Tokenizer;
  recipe: Recipe;
  train: Rows;
  open: OpenEngine;
  request: EngineRequest;
}

/** @throws The signal's reason where it was cancelled; what `testRates` of distill/rate-test.ts and `open` throw. */
export async function testRatesOfRun(job: RateTestJob, { report, signal }: Watch): Promise<FoundRate> {
  const { tokenizer, recipe, train, open, request } = job;
  signal.throwIfAborted();
  report('opening the engine', 0, 1);
  const engine = await open(request, (done, total) => report('compiling kernels', done, total));
  try {
    signal.throwIfAborted();
    const work = testRates({ engine, tokenizer, recipe, train });
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      report('trying rates', next.value.done, next.value.total);
      signal.throwIfAborted();
    }
  } finally {
    engine.dispose();
  }
}
