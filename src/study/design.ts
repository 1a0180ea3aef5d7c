/** What the study trains: which runs, in which order, each with its whole recipe. */
import { smallRecipe, type Recipe } from '../distill/recipe.ts';

/** `sample`: nano on the bundled sample. `svamp`: a student of nano's shape on word problems. */
export type TaskName = 'sample' | 'svamp';

/** One training, from the untouched student to an accuracy on the test rows. */
export interface Run {
  task: TaskName;
  method: 'standard' | 'step-by-step';
  labels: Recipe['labels'];
  /** Training rows. */
  rows: number;
  /** Weight of the answer loss; null for standard fine-tuning, which has no other. */
  alpha: number | null;
  steps: number;
  /** Chooses the rows, their order and the dropout. */
  seed: number;
}

/** How much of everything. */
export interface Scale {
  /** Training rows of the main table, ascending. */
  sizes: readonly number[];
  steps: number;
  seeds: readonly number[];
  /** Tried at `alphaRows` rows with the teacher's labels, beside the preset's own. */
  alphas: readonly number[];
  alphaRows: number;
  /** Steps of standard fine-tuning as the control of equal compute. */
  controlSteps: number;
  svamp: { rows: number; steps: number; seeds: readonly number[] };
  /** Test rows at most. */
  testRows: number;
}

export const wholeScale: Scale = {
  sizes: [100, 200, 400],
  steps: smallRecipe.steps,
  seeds: [1, 2, 3, 4, 5],
  alphas: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  alphaRows: 200,
  controlSteps: 2 * smallRecipe.steps,
  svamp: { rows: 800, steps: smallRecipe.steps, seeds: [1, 2, 3] },
  testRows: Infinity,
};

/** Seconds instead of hours: shows that everything works, and nothing else. */
export const quickScale: Scale = {
  sizes: [8, 16],
  steps: 3,
  seeds: [1],
  alphas: [smallRecipe.alpha],
  alphaRows: 16,
  controlSteps: 6,
  svamp: { rows: 8, steps: 2, seeds: [1] },
  testRows: 8,
};

const labelKinds = ['teacher', 'gold'] as const;
const methods = ['standard', 'step-by-step'] as const;

/** Every run of the study, once, the most telling first: seed by seed, so that all cells grow alike. */
export function plannedRuns(scale: Scale): Run[] {
  const runs = [...mainRuns(scale), ...alphaRuns(scale), ...controlRuns(scale), ...svampRuns(scale)];
  return [...new Map(runs.map((run) => [runId(run), run])).values()];
}

/** Both methods, both kinds of labels, every size. */
function mainRuns({ sizes, steps, seeds }: Scale): Run[] {
  return seeds.flatMap((seed) =>
    sizes.flatMap((rows) =>
      labelKinds.flatMap((labels) =>
        methods.map((method) => runOf({ task: 'sample', method, labels, rows, steps, seed })),
      ),
    ),
  );
}

/** Step by step at every alpha. */
function alphaRuns({ alphas, alphaRows: rows, steps, seeds }: Scale): Run[] {
  return seeds.flatMap((seed) =>
    alphas.map((alpha): Run => ({
      task: 'sample',
      method: 'step-by-step',
      labels: 'teacher',
      rows,
      alpha,
      steps,
      seed,
    })),
  );
}

/** Standard fine-tuning with as many passes through the student as step by step makes: it has one task, not two. */
function controlRuns({ alphaRows: rows, controlSteps: steps, seeds }: Scale): Run[] {
  return seeds.map((seed) =>
    runOf({ task: 'sample', method: 'standard', labels: 'teacher', rows, steps, seed }),
  );
}

/** Both methods and both kinds of labels on word problems. */
function svampRuns({ svamp: { rows, steps, seeds } }: Scale): Run[] {
  return seeds.flatMap((seed) =>
    labelKinds.flatMap((labels) =>
      methods.map((method) => runOf({ task: 'svamp', method, labels, rows, steps, seed })),
    ),
  );
}

function runOf(run: Omit<Run, 'alpha'>): Run {
  return { ...run, alpha: run.method === 'standard' ? null : smallRecipe.alpha };
}

/** Tells runs apart, in a results file and by eye. */
export function runId({ task, method, labels, rows, alpha, steps, seed }: Run): string {
  const weight = alpha === null ? [] : [`alpha ${alpha}`];
  return [task, method, `${labels} labels`, `${rows} rows`, ...weight, `${steps} steps`, `seed ${seed}`].join(
    ', ',
  );
}

/** The small preset with what the run changes. Nothing is evaluated or saved on the way. */
export function recipeOf({ task, method, labels, alpha, steps, seed }: Run): Recipe {
  return {
    ...smallRecipe,
    method,
    labels,
    alpha: alpha ?? smallRecipe.alpha,
    steps,
    seed,
    warmupSteps: Math.min(smallRecipe.warmupSteps, steps),
    evalEvery: 0,
    saveEvery: 0,
    ...(task === 'svamp' ? { maxInputTokens: 200, maxTargetTokens: 240 } : {}),
  };
}
