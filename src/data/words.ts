/** Values and lists in words. */

/** What a JSON value is, for people. */
export function typeInWords(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number' || typeof value === 'bigint') return `a number (${value})`;
  if (typeof value === 'boolean') return `${value}`;
  return 'an object';
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], joiner = 'and'): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${joiner} ${items.at(-1)!}`;
}

/** A text from a file within a sentence: one line, not too long. */
export function quoted(text: string, limit = 40): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return `“${line.length > limit ? `${line.slice(0, limit)}…` : line}”`;
}
