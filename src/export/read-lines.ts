/** JSON Lines that a run writes, each line held against what it should be. */
import { z } from '../base/schemas.ts';
import { InputError } from '../base/errors.ts';
import { predictionShape } from '../distill/compared-schema.ts';
import { again } from './unpack-archive.ts';

/** One test row with everybody's answers: `predictions.jsonl`, which says nothing of a teacher's rationale where there is none. */
export const predictionSchema = z.object({
  ...predictionShape,
  teacherRationale: z.string().nullable().default(null),
});

/** @throws InputError with the line that is not as it should be. */
export function readLines<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  file: string,
): z.infer<Schema>[] {
  return text
    .split('\n')
    .filter((line, index, all) => line !== '' || index < all.length - 1)
    .map((line, index) => checked(schema, parseJson(line, file, index + 1), { file, line: index + 1 }));
}

export function parseJson(text: string, file: string, line?: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InputError('this is not valid JSON.', again, { file, line });
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
