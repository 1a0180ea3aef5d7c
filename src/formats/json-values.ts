/** How many values a JSON text has, told before it is parsed: a few megabytes of brackets become a gigabyte of objects. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';

const quote = 0x22;
const comma = 0x2c;
const bracket = 0x5b;
const backslash = 0x5c;
const brace = 0x7b;

/**
 * How many values a text has, lists and objects among them; a text that is no JSON has some number too.
 * @param most Counting ends beyond it.
 */
export function countJsonValues(text: string, most = Infinity): number {
  let values = 1;
  for (let at = 0; at < text.length && values <= most; at += 1) {
    const code = text.charCodeAt(at);
    if (code === comma || code === bracket || code === brace) values += 1;
    else if (code === quote) at = endOfString(text, at);
  }
  return values;
}

/** Where a string ends, or the text. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === backslash) before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

/**
 * Parses a text that has no more values than such a text has.
 * @throws InputError where it has more; SyntaxError as `JSON.parse`.
 */
export function parseBounded(text: string, mostValues: number, file: string): unknown {
  if (countJsonValues(text, mostValues) > mostValues) {
    throw new InputError(
      `This file has more than ${formatCount(mostValues)} values; more are not read.`,
      'Use the file as it was made first, or download it again.',
      { file },
    );
  }
  return JSON.parse(text) as unknown;
}
