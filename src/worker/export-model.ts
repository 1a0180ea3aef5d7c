/** A finished (or stopped) run as what is taken away: zips and a page, each made when it is asked for. */
import { InputError } from '../base/errors.ts';
import { siteUrl } from '../base/site.ts';
import { formatRecipe } from '../distill/recipe.ts';
import type { Watch } from '../distill/ports.ts';
import type { CardForm, ModelCardFacts } from '../export/model-card.ts';
import { checkHalf, modelFolder, type FolderFile } from '../export/model-folder.ts';
import { safeFolderName } from '../export/zip.ts';
import { checkRounding, type RoundingCheck } from '../jobs/rounding.ts';
import { readDataset, readExamples } from '../store/datasets.ts';
import { readMetrics, readPredictions, readRun } from '../store/runs.ts';
import { measuredRecipe, weightsStep, type RunRecord } from '../store/records.ts';
import type { Weights } from '../student/config.ts';
import { countParameters } from '../student/parameters.ts';
import type { WrittenFloat } from '../formats/safetensors-writer.ts';
import type { StudentOutline } from '../student/folder.ts';
import type { EngineStudent } from '../engine/engine.ts';
import { openRunOutline } from './import-student.ts';
import { openEngine } from './machine.ts';
import type { CommandOf, Results } from './protocol.ts';
import type { SharedMachine } from './machine-use.ts';
import { mergedWeights, storedWeights } from './stored-weights.ts';
import { fileBlob, zipBlob } from './zip-blob.ts';

/** What an export is told besides its command. */
export interface ExportWatch extends Watch {
  /** Weights of a run that are on an engine and could not be stored; null where there are none. */
  unkept: (runId: string) => Promise<Weights | null>;
  /** Where answers may be asked of rounded weights; null where nothing is to be computed. */
  machine: SharedMachine | null;
}

/** A run with the weights to export, and the step that they are of as its `savedStep`. */
interface Kept {
  run: RunRecord;
  weights: Weights;
  student: StudentOutline;
}

/**
 * See `export-model` in protocol.ts.
 * @throws InputError where the run kept no weights, or f16 cannot hold them.
 */
export async function exportModel(
  { runId, dtype }: CommandOf<'export-model'>,
  watch: ExportWatch,
): Promise<Results['export-model']> {
  const kept = await keptStudent(runId, watch);
  const { run } = kept;
  const files = await modelFiles(kept, dtype, watch);
  const name = `${run.name}${dtype === 'f32' ? '' : `-${dtype}`}`;
  return { blob: await zipBlob(name, files, packing('the model', watch)), fileName: zipName(name) };
}

/**
 * The files of a run's Hugging Face folder: card, curves, examples, model.
 * @throws InputError where f16 cannot hold the weights.
 */
async function modelFiles(kept: Kept, dtype: WrittenFloat, watch: ExportWatch): Promise<FolderFile[]> {
  const { run, weights, student } = kept;
  if (dtype === 'f16') checkHalf(weights);
  const rounding = await roundingOf(kept, dtype, watch);
  const card = await cardOf(kept, { kind: 'model' }, { dtype, rounding });
  return [...card, ...modelFolder(student, weights, { dtype, runFile: runFileOf(run), card: null })];
}

/**
 * See `export-onnx` in protocol.ts.
 * @throws InputError as `exportModel`, and where a graph would be too large for an ONNX file.
 */
export async function exportOnnx(
  { runId, storage, withPast }: CommandOf<'export-onnx'>,
  watch: ExportWatch,
): Promise<Results['export-onnx']> {
  // Graphs are fetched by those who take them.
  const { onnxFolder } = await import('../export/onnx/folder.ts');
  const kept = await keptStudent(runId, watch);
  const { run, weights, student } = kept;
  const runFile = runFileOf(run);
  const dtype = storage === 'f16' ? 'f16' : 'f32';
  const files = [
    ...(await cardOf(kept, { kind: 'onnx', storage }, { dtype })),
    ...onnxFolder(student, weights, { storage, runFile, withPast }),
  ];
  const name = `${run.name}-onnx-${storage}`;
  return { blob: await zipBlob(name, files, packing('the graphs', watch)), fileName: zipName(name) };
}

/**
 * See `pack-upload` in protocol.ts.
 * @throws InputError as `exportOnnx`.
 */
export async function packUpload(
  { runId, repository, dtype, storage }: CommandOf<'pack-upload'>,
  watch: ExportWatch,
): Promise<Results['pack-upload']> {
  const kept = await keptStudent(runId, watch);
  const { run, weights, student } = kept;
  const runFile = runFileOf(run);
  if (dtype === 'f16') checkHalf(weights);
  const rounding = await roundingOf(kept, dtype, watch);
  const card = await cardOf(kept, { kind: 'hub', repository, storage }, { dtype, rounding });
  const model = modelFolder(student, weights, { dtype, runFile, card: null });
  // Graphs are fetched by those who take them.
  const onnx =
    storage === null
      ? []
      : (await import('../export/onnx/folder.ts')).onnxFolder(student, weights, {
          storage,
          runFile,
          besideWeights: dtype,
        });
  // Of what both have, the configuration that names the graphs too.
  const files = new Map([...card, ...model, ...onnx].map((file) => [file.path, file]));
  const totalBytes = [...files.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const packed: Results['pack-upload']['files'] = [];
  let doneBytes = 0;
  for (const [path, file] of files) {
    const report = (done: number): void => watch.report('packing the folder', doneBytes + done, totalBytes);
    const blob = await fileBlob(file, '', { signal: watch.signal, report });
    packed.push({ path, blob });
    doneBytes += blob.size;
  }
  return { files: packed };
}

/**
 * See `export-server` in protocol.ts.
 * @throws InputError as `exportOnnx`.
 */
export async function exportServer(
  { runId, storage }: CommandOf<'export-server'>,
  watch: ExportWatch,
): Promise<Results['export-server']> {
  // Graphs, server and manifests: fetched by those who take them.
  const { serverFolder } = await import('../export/server-folder.ts');
  const kept = await keptStudent(runId, watch);
  const { run, weights, student } = kept;
  const runFile = runFileOf(run);
  const dtype = storage === 'f16' ? 'f16' : 'f32';
  const card = await cardOf(kept, { kind: 'server', storage }, { dtype });
  const files = serverFolder(student, weights, { storage, runFile, card });
  const name = `${run.name}-server`;
  return { blob: await zipBlob(name, files, packing('the server', watch)), fileName: zipName(name) };
}

/**
 * See `export-demo` in protocol.ts.
 * @throws InputError as `exportModel`, and where the page's program cannot be fetched.
 */
export async function exportDemo(
  { runId }: CommandOf<'export-demo'>,
  watch: ExportWatch,
): Promise<Results['export-demo']> {
  const { demoPage } = await import('../export/demo/page.ts');
  const { run, weights, student } = await keptStudent(runId, watch);
  const response = await fetch(siteUrl('demo.js'));
  if (!response.ok) {
    throw new InputError(
      'The program of the page did not come from the studio’s own host.',
      'Reload the studio and try again.',
    );
  }
  const fileName = `${safeFolderName(run.name)}.html`;
  const page = await demoPage(fileName, student, weights, {
    name: run.name,
    recipe: run.recipe,
    examples: (await readPredictions(run.id)).slice(0, 3).map(({ input }) => input),
    program: await response.text(),
  });
  return { blob: await fileBlob(page, 'text/html', packing('the page', watch)), fileName };
}

/** The recipe, with how its rows were read. */
function runFileOf({ recipe, reading }: RunRecord): string {
  return formatRecipe(recipe, reading ?? null);
}

function packing(what: string, { signal, report }: ExportWatch) {
  return { signal, report: (done: number, total: number) => report(`packing ${what}`, done, total) };
}

function zipName(name: string): string {
  return `${safeFolderName(name)}.zip`;
}

async function keptStudent(runId: string, watch: ExportWatch): Promise<Kept> {
  const stored = await readRun(runId);
  if (stored === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  try {
    return await keptOf(stored, watch);
  } catch (error) {
    // A run at work replaces its checkpoints: the newer one is read.
    const now = await readRun(runId);
    if (now === null || now.savedStep === stored.savedStep) throw error;
    return keptStudent(runId, watch);
  }
}

async function keptOf(stored: RunRecord, { report, unkept }: ExportWatch): Promise<Kept> {
  const now = await unkept(stored.id);
  const run =
    now === null ? { ...stored, savedStep: weightsStep(stored) } : { ...stored, savedStep: stored.step };
  // What is exported is what was measured of these weights.
  if (run.comparison?.step === run.savedStep) run.recipe = measuredRecipe(run);
  const weights = await mergedWeights(run, now ?? (await storedWeights(run)), report);
  return { run, weights, student: await openRunOutline(run) };
}

/** Null where nothing is rounded, a run has the machine, or no test rows are there. */
async function roundingOf(
  { run, student: { config, tokenizer }, weights }: Kept,
  dtype: WrittenFloat,
  { report, signal, machine }: ExportWatch,
): Promise<RoundingCheck | null> {
  if (dtype === 'f32' || machine === null) return null;
  await machine.makeWay();
  if (machine.busy) return null;
  const examples = await readExamples(run.datasetId, 'test');
  const open = (student: EngineStudent) => openEngine(student, { engine: null, backend: null });
  const job = { student: { config, weights }, tokenizer, dtype, recipe: run.recipe, examples, open };
  return checkRounding(job, { report, signal });
}

/** The card and what it speaks of. */
async function cardOf(
  kept: Kept,
  form: CardForm,
  told: { dtype: WrittenFloat; rounding?: RoundingCheck | null },
): Promise<FolderFile[]> {
  // The words of cards are fetched by those who take one.
  const { cardFiles } = await import('../export/model-card.ts');
  return cardFiles({ ...(await cardFacts(kept)), form, ...told });
}

async function cardFacts({
  run,
  student: { config },
}: Kept): Promise<Omit<ModelCardFacts, 'form' | 'dtype' | 'rounding'>> {
  const saved = run.savedStep ?? 0;
  const points = (await readMetrics(run.id)).filter(({ step }) => step <= saved);
  const [first, last] = [points[0], points.at(-1)];
  // Figures of other weights than those in the folder would be false.
  const comparison = run.comparison?.step === run.savedStep ? run.comparison : null;
  const taken = run.takenStep === saved && saved !== run.step ? saved : null;
  const chosenBy = run.evaluations.at(-1)?.split;
  return {
    name: run.name,
    baseStudent: run.studentName,
    baseModel: run.studentHub?.split('@')[0] ?? null,
    parameters: countParameters(config),
    recipe: run.recipe,
    datasetName: run.datasetName,
    trainRows: run.trainRows,
    ...(run.reading === undefined ? {} : { reading: run.reading }),
    notes: await notesOf(run),
    ...(run.about === undefined ? {} : { about: run.about }),
    steps: taken === null ? saved : run.step,
    early: run.state.phase === 'done' && run.state.early === true,
    takenStep: taken,
    chosenBy: chosenBy ?? 'test',
    accuracy: comparison,
    losses: first && last ? { first, last } : null,
    curves: { points, evaluations: run.evaluations.filter(({ step }) => step <= saved) },
    elapsedMs: last?.elapsedMs ?? 0,
    predictions: comparison === null ? [] : await readPredictions(run.id),
    engine: run.engine,
  };
}

/** What was noticed of the rows, where the dataset still has those that the run was trained on. */
async function notesOf({ datasetId, trainRows }: RunRecord): Promise<string[] | null> {
  const train = (await readDataset(datasetId))?.splits.train;
  if (train?.rows !== trainRows) return null;
  return train.lint.flatMap(({ text }) => (text === undefined ? [] : [text]));
}
