/** A finished (or stopped) run as one zip. */
import { InputError } from '../base/errors.ts';
import { formatRecipe } from '../distill/recipe.ts';
import { modelCard, type ModelCardFacts } from '../export/model-card.ts';
import { modelFolder } from '../export/model-folder.ts';
import { safeFolderName, zipChunks } from '../export/zip.ts';
import { readMetrics, readRun } from '../store/runs.ts';
import type { RunRecord } from '../store/records.ts';
import { countParameters } from '../student/parameters.ts';
import type { WrittenFloat } from '../student/safetensors.ts';
import { openOutline } from './import-student.ts';
import type { CommandOf, Results } from './protocol.ts';
import { storedWeights } from './stored-weights.ts';
import type { ReportProgress } from './wire.ts';

/** See `export-model` in protocol.ts. @throws InputError where the run kept no weights, or f16 cannot hold them. */
export async function exportModel(
  { runId, dtype }: CommandOf<'export-model'>,
  progress: ReportProgress,
): Promise<Results['export-model']> {
  const run = await readRun(runId);
  if (run === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  const weights = await storedWeights(run);
  const student = await openOutline(run.studentId);
  const facts = await cardFacts(run, dtype, countParameters(student.config));
  const files = modelFolder(student, weights, {
    dtype,
    runFile: formatRecipe(run.recipe),
    card: modelCard(facts),
  });
  const name = `${run.name}${dtype === 'f32' ? '' : `-${dtype}`}`;
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const parts: BlobPart[] = [];
  let done = 0;
  for (const chunk of zipChunks(name, files)) {
    // The Blob copies, so that a chunk may be a view on the weights.
    parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]));
    done += chunk.length;
    progress('packing the model', Math.min(done, total), total);
  }
  return { blob: new Blob(parts, { type: 'application/zip' }), fileName: `${safeFolderName(name)}.zip` };
}

async function cardFacts(run: RunRecord, dtype: WrittenFloat, parameters: number): Promise<ModelCardFacts> {
  const points = await readMetrics(run.id);
  const kept = points.filter((point) => point.step <= (run.savedStep ?? 0));
  const first = kept[0];
  const last = kept.at(-1);
  // Figures of other weights than those in the folder would be nobody's.
  const comparison = run.comparison?.step === run.savedStep ? run.comparison : null;
  return {
    name: run.name,
    baseStudent: run.studentName,
    parameters,
    recipe: run.recipe,
    datasetName: run.datasetName,
    trainRows: run.trainRows,
    steps: run.savedStep ?? 0,
    accuracy: comparison,
    losses: first && last ? { first, last } : null,
    elapsedMs: last?.elapsedMs ?? 0,
    engine: run.engine ?? { engine: 'unknown', backend: 'unknown', adapter: 'unknown' },
    dtype,
  };
}
