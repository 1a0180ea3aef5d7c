/** What a run to come will take: memory by the estimate, time by what was measured on this machine. */
import { answersAtOnce } from '../../distill/answer.ts';
import type { Recipe } from '../../distill/recipe.ts';
import { isActive, type MetricsPoint } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import type { NewRun } from '../../worker/protocol.ts';
import { paceOf } from './pace.ts';

/** Where the time of a step is known from. */
export type TimeSource = { kind: 'measured'; engine: string } | { kind: 'run'; name: string };

export interface KnownTimes {
  source: TimeSource;
  stepMs: number;
  /** To answer a test row; null where that was not measured. */
  rowMs: number | null;
}

export interface Forecast {
  trainingMs: number;
  /** Measurements of accuracy, and what each takes; null where that is not known, or none is taken. */
  accuracy: { times: number; eachMs: number } | null;
  /** Both together; the comparison at the end is not in it. */
  totalMs: number;
}

type Timed = Pick<NewRun, 'datasetId' | 'studentId' | 'recipe' | 'engine' | 'backend'>;

/** What the time of a step depends on, as a text: with another one, what was measured says nothing. */
export function timingKey({ datasetId, studentId, recipe, engine, backend }: Timed): string {
  const { method, labels, batchSize, accumulation, dropout, freeze, lora } = recipe;
  const { maxInputTokens, maxTargetTokens, generationMaxTokens, generation } = recipe;
  return JSON.stringify([
    datasetId,
    studentId,
    engine,
    backend,
    method,
    labels,
    batchSize,
    accumulation,
    dropout > 0,
    freeze,
    lora,
    maxInputTokens,
    maxTargetTokens,
    generationMaxTokens,
    generation,
  ]);
}

/** The same for what a rehearsal finds: what an answer takes depends on how many are asked for together. */
export function rehearsalKey(run: NewRun): string {
  return `${timingKey(run)} ${Math.min(run.testRows ?? answersAtOnce, answersAtOnce)}`;
}

/** The times that a run went at which ran here as the one to come will; null while it is at work still. */
export function timesOfRun(
  run: RunRecord,
  points: readonly MetricsPoint[],
  wanted: string,
): KnownTimes | null {
  if (run.imported !== undefined || isActive(run.state)) return null;
  if (timingKey({ ...run, engine: run.engineChoice }) !== wanted) return null;
  const pace = paceOf(points, run.recipe.steps);
  if (pace === null) return null;
  return { source: { kind: 'run', name: run.name }, stepMs: 1000 / pace.stepsPerSecond, rowMs: null };
}

/** @param testRows Rows that each measurement of accuracy answers. */
export function forecast({ stepMs, rowMs }: KnownTimes, recipe: Recipe, testRows: number): Forecast {
  const trainingMs = recipe.steps * stepMs;
  const times = recipe.evalEvery > 0 ? Math.floor(recipe.steps / recipe.evalEvery) : 0;
  const accuracy =
    rowMs === null || times === 0 || testRows === 0 ? null : { times, eachMs: testRows * rowMs };
  return {
    trainingMs,
    accuracy,
    totalMs: trainingMs + (accuracy === null ? 0 : accuracy.times * accuracy.eachMs),
  };
}
