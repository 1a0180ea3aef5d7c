/** Students: dropped folders are checked whole before anything is stored; bundled ones are fetched from our origin. */
import { InputError } from '../base/errors.ts';
import { siteUrl } from '../base/site.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { readStudentFiles, readStudentRecord, writeStudent } from '../store/students.ts';
import type { StudentRecord } from '../store/records.ts';
import {
  readStudentFolder,
  readStudentOutline,
  studentPaths,
  type Student,
  type StudentOutline,
} from '../student/folder.ts';
import { countParameters } from '../student/parameters.ts';
import { filesFromBlobs, filesInMemory, type StudentFiles } from '../student/student-files.ts';
import { bundledStudentId, type CommandOf, type Results } from './protocol.ts';

const bundledFiles = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
];

/** See `import-student` in protocol.ts. @throws InputError where the folder is no T5 that can be trained. */
export async function importStudent(
  { files }: CommandOf<'import-student'>,
  progress: ReportProgress,
): Promise<Results['import-student']> {
  const blobs = new Map(files.map(({ path, file }) => [path, file as Blob]));
  const name = folderName(files.map(({ path }) => path));
  const folder = filesFromBlobs(blobs);
  const student = await readFolder(folder, name, progress);
  const record: StudentRecord = { ...describeStudent(student), id: crypto.randomUUID(), source: 'folder' };
  progress('storing the student', 0, 1);
  const used = studentPaths(folder, name);
  await writeStudent(record, new Map([...blobs].filter(([path]) => used.has(path))));
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
  return {
    name: student.name,
    createdAt: Date.now(),
    config: student.config,
    parameters,
    sizeBytes: parameters * (student.storedDtype === 'F32' ? 4 : 2),
    storedDtype: student.storedDtype,
    notes: [...student.notes],
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
