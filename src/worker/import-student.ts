/** Students: dropped folders are checked whole before anything is stored; bundled ones are fetched from our origin. */
import { InputError, reportError, StillroomError, withoutStop } from '../base/errors.ts';
import { siteUrl } from '../base/site.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { keepStudent, keptTexts, readKeptStudent } from '../store/kept-students.ts';
import type { RunRecord, StudentRecord } from '../store/records.ts';
import {
  changeStudent,
  knownStudent,
  listStudents,
  readStudentFiles,
  readStudentRecord,
  studentDigest,
  writeStudent,
} from '../store/students.ts';
import { modelFolder } from '../export/model-folder.ts';
import { floatOf, writtenAs } from '../formats/safetensors-writer.ts';
import {
  readStudentFolder,
  readStudentOutline,
  studentPaths,
  type Student,
  type StudentOutline,
} from '../student/folder.ts';
import { baseOf, isAdapterFolder, isBase, withAdapters } from '../student/lora/adapter-folder.ts';
import { ownGeneration } from '../student/own-generation.ts';
import { countParameters } from '../student/parameters.ts';
import { probeTokenizer } from '../student/probe-tokenizer.ts';
import { filesFromBlobs, filesInMemory, type StudentFiles } from '../student/student-files.ts';
import { parseObject } from '../student/tokenizer.ts';
import { bundledStudentId, probing, type CommandOf, type Results } from './protocol.ts';

const bundledFiles = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
];

/**
 * See `import-student` in protocol.ts. The tokenizer is tried before anything is kept.
 * @param onSign Called before each text that it is tried with.
 * @throws InputError where the folder is no T5 that can be trained.
 */
export async function importStudent(
  { files, baseId, hub }: CommandOf<'import-student'>,
  progress: ReportProgress,
  onSign: () => void = () => undefined,
): Promise<Results['import-student']> {
  const blobs = new Map(files.map(({ path, file }) => [path, file as Blob]));
  const name = folderName(files.map(({ path }) => path));
  const folder = filesFromBlobs(blobs);
  if (baseId !== null && isAdapterFolder(folder)) return importAdapters(folder, name, baseId, progress);
  const student = await readStranger(folder, name, progress, onSign);
  progress('storing the student', 0, 1);
  const used = studentPaths(folder, name);
  const kept = new Map([...blobs].filter(([path]) => used.has(path)));
  const sha256 = await studentDigest(kept);
  // The same folder again is the same student: also for the runs of one that was removed.
  const known = await knownStudent(sha256);
  if (known?.isHere) {
    if (hub !== undefined) await changeStudent(known.id, (record) => ({ ...record, hub }));
    return { studentId: known.id };
  }
  const id = known?.id ?? crypto.randomUUID();
  const record: StudentRecord = {
    ...describeStudent(student),
    id,
    source: 'folder',
    sha256,
    ...(hub === undefined ? {} : { hub }),
  };
  await writeStudent(record, kept);
  progress('storing the student', 1, 1);
  return { studentId: record.id };
}

/** Reads a folder that nothing is known of. @throws InputError also where the memory does not suffice. */
async function readStranger(
  folder: StudentFiles,
  name: string,
  progress: ReportProgress,
  onSign: () => void,
): Promise<Student> {
  const readTold = (read: number, total: number): void => progress('reading the student', read, total);
  try {
    return await readStudentFolder(folder, name, readTold, ({ tokenizer, tokenizerFiles }) => {
      progress(probing, 0, 1);
      const file = `${name}/tokenizer.json`;
      const json = parseObject(tokenizerFiles['tokenizer.json'] ?? '{}', file);
      probeTokenizer(tokenizer, json, file, (work) => {
        onSign();
        work();
      });
      progress('reading the student', 0, 1);
    });
  } catch (error) {
    if (error instanceof StillroomError) throw error;
    throw new InputError(
      `The folder could not be read (${withoutStop(reportError(error).message)}).`,
      'Close other tabs if memory is short, and see that its files are still where they were; then try again.',
      { file: name },
    );
  }
}

/** The student that adapters name as their base, where it is here; else the one in use. */
async function findBase(folder: StudentFiles, name: string, inUse: string): Promise<string> {
  const named = await baseOf(folder, name);
  if (named === null) return inUse;
  const fitting = (await listStudents()).filter((one) => isBase(one, named));
  return fitting.some(({ id }) => id === inUse) ? inUse : (fitting.at(-1)?.id ?? inUse);
}

/**
 * A student out of its base and adapters that peft saved, merged.
 * @param inUse The base where the one that the adapters name is not here.
 * @throws InputError where the adapters belong to another base.
 */
async function importAdapters(
  folder: StudentFiles,
  name: string,
  inUse: string,
  progress: ReportProgress,
): Promise<Results['import-student']> {
  const base = await openStudent(await findBase(folder, name, inUse), progress);
  const student = await withAdapters(base, folder, name);
  const dtype = floatOf(base.storedDtype);
  const record: StudentRecord = {
    ...describeStudent({ ...student, storedDtype: writtenAs[dtype] }),
    id: crypto.randomUUID(),
    source: 'folder',
  };
  const written = modelFolder(student, student.weights, { dtype, runFile: null, card: null });
  progress('storing the student', 0, 1);
  const blobs = new Map(written.map(({ path, bytes }) => [path, new Blob([bytes.slice()])]));
  await writeStudent({ ...record, sha256: await studentDigest(blobs) }, blobs);
  progress('storing the student', 1, 1);
  return { studentId: record.id };
}

/** See `load-bundled-student` in protocol.ts. */
export async function loadBundledStudent(
  _command: CommandOf<'load-bundled-student'>,
  progress: ReportProgress,
): Promise<Results['load-bundled-student']> {
  const known = await readStudentRecord(bundledStudentId);
  if (known === null) {
    const student = await readFolder(await bundled(bundledStudentId), bundledStudentId, progress);
    await writeStudent({ ...describeStudent(student), id: bundledStudentId, source: 'bundled' }, new Map());
  }
  return { studentId: bundledStudentId };
}

/** Opens a student with everything that training needs. */
export async function openStudent(studentId: string, progress: ReportProgress): Promise<Student> {
  const { record, files } = await findStudent(studentId);
  return readFolder(files, record.name, progress);
}

/** Opens a student without reading its weights, which may be hundreds of megabytes. */
export async function openOutline(studentId: string): Promise<StudentOutline> {
  const { record, files } = await findStudent(studentId);
  return readStudentOutline(files, record.name);
}

/** The student of a run without its weights: the stored one, or what was kept of it with the run. */
export async function openRunOutline(run: RunRecord): Promise<StudentOutline> {
  if ((await readStudentRecord(run.studentId)) !== null) return openOutline(run.studentId);
  const kept = await readKeptStudent(run.keptStudent);
  if (kept !== null) return readStudentOutline(kept, run.studentName);
  throw new InputError(
    `The student of ${run.name} (${run.studentName}) is no longer stored, and an earlier version of the studio kept nothing of it with the run.`,
    'Drop its folder again under the same name.',
  );
}

/** The student of a run with its weights where it is stored; else what was kept of it. */
export async function openRunStudent(
  run: RunRecord,
  progress: ReportProgress,
): Promise<Student | StudentOutline> {
  const isHere = (await readStudentRecord(run.studentId)) !== null;
  return isHere ? openStudent(run.studentId, progress) : openRunOutline(run);
}

/** Keeps with a run what it needs of its student. @returns What its record says of that. */
export async function keepWith(
  run: RunRecord,
  student: Student,
): Promise<Pick<RunRecord, 'keptStudent' | 'studentSha256' | 'studentHub'>> {
  const keptStudent = await keepStudent(keptTexts(student));
  const record = await readStudentRecord(run.studentId);
  const sha256 = run.studentSha256 ?? record?.sha256;
  const hub = run.studentHub ?? record?.hub;
  return {
    keptStudent,
    ...(sha256 === undefined ? {} : { studentSha256: sha256 }),
    ...(hub === undefined ? {} : { studentHub: hub }),
  };
}

async function findStudent(studentId: string): Promise<{ record: StudentRecord; files: StudentFiles }> {
  const record = await readStudentRecord(studentId);
  if (record === null) throw new InputError('That student is no longer stored.', 'Drop its folder again.');
  const files =
    record.source === 'bundled'
      ? await bundled(record.id)
      : filesFromBlobs(await readStudentFiles(record.id));
  return { record, files };
}

function readFolder(files: StudentFiles, name: string, progress: ReportProgress): Promise<Student> {
  return readStudentFolder(files, name, (read, total) => progress('reading the student', read, total));
}

/** What a record says of a student. */
export function describeStudent(student: Omit<Student, 'weights'>): Omit<StudentRecord, 'id' | 'source'> {
  const parameters = countParameters(student.config);
  const own = ownGeneration(student.generationConfig);
  return {
    name: student.name,
    createdAt: Date.now(),
    config: student.config,
    parameters,
    sizeBytes: parameters * (student.storedDtype === 'F32' ? 4 : 2),
    storedDtype: student.storedDtype,
    notes: [...student.notes],
    ...(own === null ? {} : { ownGeneration: own }),
  };
}

/** The files of a bundled student, fetched from the studio's own origin (a megabyte or two). */
async function bundled(studentId: string): Promise<StudentFiles> {
  const files = await Promise.all(
    bundledFiles.map(async (name) => {
      const response = await fetch(siteUrl(`students/${studentId}/${name}`));
      if (!response.ok) {
        throw new InputError(`it could not be fetched (${response.status}).`, 'Reload the page.', {
          file: name,
        });
      }
      return [name, new Uint8Array(await response.arrayBuffer())] as const;
    }),
  );
  return filesInMemory(new Map(files));
}

function folderName(paths: readonly string[]): string {
  const folder = paths.find((path) => path.includes('/'))?.split('/')[0];
  return folder !== undefined && folder !== '' ? folder : 'student';
}
