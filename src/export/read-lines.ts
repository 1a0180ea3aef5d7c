/** JSON Lines that a run writes, each line held against what it should be. */
import { z } from '../base/schemas.ts';
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { predictionShape } from '../distill/compared-schema.ts';
import { parseBounded } from '../formats/json-values.ts';
import { again } from './unpack-archive.ts';

/** One test row with everybody's answers: `predictions.jsonl`, which says nothing of a teacher's rationale where there is none. */
export const predictionSchema = z.object({
  ...predictionShape,
  teacherRationale: z.string().nullable().default(null),
});

/** Half a million test rows take days to compare. */
export const mostPredictions = 500_000;
/** No line is longer, whatever texts it has. */
const mostLineLetters = 2 ** 24;
/** What one line says, in values: a dozen. */
const mostLineValues = 1000;

/**
 * @param mostLines Counted before anything is built of them.
 * @throws InputError with the line that is not as it should be, and where there are more, or longer ones, than a run has.
 */
export function readLines<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  file: string,
  mostLines: number,
): z.infer<Schema>[] {
  checkLines(text, file, mostLines);
  return text
    .split('\n')
    .filter((line, index, all) => line !== '' || index < all.length - 1)
    .map((line, index) =>
      checked(schema, parseJson(line, { file, line: index + 1 }, mostLineValues), { file, line: index + 1 }),
    );
}

function checkLines(text: string, file: string, mostLines: number): void {
  let lines = 0;
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start);
    const end = found === -1 ? text.length : found;
    lines += 1;
    if (lines > mostLines)
      throw new InputError(
        `it has more than ${formatCount(mostLines)} lines, more than such a run can have.`,
        again,
        { file },
      );
    if (end - start > mostLineLetters)
      throw new InputError(
        `this line has ${formatCount(end - start)} letters; more than ${formatCount(mostLineLetters)} are not read.`,
        again,
        { file, line: lines },
      );
    start = end + 1;
  }
}

/** @throws InputError where it is no JSON, or has more values than such a text. */
export function parseJson(text: string, where: { file: string; line?: number }, mostValues: number): unknown {
  try {
    return parseBounded(text, mostValues, where.file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('this is not valid JSON.', again, where);
  }
}

/** Null where zod, which keeps every fault, has no room left for all of them (some 100,000 of one list). */
function parsed<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.infer<Schema>> | null {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: { file: string; line?: number },
): z.infer<Schema> {
  const result = parsed(schema, value);
  if (result === null) throw new InputError('it has more faults than can be told.', again, where);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const key = issue?.path.join('.') ?? '';
  throw new InputError(`"${key}" is not as it should be (${issue?.message ?? 'not valid'}).`, again, where);
}
