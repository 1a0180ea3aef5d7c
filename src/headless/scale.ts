/** `headless export --scale`: a run, begun or to come, as a project that trains on more machines than one. */
import { basename, resolve } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import { parseMetric, type MetricId } from '../data/metrics/metrics.ts';
import { parseRunFile, smallRecipe, type Recipe } from '../distill/recipe.ts';
import { keptSteps } from '../distill/selection.ts';
import { readState } from '../engine/state-source.ts';
import { hasMoments, scaleFolder, type BegunRun, type KeptWeights } from '../export/scale-folder.ts';
import { dataOptions, readOptions, wholeNumber } from './arguments.ts';
import { withKept } from './kept-options.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';
import { checkEmpty, readText, writeNewFolder } from './files.ts';
import { evaluationsIn, pointsUntil } from './curve-files.ts';
import { openRunInputs } from './run-inputs.ts';
import { openInputs, testRowsOf, type TrainInputs } from './train-inputs.ts';

export async function exportScale(args: string[]): Promise<void> {
  const options = readOptions('export --scale', args, {
    scale: { type: 'boolean' },
    run: { type: 'string' },
    student: { type: 'string' },
    ...dataOptions,
    recipe: { type: 'string' },
    'test-rows': { type: 'string' },
    out: { type: 'string' },
  });
  const { out, run, recipe: recipeFile } = options;
  if (out === undefined)
    throw new InputError('export needs a folder to write to.', 'Name a new one with --out DIR.');
  await checkEmpty(out);
  let read: TrainInputs;
  let testRows = wholeNumber('test-rows', options['test-rows']);
  let metric: MetricId | undefined;
  let begun: BegunRun | null = null;
  if (run === undefined) {
    const { recipe, data } =
      recipeFile === undefined
        ? { recipe: smallRecipe, data: null }
        : parseRunFile(await readText(recipeFile), recipeFile);
    const asked = withKept(options, data);
    read = await openInputs(asked, recipe);
    metric = asked.metric === undefined ? undefined : parseMetric(asked.metric);
  } else {
    if (recipeFile !== undefined || testRows !== null) {
      throw new InputError(
        '--recipe and --test-rows do not go with --run: a run has its own.',
        'Leave them out, or export without --run what is yet to be trained.',
      );
    }
    const found = await openRunInputs(run, options);
    ({ read } = found);
    ({ testRows, metric } = found.job);
    begun = await begunRun(run, read.recipe);
  }
  const { student, recipe, train, datasetName } = read;
  const name = basename(resolve(run ?? out));
  const files = await scaleFolder({
    names: {
      name,
      datasetName,
      datasetId: datasetName,
      testRows,
      ...(read.reading === null ? {} : { reading: read.reading }),
      studentName: basename(resolve(student.name)),
      studentId: basename(resolve(student.name)),
    },
    recipe,
    student,
    begun,
    train: train.examples,
    validation: read.validation?.examples ?? [],
    test: testRowsOf(read, testRows),
    metric,
  });
  await writeNewFolder(out, files);
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  console.log(
    `${formatCount(train.examples.length)} rows, ${recipe.steps} steps, ${formatBytes(sizeBytes)}.`,
  );
  console.log(
    begun === null
      ? `Everything is in ${out}. Start it with train.py; its README.md says how.`
      : `Everything is in ${out}. Resume from step ${begun.state.step} with train.py --resume; its README.md says how.`,
  );
}

/** What there is to resume; null where the run has not begun to, or has come to its end. */
async function begunRun(run: string, recipe: Recipe): Promise<BegunRun | null> {
  const checkpoints = new CheckpointFolder(run);
  const checkpoint = await checkpoints.newest((words) => console.error(words), { keep: true });
  // After the last step no moments are kept, since nothing asks for them again.
  if (checkpoint === null) return null;
  const state = await readState(checkpoint.state);
  if (!hasMoments(state)) return null;
  const { step } = state;
  const evaluations = (await evaluationsIn(run)).filter((one) => one.step <= step);
  const kept: KeptWeights[] = [];
  for (const earlier of keptSteps(recipe, evaluations)) {
    if (recipe.take === 'last' || earlier >= step) continue;
    const weights = await checkpoints.openWeights(earlier);
    if (weights !== null) kept.push({ step: earlier, weights: (await readState(weights)).weights });
  }
  return {
    ...checkpoint,
    state,
    kept,
    metrics: await pointsUntil(run, step),
    evaluations,
  };
}
