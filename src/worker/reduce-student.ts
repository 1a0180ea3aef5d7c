/** A smaller copy of a student, stored beside it. */
import { breathe } from '../base/breathe.ts';
import { InputError } from '../base/errors.ts';
import { explainPrefix, predictPrefix } from '../distill/tasks.ts';
import { stepFlops } from '../engine/plan/step-flops.ts';
import { modelFolder, type FolderFile } from '../export/model-folder.ts';
import { reducedCard } from '../export/reduced-card.ts';
import { readExamples } from '../store/datasets.ts';
import type { DownloadSize, StudentRecord } from '../store/records.ts';
import { writeStudent } from '../store/students.ts';
import type { Student } from '../student/folder.ts';
import { textsToKeep } from '../student/reduce/keep-texts.ts';
import { frozenParameters } from '../student/reduce/freeze.ts';
import { reduceLayers } from '../student/reduce/layers.ts';
import { vocabularyWork, type VocabularyOptions } from '../student/reduce/vocabulary.ts';
import { floatOf, type WrittenFloat, writtenAs } from '../student/safetensors.ts';
import { describeStudent, openStudent } from './import-student.ts';
import type { CommandOf, Results } from './protocol.ts';
import type { SharedMachine } from './run-keeper.ts';
import { reduction } from './stoppable.ts';
import type { ReportProgress } from './wire.ts';

/** See `reduce-student` in protocol.ts. @throws InputError where a wish cannot be met. */
export function reduceStudent(
  command: CommandOf<'reduce-student'>,
  progress: ReportProgress,
  machine: SharedMachine,
): Promise<Results['reduce-student']> {
  return reduction.run(async () => {
    await machine.makeWay();
    reduction.check();
    return reduceAndStore(command, progress);
  });
}

/** See `estimate-steps` in protocol.ts. */
export function estimateSteps({
  configs,
  shape,
  freeze,
}: CommandOf<'estimate-steps'>): Promise<Results['estimate-steps']> {
  return Promise.resolve(configs.map((config) => stepFlops(config, shape, frozenParameters(config, freeze))));
}

async function reduceAndStore(
  { studentId, datasetId, wishes }: CommandOf<'reduce-student'>,
  progress: ReportProgress,
): Promise<NonNullable<Results['reduce-student']>> {
  const whole = await openStudent(studentId, progress);
  const { encoder, decoder, vocabulary } = wishes;
  const layered = reduceLayers(whole, {
    ...(encoder === null ? {} : { encoder }),
    ...(decoder === null ? {} : { decoder }),
  }).student;
  const student =
    vocabulary === null
      ? layered
      : await withFewerPieces(layered, { ...vocabulary, keepTexts: await textsOf(datasetId) }, progress);

  const stored = floatOf(whole.storedDtype);
  const dtype = wishes.dtype ?? stored;
  const card = reducedCard(whole, student);
  progress('storing the student', 0, 1);
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
  reduction.check();
  const blobs = files.map((file): [string, Blob] => [file.path, blobOf(file)]);
  await writeStudent(record, new Map(blobs));
  progress('storing the student', 1, 1);
  return { studentId: record.id };
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

function blobOf(file: FolderFile): Blob {
  return new Blob([...file.chunks()].map((chunk) => new Blob([chunk as Uint8Array<ArrayBuffer>])));
}

async function textsOf(datasetId: string | null): Promise<string[]> {
  const rows =
    datasetId === null
      ? []
      : [...(await readExamples(datasetId, 'train')), ...(await readExamples(datasetId, 'test'))];
  if (rows.length === 0) {
    throw new InputError(
      'There are no rows that say which pieces of the vocabulary are needed.',
      'Add data on Data first, or keep the whole vocabulary.',
    );
  }
  return [...textsToKeep(rows, [predictPrefix, explainPrefix])];
}

async function withFewerPieces(
  student: Student,
  options: VocabularyOptions & { keepTexts: readonly string[] },
  progress: ReportProgress,
): Promise<Student> {
  const work = vocabularyWork(student, options);
  for (;;) {
    const next = work.next();
    if (next.done) return next.value.student;
    progress(next.value.what, next.value.done, options.keepTexts.length);
    await breathe();
    reduction.check();
  }
}
