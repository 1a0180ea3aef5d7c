/** The weights that a run kept, back as weights. */
import { InputError } from '../base/errors.ts';
import { floatsOf } from '../distill/checkpoint.ts';
import { areAdapters, wholeWeights } from '../distill/engine-student.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { openStudent } from './import-student.ts';
import { checkpointWeights } from '../store/checkpoints.ts';
import { weightsStep, type RunRecord } from '../store/records.ts';
import { readWeights } from '../store/runs.ts';
import type { Weights } from '../student/config.ts';

/**
 * The weights of the run's step that is taken, else of the last one that was saved: of a run with adapters these alone, unless it was imported.
 * @throws InputError where the run kept none, CheckpointError where they are damaged.
 */
export async function storedWeights(run: RunRecord): Promise<Weights> {
  const { id } = run;
  const saved = await checkpointWeights(id, weightsStep(run));
  if (saved !== null) return saved;
  const bytes = await readWeights(id);
  if (bytes === null) {
    throw new InputError(
      'This run kept no weights: it ended before the first save.',
      'Train again, with a smaller “save every”.',
    );
  }
  return floatsOf(bytes, 'the stored weights');
}

/** Of adapters, the whole student with them merged in: its base is then opened. */
export async function mergedWeights(
  run: RunRecord,
  weights: Weights,
  report: ReportProgress,
): Promise<Weights> {
  if (!areAdapters(weights)) return weights;
  return wholeWeights(await openStudent(run.studentId, report), run.recipe, weights);
}
