/** What a run in a folder began with, opened again and held against its digests. */
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { parseRecipe } from '../distill/recipe.ts';
import { readText } from './files.ts';
import { jobFileName, readJob, type JobDigests, type JobFile } from './job-file.ts';
import { digestsOf, openInputs, type FileOptions, type TrainInputs } from './train-inputs.ts';

/**
 * @param moved Where files have moved to.
 * @throws InputError where there is no run, or something is not what it began with.
 */
export async function openRunInputs(
  out: string,
  moved: FileOptions,
): Promise<{ job: JobFile; read: TrainInputs }> {
  const job = await readJob(join(out, jobFileName));
  const recipeFile = join(out, 'run.json');
  const recipe = parseRecipe(await readText(recipeFile), recipeFile);
  const read = await openInputs(
    {
      student: moved.student ?? job.student ?? undefined,
      train: moved.train ?? job.train ?? undefined,
      'train-rationales': moved['train-rationales'] ?? job.trainRationales ?? undefined,
      test: moved.test ?? job.test ?? undefined,
      'test-rationales': moved['test-rationales'] ?? job.testRationales ?? undefined,
      validation: moved.validation ?? job.validation ?? undefined,
      'validation-rationales': moved['validation-rationales'] ?? job.validationRationales ?? undefined,
      map: job.map,
      completions: job.completions,
      'only-matching': job.onlyMatching,
      unaligned: job.unaligned,
      fix: job.fix,
      metric: job.metric,
      encoding: job.encoding,
      'hold-out': job.holdOut,
      'hold-out-validation': job.holdOutValidation,
      subsample: job.subsample,
      'rationales-map': job.rationalesMap,
      'split-column': job.splitColumn,
      teachers: job.teachers,
    },
    recipe,
  );
  const { rowsSha256, digests } = job;
  refuseOthers(out, read, await digestsOf(read, job.testRows), { rowsSha256, ...digests });
  return { job, read };
}

/** @throws InputError where something is not what the run began with: its steps would be another run's. */
function refuseOthers(
  out: string,
  { datasetName }: TrainInputs,
  now: JobDigests,
  then: { [Key in keyof JobDigests]?: JobDigests[Key] | undefined },
): void {
  const whats: Record<keyof JobDigests, readonly [what: string, remedy: string]> = {
    rowsSha256: [`the training rows (${datasetName}) are`, 'Name them as they were with --train'],
    student: ['the student is', 'Name it as it was with --student'],
    validation: ['the validation rows are', 'Name them as they were with --validation'],
    test: ['the test rows are', 'Name them as they were with --test'],
    recipe: ['the recipe in run.json is', 'Put run.json back as it was'],
  };
  for (const key of ['rowsSha256', 'student', 'validation', 'test', 'recipe'] as const) {
    if (then[key] === undefined || then[key] === now[key]) continue;
    const [what, remedy] = whats[key];
    const one = what.endsWith(' is') ? 'the one' : 'those';
    throw new InputError(
      `${what} not ${one} that it began with.`,
      `${remedy}, or train again with another --out.`,
      { file: out },
    );
  }
}
