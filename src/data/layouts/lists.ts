/** Lists that were written as text on their way through a CSV: JSON, Python's or numpy's notation, lines. */

/** A literal in Python's or JSON's quotes. */
const literal = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/y;
const between = /[\s,]*/y;
/** A list in a cell is short; a longer text is none. */
const longest = 100_000;

/** The texts of a list that is in `text`, or null where it is no list. Nothing is evaluated. */
export function listOf(text: string): string[] | null {
  const trimmed = text.trim();
  if (trimmed.length > longest) return null;
  if (trimmed.startsWith('[') && trimmed.endsWith(']')) return jsonList(trimmed) ?? literals(trimmed);
  const lines = trimmed.split(/\r?\n/).map((line) => line.trim());
  return lines.length > 1 && lines.every((line) => line !== '') ? lines : null;
}

function jsonList(text: string): string[] | null {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((entry) => ['string', 'number'].includes(typeof entry))
      ? list.map(String)
      : null;
  } catch {
    return null;
  }
}

/** `['a', "b"]` as Python prints a list, `['a' 'b']` as numpy does. */
function literals(text: string): string[] | null {
  const items: string[] = [];
  let at = 1;
  const skip = (): void => {
    between.lastIndex = at;
    between.exec(text);
    at = between.lastIndex;
  };
  skip();
  while (at < text.length - 1) {
    literal.lastIndex = at;
    const found = literal.exec(text);
    if (found === null) return null;
    items.push((found[1] ?? found[2]!).replace(/\\(['"\\])/g, '$1').replaceAll('\\n', '\n'));
    at = literal.lastIndex;
    skip();
  }
  return items.length === 0 ? null : items;
}
