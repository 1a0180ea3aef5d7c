import { expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { serverFolder } from './server-folder.ts';

it('refuses a student whose tokenizer the server could not read', async () => {
  const student = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
  const write = (from: typeof student): unknown =>
    serverFolder(from, from.weights, { storage: 'f32', runFile: null, card: [] });
  expect(write(student)).toBeInstanceOf(Array);
  expect(() => write({ ...student, tokenizerFiles: {} })).toThrow(InputError);
});
