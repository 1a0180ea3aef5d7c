/** What `headless teach` writes: `--out`, and the answers beside it. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { Answers } from '../teacher/answers.ts';
import type { TaughtRow } from '../teacher/lessons.ts';
import type { Mode } from '../teacher/prompt.ts';
import { appendOutput, createOutput, isSamePlace, readText } from './files.ts';

/**
 * @param written Files that are written, by their option. @param read Files that are read, by theirs.
 * @throws InputError where two of them are one file.
 */
async function refuseSame(
  written: Record<string, string | undefined>,
  read: Record<string, string | undefined>,
): Promise<void> {
  for (const [option, file] of Object.entries(written)) {
    for (const [other, input] of Object.entries({ ...written, ...read })) {
      if (other === option || file === undefined || input === undefined) continue;
      if (!(await isSamePlace(file, input))) continue;
      throw new InputError(`--${option} is the file of --${other}.`, `Choose another --${option}.`, { file });
    }
  }
}

/** @throws InputError where --out is a file that this command did not write, or what is written is what is read. */
export async function refuseOut(
  { out, prompts }: { out: string; prompts: string | undefined },
  read: Record<string, string | undefined>,
): Promise<void> {
  await refuseSame({ out, prompts }, read);
  if (prompts !== undefined && (await isSamePlace(prompts, answersFile(out))))
    throw new InputError('--prompts is the file of the answers that are kept.', 'Choose another --prompts.', {
      file: prompts,
    });
  if (prompts !== undefined && existsSync(prompts) && !(await holdsPrompts(prompts)))
    throw new InputError('this file holds no prompts, so it is not replaced.', 'Choose another --prompts.', {
      file: prompts,
    });
  if (!existsSync(out) || existsSync(answersFile(out))) return;
  throw new InputError(
    'this file was not written by teach, so it is not replaced.',
    'Choose another --out.',
    {
      file: out,
    },
  );
}

/** Whether a file is one that `--prompts` wrote: its first line is a question under its key, or it is empty. */
async function holdsPrompts(file: string): Promise<boolean> {
  // A pipe or a terminal holds nothing, and waits for ever to be read.
  if (!statSync(file).isFile()) return true;
  const [line = ''] = (await readText(file)).split('\n', 1);
  if (line === '') return true;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return false;
    return (
      ('custom_id' in value && ('params' in value || 'body' in value)) ||
      ('key' in value && 'request' in value)
    );
  } catch {
    return false;
  }
}

function answersFile(out: string): string {
  return join(`${out}.answers`, 'answers.jsonl');
}

/** The answers beside `--out`, from this run on added to. */
export async function openAnswers(out: string): Promise<Answers> {
  const file = answersFile(out);
  await createOutput(file, '');
  const answers = new Answers(await readText(file), (text) => appendOutput(file, text));
  if (answers.unreadable > 0) {
    const many =
      answers.unreadable === 1
        ? 'One line cannot be read and counts'
        : `${formatCount(answers.unreadable)} lines cannot be read and count`;
    console.error(`${file}: ${many} as not there.`);
  }
  return answers;
}

/** A row of `--out`; none where there is no answer yet. An answer that cannot be read is a blank label: it is wrong. */
export function lineOf({ row, answer, read, agreeing }: TaughtRow, mode: Mode, votes: number): string[] {
  if (answer === null || read === null) return [];
  const { input, label } = row;
  const said = read.ok
    ? { rationale: read.rationale, teacherLabel: read.label }
    : { rationale: null, teacherLabel: '' };
  const mark = mode === 'rationalise' ? { rationalised: true } : {};
  const vote = votes > 1 ? { agreement: agreeing / votes } : {};
  return [`${JSON.stringify({ input, label, ...said, ...mark, ...vote })}\n`];
}
