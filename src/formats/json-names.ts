/** Names that stand twice in one JSON object: JSON.parse keeps the last value and says nothing of the others. */

/** Objects that are looked into; what lies deeper is no row. */
const deepest = 64;

/** Names in a value, those of objects within it counted. */
function countNames(value: unknown, depth = 0): number {
  if (value === null || typeof value !== 'object' || depth > deepest) return 0;
  if (Array.isArray(value)) {
    let count = 0;
    for (const entry of value) count += countNames(entry, depth + 1);
    return count;
  }
  let count = 0;
  for (const name of Object.keys(value)) {
    count += 1 + countNames((value as Record<string, unknown>)[name], depth + 1);
  }
  return count;
}

/** A string, with the colon that makes it a name; brackets. */
const tokens = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/gs;

/**
 * The first name that an object within the text has twice, or null.
 *
 * @param text Valid JSON. @param value What JSON.parse made of it.
 */
export function repeatedName(text: string, value: unknown): string | null {
  if (value === null || typeof value !== 'object') return null;
  // As many colons after quotes as there are names: none is there twice. Text with such a colon is looked at closely.
  let colons = 0;
  for (const _match of text.matchAll(/"\s*:/g)) colons += 1;
  if (colons <= countNames(value)) return null;
  const open: (Set<string> | null)[] = [];
  for (const [token, string, colon] of text.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined && string !== undefined) {
      const name = JSON.parse(string) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return null;
}
