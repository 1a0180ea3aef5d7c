/** A finished (or stopped) run as one zip. */
import { InputError } from '../base/errors.ts';
import { formatRecipe } from '../distill/recipe.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { cardExamples, modelCard, type ModelCardFacts } from '../export/model-card.ts';
import { checkHalf, modelFolder } from '../export/model-folder.ts';
import { safeFolderName } from '../export/zip.ts';
import { checkRounding, type RoundingCheck } from '../jobs/rounding.ts';
import { readExamples } from '../store/datasets.ts';
import { readMetrics, readPredictions, readRun } from '../store/runs.ts';
import { weightsStep, type RunRecord } from '../store/records.ts';
import type { Weights } from '../student/config.ts';
import { countParameters } from '../student/parameters.ts';
import type { WrittenFloat } from '../formats/safetensors.ts';
import type { StudentOutline } from '../student/folder.ts';
import type { EngineStudent } from '../engine/engine.ts';
import { openRunOutline } from './import-student.ts';
import { openEngine } from './machine.ts';
import type { CommandOf, Results } from './protocol.ts';
import type { SharedMachine } from './run-keeper.ts';
import { mergedWeights, storedWeights } from './stored-weights.ts';
import { zipBlob } from './zip-blob.ts';

/**
 * See `export-model` in protocol.ts.
 * @param unkept Weights that are on an engine and could not be stored.
 * @throws InputError where the run kept no weights, or f16 cannot hold them.
 */
export async function exportModel(
  { runId, dtype }: CommandOf<'export-model'>,
  progress: ReportProgress,
  unkept: UnkeptWeights = () => Promise.resolve(null),
  machine: SharedMachine | null = null,
): Promise<Results['export-model']> {
  const { run, weights, student } = await keptStudent(runId, progress, unkept);
  if (dtype === 'f16') checkHalf(weights);
  const rounding = await roundingOf(run, student, weights, { dtype, progress, machine });
  const facts = { ...(await cardFacts(run, dtype, countParameters(student.config))), rounding };
  const files = modelFolder(student, weights, {
    dtype,
    runFile: formatRecipe(run.recipe),
    card: modelCard(facts),
  });
  const name = `${run.name}${dtype === 'f32' ? '' : `-${dtype}`}`;
  const blob = zipBlob(name, files, (done, total) => progress('packing the model', done, total));
  return { blob, fileName: `${safeFolderName(name)}.zip` };
}

/**
 * See `export-server` in protocol.ts.
 * @throws InputError as `exportModel`, and where a graph would be too large for an ONNX file.
 */
export async function exportServer(
  { runId, storage }: CommandOf<'export-server'>,
  progress: ReportProgress,
  unkept: UnkeptWeights,
): Promise<Results['export-server']> {
  // Graphs, server and manifests: fetched by those who take them.
  const { serverFolder } = await import('../export/server-folder.ts');
  const { run, weights, student } = await keptStudent(runId, progress, unkept);
  const files = serverFolder(student, weights, { storage, runFile: formatRecipe(run.recipe) });
  const name = `${run.name}-server`;
  const blob = zipBlob(name, files, (done, total) => progress('packing the server', done, total));
  return { blob, fileName: `${safeFolderName(name)}.zip` };
}

/** Weights of a run that are on an engine and could not be stored; null where there are none. */
type UnkeptWeights = (runId: string) => Promise<Weights | null>;

/** A run with the weights to export, and the step that they are of as its `savedStep`. */
async function keptStudent(runId: string, progress: ReportProgress, unkept: UnkeptWeights) {
  const stored = await readRun(runId);
  if (stored === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  const now = await unkept(runId);
  const run =
    now === null ? { ...stored, savedStep: weightsStep(stored) } : { ...stored, savedStep: stored.step };
  const weights = await mergedWeights(run, now ?? (await storedWeights(run)), progress);
  return { run, weights, student: await openRunOutline(run) };
}

/** Null where nothing is rounded, a run has the machine, or no test rows are there. */
async function roundingOf(
  run: RunRecord,
  { config, tokenizer }: StudentOutline,
  weights: Weights,
  {
    dtype,
    progress,
    machine,
  }: { dtype: WrittenFloat; progress: ReportProgress; machine: SharedMachine | null },
): Promise<RoundingCheck | null> {
  if (dtype === 'f32' || machine === null) return null;
  await machine.makeWay();
  if (machine.busy) return null;
  const examples = await readExamples(run.datasetId, 'test');
  const open = (student: EngineStudent) => openEngine(student, { engine: null, backend: null });
  const job = { student: { config, weights }, tokenizer, dtype, recipe: run.recipe, examples, open };
  return checkRounding(job, { report: progress, signal: new AbortController().signal });
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
    ...(run.reading === undefined ? {} : { reading: run.reading }),
    steps: run.savedStep ?? 0,
    accuracy: comparison,
    losses: first && last ? { first, last } : null,
    elapsedMs: last?.elapsedMs ?? 0,
    examples: comparison === null ? [] : cardExamples(await readPredictions(run.id)),
    engine: run.engine ?? { engine: 'unknown', backend: 'unknown', adapter: 'unknown' },
    dtype,
  };
}
