/**
 * Says in words why a text is not JSON. `JSON.parse` decides whether it is; its messages differ from engine to
 * engine and speak to programmers, so that a refused text is read once more here, only to describe the first fault.
 * The grammar is RFC 8259's.
 */

export interface JsonFault {
  /** What is wrong and where, as a clause: `it has “x” at column 12, where a comma or “}” belongs`. */
  what: string;
  /** True where the text is sound as far as it goes and stops too soon. */
  endsEarly: boolean;
}

/** What may come next. */
type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /[A-Za-z_]+/y;
const space = /[ \t\r\n]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;
const literals = ['true', 'false', 'null'];

/**
 * The first fault of `text` as JSON, or null where it has none.
 *
 * @param line The line on which `text` begins in its file: faults further down are named by line and column.
 */
export function findJsonFault(text: string, line = 1): JsonFault | null {
  /** Open brackets, innermost last. Kept apart from the call stack, so that depth has no limit. */
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let position = 0;

  const skip = (pattern: RegExp): number => {
    pattern.lastIndex = position;
    const length = pattern.exec(text)?.[0].length ?? 0;
    position += length;
    return length;
  };
  const fault = (what: string): JsonFault => ({ what, endsEarly: false });
  const early = (what: string): JsonFault => ({ what: `it ends in the middle of ${what}`, endsEarly: true });
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : 'comma-or-end');
  const string = (): JsonFault | null => {
    position += 1;
    let next = text[position];
    while (next !== undefined && next !== '"' && next >= ' ') {
      if (next !== '\\') position += 1;
      else if (skip(escape) === 0) break;
      next = text[position];
    }
    if (next === '"') {
      position += 1;
      return null;
    }
    if (next === undefined) return early('a string');
    if (next !== '\\')
      return fault(`a string has a line break or control character in it ${place(text, position, line)}`);
    // A file that was cut in the middle of an escape ends in the middle of a string.
    if (/^\\(?:u[0-9A-Fa-f]{0,3})?$/.test(text.slice(position))) return early('a string');
    return fault(
      `a string has “${character(text, position)}${character(text, position + 1)}” ${place(text, position, line)}, which JSON does not know`,
    );
  };

  for (;;) {
    skip(space);
    const next = text[position];
    if (next === undefined) {
      if (expected === 'nothing') return null;
      const inner = open.at(-1);
      if (inner === undefined) return { what: 'it holds no value', endsEarly: true };
      return early(inner === '{' ? 'an object' : 'a list');
    }
    if (expected === 'nothing') {
      return fault(
        `more text follows its end: “${character(text, position)}” ${place(text, position, line)}`,
      );
    }
    if (expected === 'colon' && next === ':') {
      position += 1;
      expected = 'value';
    } else if (expected === 'comma-or-end' && next === ',') {
      position += 1;
      expected = open.at(-1) === '{' ? 'key' : 'value';
    } else if (
      (next === '}' && open.at(-1) === '{' && (expected === 'comma-or-end' || expected === 'key-or-end')) ||
      (next === ']' && open.at(-1) === '[' && (expected === 'comma-or-end' || expected === 'value-or-end'))
    ) {
      position += 1;
      open.pop();
      expected = afterValue();
    } else if (next === '"' && (expected === 'key' || expected === 'key-or-end')) {
      const inString = string();
      if (inString !== null) return inString;
      expected = 'colon';
    } else if (expected === 'value' || expected === 'value-or-end') {
      if (next === '"') {
        const inString = string();
        if (inString !== null) return inString;
        expected = afterValue();
      } else if (next === '{' || next === '[') {
        position += 1;
        open.push(next);
        expected = next === '{' ? 'key-or-end' : 'value-or-end';
      } else if (skip(number) > 0) {
        expected = afterValue();
      } else if (next === '-' && position + 1 === text.length) {
        return early('a number');
      } else {
        const start = position;
        skip(word);
        const found = text.slice(start, position);
        if (literals.includes(found)) expected = afterValue();
        else if (
          position === text.length &&
          found !== '' &&
          literals.some((literal) => literal.startsWith(found))
        ) {
          return early('a word');
        } else if (found !== '')
          return fault(
            `it has the bare word “${found}” ${place(text, start, line)}; text stands in double quotes`,
          );
        else return fault(unexpected(text, position, line, expected, open.at(-1)));
      }
    } else {
      return fault(unexpected(text, position, line, expected, open.at(-1)));
    }
  }
}

function unexpected(
  text: string,
  position: number,
  line: number,
  expected: Exclude<Expected, 'nothing'>,
  inner: '{' | '[' | undefined,
): string {
  const belongs = {
    value: 'a value',
    'value-or-end': 'a value or “]”',
    key: 'a name in double quotes',
    'key-or-end': 'a name in double quotes or “}”',
    colon: 'a colon',
    'comma-or-end': inner === '{' ? 'a comma or “}”' : 'a comma or “]”',
  }[expected];
  return `it has “${character(text, position)}” ${place(text, position, line)}, where ${belongs} belongs`;
}

/** The whole character at `position`, even where it takes two code units. */
function character(text: string, position: number): string {
  const code = text.codePointAt(position);
  return code === undefined ? '' : String.fromCodePoint(code);
}

function place(text: string, position: number, line: number): string {
  const lineStart = text.lastIndexOf('\n', position - 1) + 1;
  const column = `column ${position - (position === 0 ? 0 : lineStart) + 1}`;
  let faultLine = line;
  for (let at = text.indexOf('\n'); at !== -1 && at < position; at = text.indexOf('\n', at + 1))
    faultLine += 1;
  return faultLine === line ? `at ${column}` : `on line ${faultLine}, ${column}`;
}
