/** Columns as zod checks them, and their faults in our words. */
import { z } from '../../base/schemas.ts';
import type { JsonObject, Reading } from './layout.ts';

/** Text that must say something; `remedy` ends the refusal: `“label” is blank; write the true answer`. */
export function filledText(remedy: string) {
  return z.string().refine((text) => text.trim() !== '', { error: `is blank; ${remedy}` });
}

/** Reads a row by its schema; the reason of a refusal names the columns at fault and what to do. */
export function readColumns<Row>(schema: z.ZodType<Row>, value: JsonObject, title: string): Reading<Row> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, row: result.data };
  const { issues } = result.error;
  const missing = issues.map(({ path }) => String(path[0])).filter((column) => !Object.hasOwn(value, column));
  if (missing.length > 0) {
    const names = listed(missing.map((column) => `“${column}”`));
    return {
      ok: false,
      reason:
        missing.length === 1
          ? `the column ${names} is missing, which ${title} needs; add it or leave the row out`
          : `the columns ${names} are missing, which ${title} needs; add them or leave the row out`,
    };
  }
  const issue = issues[0]!;
  const [column, index] = issue.path;
  const at = typeof index === 'number' ? `entry ${index + 1} of “${String(column)}”` : `“${String(column)}”`;
  if (issue.code === 'custom') return { ok: false, reason: `${at} ${issue.message}` };
  const found = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown>)[key],
    value,
  );
  const wanted = issue.code === 'invalid_type' && issue.expected === 'array' ? 'a list' : 'text';
  const remedy =
    wanted === 'text' && ['number', 'boolean'].includes(typeof found)
      ? 'put it in double quotes'
      : 'write it as such';
  return { ok: false, reason: `${at} is ${typeInWords(found)}, but has to be ${wanted}; ${remedy}` };
}

/** What a JSON value is, for people. */
export function typeInWords(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return `a number (${value})`;
  if (typeof value === 'boolean') return `${value}`;
  return 'an object';
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], joiner = 'and'): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${joiner} ${items.at(-1)!}`;
}
