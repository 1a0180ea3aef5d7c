/**
 * A student's folder read for a command. Its tokenizer is tried first: while a pattern in it is at work that never ends,
 * the program would hear neither Ctrl+C nor any other signal.
 */
import { createContext, runInContext } from 'node:vm';
import {
  readStudentFolder,
  readStudentOutline,
  type Student,
  type StudentOutline,
} from '../student/folder.ts';
import { EndlessPatternError, longestTextMs, probeTokenizer } from '../student/probe-tokenizer.ts';
import type { StudentFiles } from '../student/student-files.ts';
import { parseObject } from '../student/tokenizer.ts';
import { openFolder } from './files.ts';

/**
 * A student whole.
 * @param files The folder's files where it is no folder on disk.
 * @throws InputError as `readStudentFolder`, and where its tokenizer does not come to an end.
 */
export async function readStudent(folder: string, files?: StudentFiles): Promise<Student> {
  return readStudentFolder(files ?? (await openFolder(folder)), folder, undefined, tryTokenizer);
}

/** A student without its weights. @throws InputError as `readStudent`, except about weights. */
export async function readOutline(folder: string): Promise<StudentOutline> {
  const outline = await readStudentOutline(await openFolder(folder), folder);
  tryTokenizer(outline);
  return outline;
}

/** @param mostMs One text may take so long. @throws EndlessPatternError where one takes longer. */
export function tryTokenizer(
  { name, tokenizer, tokenizerFiles }: Pick<StudentOutline, 'name' | 'tokenizer' | 'tokenizerFiles'>,
  mostMs = longestTextMs,
): void {
  const file = `${name}/tokenizer.json`;
  const json = parseObject(tokenizerFiles['tokenizer.json'] ?? '{}', file);
  const within: { work: () => void } = { work: () => undefined };
  const context = createContext(within);
  probeTokenizer(tokenizer, json, file, (work) => {
    within.work = work;
    try {
      // Only `vm` can end running code at a time limit; which code it runs does not matter.
      runInContext('work()', context, { timeout: mostMs });
    } catch (error) {
      // An error of the context's own, which is no instance of this one's.
      const { code } = error as { code?: unknown };
      throw code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? new EndlessPatternError(file) : error;
    }
  });
}
