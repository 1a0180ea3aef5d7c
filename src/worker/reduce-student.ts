/** A smaller copy of a student, stored beside it, and what reducing it cost. */
import { breathe } from '../base/breathe.ts';
import { EngineError, InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import type { Watch } from '../distill/ports.ts';
import { stepFlops } from '../engine/plan/step-flops.ts';
import { modelFolder, type FolderFile } from '../export/model-folder.ts';
import { reducedCard } from '../export/reduced-card.ts';
import { measureReduction, mostMeasuredRows } from '../jobs/measure.ts';
import { reduceStudent } from '../jobs/reduce.ts';
import { readDataset, readExamples } from '../store/datasets.ts';
import type { DownloadSize, StudentRecord } from '../store/records.ts';
import { changeStudent, readStudentRecord, studentDigest, writeStudent } from '../store/students.ts';
import type { Student } from '../student/folder.ts';
import { frozenParameters } from '../student/reduce/freeze.ts';
import { floatOf, type WrittenFloat, writtenAs } from '../formats/safetensors-writer.ts';
import { describeStudent, openStudent } from './import-student.ts';
import { openEngine } from './machine.ts';
import type { CommandOf, Results } from './protocol.ts';
import type { SharedMachine } from './machine-use.ts';

/** See `reduce-student` in protocol.ts. @throws InputError where a wish cannot be met. */
export async function reduceAndStore(
  { studentId, datasetId, wishes }: CommandOf<'reduce-student'>,
  watch: Watch,
  machine: SharedMachine,
): Promise<Results['reduce-student']> {
  await machine.makeWay();
  const { report, signal } = watch;
  const whole = await openStudent(studentId, report);
  const vocabulary = wishes.vocabulary && { ...wishes.vocabulary, rows: await rowsOf(datasetId) };
  const { student } = await reduceStudent({ whole, ...wishes, vocabulary }, watch);

  const stored = floatOf(whole.storedDtype);
  const dtype = wishes.dtype ?? stored;
  const card = reducedCard(whole, student);
  report('storing the student', 0, 1);
  const files = filesOf(student, dtype, card);
  const record: StudentRecord = {
    ...describeStudent({ ...student, storedDtype: writtenAs[dtype] }),
    name: `${whole.name}-reduced`,
    id: crypto.randomUUID(),
    source: 'reduced',
    reduction: {
      fromId: studentId,
      fromName: whole.name,
      fromConfig: whole.config,
      fromDtype: whole.storedDtype,
      download: { before: sizes(whole, null), after: sizes(student, card) },
      loss: null,
    },
  };
  await breathe();
  signal.throwIfAborted();
  const blobs = files.map((file): [string, Blob] => [file.path, blobOf(file)]);
  const folder = new Map(blobs);
  await writeStudent({ ...record, sha256: await studentDigest(folder) }, folder);
  report('storing the student', 1, 1);
  return { studentId: record.id };
}

/** See `measure-reduction` in protocol.ts. @throws InputError where a student or all rows are gone. */
export async function measureAndStore(
  { studentId, datasetId, recipe }: CommandOf<'measure-reduction'>,
  watch: Watch,
  machine: SharedMachine,
): Promise<null> {
  await machine.makeWay();
  if (machine.busy) {
    throw new EngineError('A run is at work.', 'Stop it, or wait for its end, then measure the loss.');
  }
  const record = await readStudentRecord(studentId);
  if (!record?.reduction) throw new InputError('That student is no longer stored.', 'Choose another.');
  const { reduction } = record;
  const dataset = await readDataset(datasetId);
  // Rows that nothing is trained on, where there are any.
  const test = await readExamples(datasetId, 'test');
  const examples = (test.length > 0 ? test : await readExamples(datasetId, 'train')).slice(
    0,
    mostMeasuredRows,
  );
  if (dataset === null || examples.length === 0) {
    throw new InputError('There are no rows to measure a loss on.', 'Add data on Data first.');
  }
  const measured = await measureReduction(
    {
      before: () => openStudent(reduction.fromId, () => undefined),
      after: () => openStudent(studentId, () => undefined),
      examples,
      recipe,
      open: (student) => openEngine(student, { engine: null, backend: null }),
    },
    watch,
  );
  const loss = { ...measured, datasetName: dataset.name };
  await changeStudent(studentId, (stored) => ({ ...stored, reduction: { ...reduction, loss } }));
  return null;
}

/** See `estimate-steps` in protocol.ts. */
export function estimateSteps({
  configs,
  shape,
  freeze,
}: CommandOf<'estimate-steps'>): Promise<Results['estimate-steps']> {
  return Promise.resolve(configs.map((config) => stepFlops(config, shape, frozenParameters(config, freeze))));
}

function filesOf(student: Student, dtype: WrittenFloat, card: string | null): FolderFile[] {
  return modelFolder(student, student.weights, { dtype, runFile: null, card });
}

function sizes(student: Student, card: string | null): DownloadSize {
  const sizeOf = (dtype: WrittenFloat) =>
    filesOf(student, dtype, card).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  // As many bytes as f16, and any weight fits.
  return { f32: sizeOf('f32'), f16: sizeOf('bf16') };
}

export function blobOf(file: FolderFile): Blob {
  return new Blob([...file.chunks()].map((chunk) => new Blob([chunk as Uint8Array<ArrayBuffer>])));
}

export async function rowsOf(datasetId: string | null): Promise<Example[]> {
  const rows =
    datasetId === null
      ? []
      : [...(await readExamples(datasetId, 'train')), ...(await readExamples(datasetId, 'test'))];
  if (rows.length > 0) return rows;
  throw new InputError(
    'There are no rows that say which pieces of the vocabulary are needed.',
    'Add data on Data first, or keep the whole vocabulary.',
  );
}
