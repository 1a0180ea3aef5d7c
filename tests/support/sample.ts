/** The bundled student and sample, opened in Node for tests. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Example } from '../../src/data/example.ts';
import { joinTeacher } from '../../src/data/join.ts';
import { asDataset, readDataFile } from '../../src/data/read-file.ts';
import { bundledStudentId } from '../../src/worker/protocol.ts';
import { readStudentFolder, type Student } from '../../src/student/folder.ts';
import { filesInMemory } from '../../src/student/student-files.ts';

const publicFolder = join(import.meta.dirname, '../../public');

export function openBundledStudent(): Promise<Student> {
  const folder = join(publicFolder, 'students', bundledStudentId);
  const files = new Map(
    readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
  return readStudentFolder(filesInMemory(files), bundledStudentId);
}

export function sampleExamples(split: 'train' | 'test'): Example[] {
  const name = `${split}.jsonl`;
  return joinTeacher(
    asDataset(readDataFile(name, readFileSync(join(publicFolder, 'sample', name), 'utf8'))),
    null,
  ).examples;
}
