/** SVAMP as the method's authors publish it: word problems, and a teacher's raw completions in the same order. */
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import type { Example } from '../data/example.ts';

const rowSchema = z.object({ input: z.string(), label: z.string() });
const completionsSchema = z.array(z.string());

/**
 * Rows with the teacher's rationale and equation, taken from its completion as the authors do: up to the next `Q:`,
 * split at `The answer is`, the equation from the first bracket to the last. A completion without both gives the row
 * neither a rationale nor a label (''), which is wrong.
 * @param rowsText JSON Lines of {input, label}. @param completionTexts JSON arrays of texts, one after the other.
 * @throws InputError where there are not as many completions as rows, or a file is something else.
 */
export function readSvamp(rowsText: string, completionTexts: readonly string[], file: string): Example[] {
  const lines = rowsText.split('\n').filter((line) => line.trim() !== '');
  const completions = completionTexts.flatMap((text) => completionsSchema.parse(JSON.parse(text)));
  if (completions.length !== lines.length) {
    throw new InputError(
      `there are ${lines.length} rows, but ${completions.length} completions of the teacher.`,
      'Use the files of one release together.',
      { file },
    );
  }
  return lines.map((line, row) => {
    const { input, label } = rowSchema.parse(JSON.parse(line));
    return { row, input, label, ...readCompletion(completions[row]!), question: null, choices: null };
  });
}

/** The rationale and the equation in a completion. */
export function readCompletion(completion: string): { rationale: string | null; teacherLabel: string } {
  const own = completion.split('Q:')[0]!;
  const [before, after] = own.split('The answer is');
  const equation = /\(.*\)/.exec(after ?? '')?.[0];
  const rationale = before!.trim();
  if (equation === undefined || rationale === '') return { rationale: null, teacherLabel: equation ?? '' };
  return { rationale, teacherLabel: equation };
}
