/** A whole run out as a zip, and in again: see export/run-archive.ts for what is in it. */
import { stateOf } from '../engine/engine.ts';
import { InputError } from '../base/errors.ts';
import { isActive } from '../distill/run-state.ts';
import { digestStudent } from '../distill/checkpoint.ts';
import type { ReportProgress, Watch } from '../distill/ports.ts';
import { archiveFiles, readArchive, type RunArchive } from '../export/run-archive.ts';
import type { ArchivedRun } from '../export/run-record.ts';
import { safeFolderName } from '../export/zip.ts';
import { wholeOf } from '../formats/byte-stream.ts';
import { checkpointState, writeCheckpoint } from '../store/checkpoints.ts';
import { listDatasets, trainSha256 } from '../store/datasets.ts';
import { withRun } from '../store/locks.ts';
import { weightsStep, type RunRecord, type StudentRecord } from '../store/records.ts';
import {
  appendMetrics,
  deleteRun,
  labelRun,
  listRuns,
  readMetrics,
  readPredictions,
  readRun,
  writePredictions,
  writeRun,
} from '../store/runs.ts';
import { freeSign } from '../store/run-sign.ts';
import { keepStudent, keptTexts } from '../store/kept-students.ts';
import { knownStudent, listStudents, readStudentFiles, studentDigest } from '../store/students.ts';
import { openRunOutline, openStudent } from './import-student.ts';
import { parseT5Config, type T5Config, type Weights } from '../student/config.ts';
import { probing, type CommandOf, type Results } from './protocol.ts';
import { asStopped } from '../jobs/recover.ts';
import { mergedWeights, storedWeights } from './stored-weights.ts';
import { readRunFolder } from './run-folder.ts';
import { probeTokenizer } from '../student/probe-tokenizer.ts';
import { parseObject, parseTokenizer } from '../student/tokenizer.ts';
import { talliedAt } from './run-journal.ts';
import { zipBlob } from './zip-blob.ts';

/** See `export-run` in protocol.ts. */
export async function exportRun(
  { runId }: CommandOf<'export-run'>,
  { report: progress, signal }: Watch,
): Promise<Results['export-run']> {
  const record = await readRun(runId);
  if (record === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  const student = await openRunOutline(record).catch(absent);
  const weights =
    student !== null && record.savedStep !== null
      ? await mergedWeights(record, await storedWeights(record), progress)
      : null;
  const files = await archiveFiles({
    run: archived(record),
    config: student?.config ?? null,
    student: student === null ? null : keptTexts(student),
    metrics: await readMetrics(runId),
    predictions: await readPredictions(runId),
    weights,
    moments: await keptMoments(record),
  });
  const blob = await zipBlob(record.name, files, {
    signal,
    report: (done, total) => progress('packing the run', done, total),
  });
  return { blob, fileName: `${safeFolderName(record.name)}.run.zip` };
}

/** A run of an earlier version whose student was removed: it goes without. */
function absent(error: unknown): null {
  if (error instanceof InputError) return null;
  throw error;
}

/** What the run would continue from elsewhere; null where no steps are left, or no moments were kept. */
async function keptMoments(run: RunRecord): Promise<RunArchive['moments']> {
  const { id, savedStep, recipe } = run;
  if (savedStep === null || savedStep >= recipe.steps || weightsStep(run) !== savedStep) return null;
  // Adapters go into the zip merged into their student: theirs are not its moments. Adafactor keeps others.
  if (recipe.lora !== null || recipe.optimizer !== 'adamw') return null;
  const state = await checkpointState(id, savedStep);
  if (state === null || state.expAvg.size === 0) return null;
  const { expAvg, expAvgSq } = state;
  return { expAvg, expAvgSq };
}

/** The record that is saved with the run. An interrupted run is saved as stopped. */
function archived(record: RunRecord): ArchivedRun {
  const { id: _id, heartbeatAt: _at, pinned: _pinned, deletedAt: _deleted, ...known } = record;
  const { revision: _revision, sign: _sign, keptStudent: _kept, experimentId: _experiment, ...rest } = known;
  const { imported: _imported, engineChoice: _choice, backend: _backend, takenStep: _, ...others } = rest;
  // A run goes with one step's weights: those that are taken.
  const run = { ...others, savedStep: weightsStep(record) };
  return isActive(run.state) || run.state.phase === 'idle' ? { ...run, state: asStopped(record) } : run;
}

/** See `import-run` in protocol.ts. */
export async function importRun(
  { file }: CommandOf<'import-run'>,
  progress: ReportProgress,
  onSign: () => void = () => undefined,
): Promise<Results['import-run']> {
  progress('reading the run', 0, 1);
  return storeArchive(await readArchive(await wholeOf(file), file.name), file.name, progress, onSign);
}

/** See `import-run-folder` in protocol.ts. */
export async function importRunFolder(
  { name, files }: CommandOf<'import-run-folder'>,
  progress: ReportProgress,
  onSign: () => void = () => undefined,
): Promise<Results['import-run-folder']> {
  progress('reading the run', 0, 1);
  const blobs = new Map(files.map(({ path, file }) => [path, file as Blob]));
  return storeArchive(await readRunFolder(blobs, name), name, progress, onSign);
}

/** The tokenizer that came with a run, tried before it is kept: see student/probe-tokenizer.ts. */
function tryTokenizer({ student }: RunArchive, file: string, onSign: () => void): void {
  const text = student?.['tokenizer.json'];
  if (student === null || text === undefined) return;
  const texts = { tokenizer: text, config: student['tokenizer_config.json'] ?? null };
  // Its own configuration, which a record may lack: the two agree where it has one.
  const { eos_token_id: endId } = parseT5Config(student['config.json'] ?? '', 'config.json');
  const tokenizer = parseTokenizer(texts, { endId, tokenizerFile: file });
  probeTokenizer(tokenizer, parseObject(text, file), file, (work) => {
    onSign();
    work();
  });
}

async function storeArchive(
  archive: RunArchive,
  fileName: string,
  progress: ReportProgress,
  onSign: () => void,
): Promise<Results['import-run']> {
  progress(probing, 0, 1);
  tryTokenizer(archive, `${fileName}/tokenizer.json`, onSign);
  progress('storing the run', 0, 1);
  const id = crypto.randomUUID();
  const { run, config, metrics, predictions, weights, student, moments } = archive;
  const record: RunRecord = {
    ...run,
    id,
    revision: 1,
    engineChoice: null,
    backend: null,
    heartbeatAt: Date.now(),
    sign: freeSign(await listRuns()),
    ...(student === null ? {} : { keptStudent: await keepStudent(student) }),
    studentId: await localStudent(archive, progress),
    datasetId: await localDataset(run),
    savedStep: weights === null ? null : run.savedStep,
    imported: { fileName, at: Date.now(), ...(moments === null ? {} : { goesOn: true }) },
  };
  // Deleted until all of it is there: what a kill leaves is then removed at the next opening, as other deleted runs are.
  await withRun(id, async () => {
    try {
      await writeRun({ ...record, deletedAt: 1 });
      // Once more: the last run that needed it may have gone before this one named it.
      if (student !== null) await keepStudent(student);
      if (metrics.length > 0) await appendMetrics(id, metrics);
      if (predictions.length > 0) await writePredictions(id, predictions);
      progress('storing the run', 0, 1);
      if (weights !== null && config !== null) {
        await writeState(record, archive, config, weights, metrics.at(-1)?.elapsedMs ?? 0);
      }
      await labelRun(id, { deletedAt: null });
    } catch (error) {
      await deleteRun(id).catch(() => undefined);
      throw error;
    }
  });
  return { runId: id };
}

async function writeState(
  record: RunRecord,
  { moments }: RunArchive,
  config: T5Config,
  weights: Weights,
  elapsedMs: number,
): Promise<void> {
  const step = record.savedStep ?? record.step;
  const { engine = 'wasm', backend = 'wasm', adapter = 'not known' } = record.engine ?? {};
  const told = {
    elapsedMs,
    engine: { engine, backend, adapter },
    accuracy: talliedAt(record.evaluations, step),
    loss: null,
  };
  const state = { ...stateOf(weights, step), ...moments };
  await writeCheckpoint(record.id, state, config, told, () => record);
}

/**
 * The same student in this browser: by its files, of which a run of earlier versions knows nothing: then by its id, or by
 * name and configuration; one of the terminal by its configuration, tokenizer and weights, whatever its name. The id of
 * elsewhere where there is none: another one's weights must not pass for its base.
 */
async function localStudent(
  { run, config, begunWith }: RunArchive,
  progress: ReportProgress,
): Promise<string> {
  const { studentId, studentName, studentSha256 } = run;
  const known = studentSha256 === undefined ? null : await knownStudent(studentSha256);
  if (known !== null) return known.id;
  const students = await listStudents();
  if (students.some(({ id }) => id === studentId)) return studentId;
  for (const one of students) {
    if (JSON.stringify(one.config) !== JSON.stringify(config)) continue;
    if (begunWith !== undefined) {
      if ((await digestStudent(await openStudent(one.id, progress))) === begunWith) return one.id;
      continue;
    }
    if (one.name !== studentName) continue;
    if (studentSha256 === undefined || (await filesOf(one)) === studentSha256) return one.id;
  }
  return studentId;
}

/** What a student's files are known by; null of one that came with the studio. */
async function filesOf({ id, source, sha256 }: StudentRecord): Promise<string | null> {
  if (source === 'bundled') return null;
  return sha256 ?? (await studentDigest(await readStudentFiles(id)));
}

/** The dataset of the same rows in this browser; the id of elsewhere where there is none. */
async function localDataset({ datasetId, rowsSha256, trainRows, fraction }: ArchivedRun): Promise<string> {
  const datasets = await listDatasets();
  if (datasets.some(({ id }) => id === datasetId)) return datasetId;
  for (const dataset of datasets) {
    // A folder does not always say how many rows it was.
    if (fraction === undefined && trainRows > 0 && dataset.splits.train?.rows !== trainRows) continue;
    if ((await trainSha256(dataset)) === rowsSha256) return dataset.id;
  }
  return datasetId;
}
