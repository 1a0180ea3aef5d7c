/** The study's tasks, read from disk: the bundled student with the bundled sample, and with SVAMP where that is there. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { joinTeacher } from '../data/join.ts';
import { asDataset, readDataFile } from '../data/read-file.ts';
import type { Example } from '../data/example.ts';
import { isCorrect } from '../distill/score.ts';
import { writtenLabel } from '../distill/written-labels.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import type { TaskName } from '../study/design.ts';
import { isSameValue } from '../data/equation.ts';
import { readSvamp } from '../study/svamp.ts';
import type { Task } from '../study/train-run.ts';
import { bundledFolder, openFolder, readText } from './files.ts';

/** A task with the student that is trained on it. */
export interface OpenTask extends Task {
  student: Student;
  /** Of the files that results depend on: results of other files are no longer true. */
  fingerprint: string;
}

/** The project's own folder. */
export function projectFolder(): string {
  return dirname(bundledFolder());
}

/** SVAMP lies beside the project, in a folder of reference data, or nowhere. */
function svampFolder(): string {
  return join(projectFolder(), '..', 'shared', 'data', 'svamp');
}

/** Whether a task's files are there. */
export function hasTask(name: TaskName): boolean {
  return name === 'sample' || existsSync(svampFolder());
}

/**
 * Reads a task.
 * @throws InputError where a file is missing or is something else.
 */
export async function openTask(name: TaskName, testRows: number): Promise<OpenTask> {
  const folder = join(bundledFolder(), 'students', 'nano');
  const student = await readStudentFolder(await openFolder(folder), 'nano');
  const { train, test } = name === 'sample' ? await readSample() : await readSvampFolder();
  const hash = createHash('sha256');
  for (const weights of student.weights.values()) hash.update(weights);
  hash.update(student.tokenizerFiles['tokenizer.json'] ?? '');
  for (const { input, label, rationale, teacherLabel } of [...train, ...test.slice(0, testRows)]) {
    hash.update(JSON.stringify([input, label, rationale, teacherLabel]));
  }
  return {
    name,
    student,
    tokenizer: student.tokenizer,
    train,
    test: test.slice(0, testRows),
    isRight: name === 'sample' ? asWritten(student) : isSameValue,
    fingerprint: hash.digest('hex').slice(0, 16),
  };
}

/** Exact match with the label as the student can write it. The study's recipes cut no label. */
function asWritten({ tokenizer }: Student): Task['isRight'] {
  return (answer, label) => isCorrect(answer, writtenLabel(label, tokenizer, { maxTargetTokens: Infinity }));
}

interface Splits {
  train: Example[];
  test: Example[];
}

async function readSample(): Promise<Splits> {
  const read = async (split: string) => {
    const file = join(bundledFolder(), 'sample', `${split}.jsonl`);
    return joinTeacher(asDataset(readDataFile(file, await readText(file))), null).examples;
  };
  return { train: await read('train'), test: await read('test') };
}

async function readSvampFolder(): Promise<Splits> {
  const folder = svampFolder();
  const read = async (split: string, chunks: number) => {
    const file = join(folder, `svamp_${split}.json`);
    const completions = Array.from({ length: chunks }, (_, chunk) =>
      readText(join(folder, 'llm', `${split}_CoT_${chunk}.json`)),
    );
    return readSvamp(await readText(file), await Promise.all(completions), file);
  };
  return { train: await read('train', 2), test: await read('test', 1) };
}
