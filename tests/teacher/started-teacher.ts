/** A real server for tests: llama.cpp's, from the Python package xllamacpp, with one of the models that are beside. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../support/headless.ts';

/** Thinks aloud about the sample's world; knows nothing. `tests/fixtures/teacher/make_teacher.py` makes both. */
export type TeacherModel = 'teacher' | 'untrained';

export interface StartedTeacher {
  /** Ends in `/v1`. */
  url: string;
  close: () => Promise<void>;
}

export function modelFile(model: TeacherModel): string {
  return join(projectRoot, 'tests/fixtures/teacher', `${model}.gguf`);
}

/** @param python With xllamacpp. @throws Error where the server ends before it is ready. */
export async function startRealTeacher(python: string, model: TeacherModel): Promise<StartedTeacher> {
  const server = spawn(python, [join(import.meta.dirname, 'serve_teacher.py'), modelFile(model)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const close = async (): Promise<void> => {
    if (server.exitCode !== null) return;
    const closed = new Promise((resolve) => server.once('close', resolve));
    server.kill();
    await closed;
  };
  // It prints its address when it is ready.
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.startsWith('http')) return { url: line.endsWith('/v1') ? line : `${line}/v1`, close };
  }
  throw new Error('The server ended before it was ready.');
}

export interface SampleRow {
  input: string;
  label: string;
  rationale: string;
  teacherLabel: string;
}

/** Rows of a split of the bundled sample. */
export function sampleRows(split: 'train' | 'validation' | 'test'): SampleRow[] {
  return rowsIn(join(projectRoot, `public/sample/${split}.jsonl`));
}

export function rowsIn(file: string): SampleRow[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SampleRow);
}

/** Rows whose label the teacher found. */
export function rightRows(rows: readonly SampleRow[]): SampleRow[] {
  return rows.filter(({ label, teacherLabel }) => label === teacherLabel);
}
