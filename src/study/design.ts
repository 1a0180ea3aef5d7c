/** What the study trains: the runs of its specs (docs/study/), as its page tells them apart. */
import type { PlannedRun } from '../experiment/spec.ts';
import { rowsOfFraction } from '../experiment/rows.ts';
import { smallRecipe, type Recipe } from '../distill/recipe.ts';

/** `sample`: nano on the bundled sample. `svamp`: the same student on word problems. */
export type TaskName = 'sample' | 'svamp';
export const taskNames = ['sample', 'svamp'] as const satisfies readonly TaskName[];

/** One training, from the untouched student to an accuracy on the test rows. */
export interface Run {
  task: TaskName;
  method: Recipe['method'];
  labels: Recipe['labels'];
  /** Training rows. */
  rows: number;
  /** Weight of the answer loss; null for standard fine-tuning, which has no other. */
  alpha: number | null;
  steps: number;
  /** Chooses the rows, their order and the dropout. */
  seed: number;
}

/** How much of everything the specs ask for. */
export interface Scale {
  /** Training rows of the main table, ascending. */
  sizes: readonly number[];
  steps: number;
  seeds: readonly number[];
  /** Tried at `alphaRows` rows with the teacher's labels, the preset's own among them. */
  alphas: readonly number[];
  alphaRows: number;
  /** Steps of standard fine-tuning as the control of equal compute. */
  controlSteps: number;
  /** Null where no spec of it was at hand. */
  svamp: { rows: number; steps: number; seeds: readonly number[] } | null;
}

/** A run of a spec. @param trainRows Of the task, all of them. */
export function runOf(task: TaskName, { recipe, fraction }: PlannedRun, trainRows: number): Run {
  const { method, labels, alpha, steps, seed } = recipe;
  const rows = fraction === null ? trainRows : rowsOfFraction(fraction, trainRows);
  return { task, method, labels, rows, alpha: method === 'step-by-step' ? alpha : null, steps, seed };
}

/** What the runs of both specs come to. */
export function scaleOf(sample: readonly Run[], svamp: readonly Run[]): Scale {
  const steps = Math.min(...sample.map((run) => run.steps));
  const alphas = distinct(sample.flatMap(({ alpha }) => alpha ?? []));
  const tried = sample.find(({ alpha }) => alpha !== null && alpha !== smallRecipe.alpha);
  return {
    sizes: distinct(sample.map(({ rows }) => rows)),
    steps,
    seeds: distinct(sample.map(({ seed }) => seed)),
    alphas,
    alphaRows: tried?.rows ?? Math.max(...sample.map(({ rows }) => rows)),
    controlSteps: Math.max(...sample.map((run) => run.steps)),
    svamp:
      svamp[0] === undefined
        ? null
        : { rows: svamp[0].rows, steps: svamp[0].steps, seeds: distinct(svamp.map(({ seed }) => seed)) },
  };
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Tells runs apart, by eye too. */
export function runId({ task, method, labels, rows, alpha, steps, seed }: Run): string {
  const weight = alpha === null ? [] : [`alpha ${alpha}`];
  return [task, method, `${labels} labels`, `${rows} rows`, ...weight, `${steps} steps`, `seed ${seed}`].join(
    ', ',
  );
}
