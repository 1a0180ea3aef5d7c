/** The first steps of a run to come, timed on the engine that it would have. Nothing of it is kept. */
import type { Example } from '../data/example.ts';
import type { Rows } from '../data/row-source.ts';
import type { OpenEngine, Watch } from '../distill/ports.ts';
import type { Recipe } from '../distill/recipe.ts';
import { rehearse, type StepTimes } from '../distill/rehearsal.ts';
import type { EngineRequest } from '../engine/choose.ts';
import type { EngineDescription } from '../engine/engine.ts';
import type { Tokenizer } from '../student/tokenizer.ts';

/** What was measured, and on what. */
export interface Rehearsal extends StepTimes {
  engine: EngineDescription;
}

export interface RehearsalJob {
  tokenizer: Tokenizer;
  recipe: Recipe;
  train: Rows;
  /** Rows that accuracy is measured on; may be empty. */
  test: readonly Example[];
  open: OpenEngine;
  request: EngineRequest;
}

/** @throws The signal's reason where it was cancelled; what `rehearse` of distill/rehearsal.ts and `open` throw. */
export async function rehearseRun(job: RehearsalJob, { report, signal }: Watch): Promise<Rehearsal> {
  const { tokenizer, recipe, train, test, open, request } = job;
  signal.throwIfAborted();
  report('opening the engine', 0, 1);
  const engine = await open(request, (done, total) => report('compiling kernels', done, total));
  try {
    signal.throwIfAborted();
    const work = rehearse({ engine, tokenizer, recipe, train, test });
    for (;;) {
      const next = await work.next();
      if (next.done) return { ...next.value, engine: engine.describe() };
      report('timing steps', next.value.done, next.value.total);
      signal.throwIfAborted();
    }
  } finally {
    engine.dispose();
  }
}
