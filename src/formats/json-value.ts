/** One JSON text as a value, with what Python and others write otherwise, and what is wrong where it is none. */
import { findJsonFault } from './json-fault.ts';
import { repeatedName } from './json-names.ts';
import type { FileRecord } from './record.ts';

export const byteOrderMark = '\ufeff';

/** What was read otherwise than JSON has it; counted as records are split. */
export interface JsonFinds {
  /** Numbers beyond what JavaScript holds (whole ones beyond 2^53, 1e999), which became text of their digits. */
  longIntegers: number;
  /** NaN, Infinity and -Infinity outside of strings, which became null. */
  notNumbers: number;
}

/** A record that can be used: one value for each of its names. */
export function recordOf(line: number, text: string, value: unknown): FileRecord {
  const name = repeatedName(text, value);
  if (name === null) return { kind: 'value', line, value };
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  return {
    kind: 'refused',
    line,
    reason: `it has the name “${shown}” twice, so that it is not clear which value is meant; write it once`,
  };
}

/** The first position from `position` that JSON does not count as white space. */
export function skipSpace(text: string, position: number): number {
  while (position < text.length && ' \t\r\n'.includes(text[position]!)) position += 1;
  return position;
}

/**
 * The value, or null where the text is not JSON. A failed parse is expensive, so that what cannot be JSON is told first.
 * Whole numbers that JavaScript cannot hold become text of their digits; Python's NaN and Infinity become null.
 */
export function parse(text: string, found: JsonFinds | null = null): { value: unknown } | null {
  if (!/^[ \t\r\n]*["{[\-0-9tfnNI]/.test(text)) return null;
  try {
    return mayBeTooLarge.test(text) ? parseReplaced(text, found) : { value: JSON.parse(text) };
  } catch {
    if (!/NaN|Infinity/.test(text)) return null;
    try {
      return parseReplaced(text, found);
    } catch {
      return null;
    }
  }
}

/** @throws SyntaxError as JSON.parse does; then nothing is counted. */
function parseReplaced(text: string, found: JsonFinds | null): { value: unknown } {
  const here: JsonFinds = { longIntegers: 0, notNumbers: 0 };
  const parsed = { value: JSON.parse(withTextFor(text, here)) as unknown };
  if (found !== null) {
    found.longIntegers += here.longIntegers;
    found.notNumbers += here.notNumbers;
  }
  return parsed;
}

const mayBeTooLarge = /\d{16}|\d[eE]\+?\d{3}/;
/** Strings, to step over; numbers; Python's words for what is no number. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|-?\b(?:NaN|Infinity)\b/gs;

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function withTextFor(text: string, found: JsonFinds): string {
  return text.replace(tokens, (token) => {
    if (token.startsWith('"')) return token;
    if (/[NI]/.test(token)) {
      found.notNumbers += 1;
      return 'null';
    }
    const number = Number(token);
    const kept = /^-?\d{16,}$/.test(token) ? Number.isSafeInteger(number) : Math.abs(number) !== Infinity;
    // What is no number at all is left for JSON.parse to refuse.
    if (kept || !jsonNumber.test(token)) return token;
    found.longIntegers += 1;
    return `"${token}"`;
  });
}

/** An object as Python prints it, which looks like JSON at first sight. */
const pythonObject = /^\s*\{\s*'/;

export function notJson(text: string, line: number, adviceWhereItEnds: string): string {
  if (pythonObject.test(text))
    return 'not valid JSON: it is written as Python prints it, in single quotes; write rows with json.dumps';
  const fault = findJsonFault(text, line);
  if (fault === null) return 'not valid JSON';
  return `not valid JSON: ${fault.what}${fault.endsEarly && adviceWhereItEnds !== '' ? `; ${adviceWhereItEnds}` : ''}`;
}
