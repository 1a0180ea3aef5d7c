/**
 * A text as records, each with the line on which it begins: JSON Lines, one JSON array, or objects over several lines,
 * one after another. A record that cannot be read is a refusal in its own place; the others are kept.
 */
import { formatCount } from '../base/units.ts';
import { findJsonFault } from './json-fault.ts';
import { repeatedName } from './json-names.ts';
import type { FileRecord } from './record.ts';

const byteOrderMark = '\ufeff';
/** The end of one row and the beginning of the next, in an array of objects. */
const betweenRows = /\}\s*,?\s*\{/;

/** What was read otherwise than JSON has it; counted as records are split. */
export interface JsonFinds {
  /** Numbers beyond what JavaScript holds (whole ones beyond 2^53, 1e999), which became text of their digits. */
  longIntegers: number;
  /** NaN, Infinity and -Infinity outside of strings, which became null. */
  notNumbers: number;
}

/**
 * Splits a file's text into records, in order. Blank lines are skipped; a byte order mark and CRLF are tolerated.
 * Never throws: what cannot be read is a refusal, and a text without records gives an empty list.
 *
 * @param found Counts are added to it.
 */
export function splitRecords(content: string, found: JsonFinds | null = null): FileRecord[] {
  const text = withLineFeeds(content);
  const start = text.startsWith(byteOrderMark) ? 1 : 0;
  const first = skipSpace(text, start);
  if (first === text.length) return [];
  if (text[first] === '[' && !isListPerLine(text, first)) return splitArray(text, first, found);
  return splitLines(text, start, found);
}

/** Lines of old, which end with CR alone. In a string of JSON neither stands as it is. */
function withLineFeeds(text: string): string {
  return text.includes('\r') && !text.includes('\n') ? text.replaceAll('\r', '\n') : text;
}

/** JSON Lines whose lines are lists: then the first line is a whole list and another one follows. */
function isListPerLine(text: string, first: number): boolean {
  const end = text.indexOf('\n', first);
  if (end === -1 || text[skipSpace(text, end)] !== '[') return false;
  return parse(text.slice(first, end)) !== null;
}

function splitLines(text: string, start: number, found: JsonFinds | null): FileRecord[] {
  const records: FileRecord[] = [];
  const broken: { index: number; content: string }[] = [];
  let objects = 0;
  for (let line = 1, from = start; from < text.length; line += 1) {
    const newline = text.indexOf('\n', from);
    const end = newline === -1 ? text.length : newline;
    // Files that were joined end to end have their marks in the middle.
    const content = text.slice(text[from] === byteOrderMark ? from + 1 : from, end);
    from = end + 1;
    if (content.trim() === '') continue;
    const parsed = parse(content, found);
    if (parsed === null) {
      broken.push({ index: records.length, content });
      records.push({ kind: 'refused', line, reason: '' });
    } else {
      if (typeof parsed.value === 'object' && parsed.value !== null) objects += 1;
      records.push(recordOf(line, content, parsed.value));
    }
  }
  if (records[0]?.kind === 'refused' || (records.length > 1 && objects === 0)) {
    // One object over many lines (a configuration, say) is one record, not many broken ones.
    const whole = parse(text.slice(start), found);
    if (whole !== null) return [recordOf(records[0]!.line, text.slice(start), whole.value)];
    const objectsInTurn = splitObjects(text, start, found);
    // Lines that are rows by themselves are given up only where the whole file can be read.
    if (objectsInTurn !== null && (objects === 0 || objectsInTurn.every(({ kind }) => kind === 'value')))
      return objectsInTurn;
  }
  for (const { index, content } of broken) {
    const record = records[index]!;
    const advice =
      index === records.length - 1
        ? 'the file may have been cut off'
        : 'each row stands on one line of its own';
    records[index] = { kind: 'refused', line: record.line, reason: notJson(content, record.line, advice) };
  }
  return records;
}

/** A record that can be used: one value for each of its names. */
function recordOf(line: number, text: string, value: unknown): FileRecord {
  const name = repeatedName(text, value);
  if (name === null) return { kind: 'value', line, value };
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  return {
    kind: 'refused',
    line,
    reason: `it has the name “${shown}” twice, so that it is not clear which value is meant; write it once`,
  };
}

/** A line of JSON is held as a whole: what is longer is refused. */
const longestLine = 2 ** 26;

/**
 * JSON Lines piece by piece, with the records that `splitRecords` gives where the first line is an object. Of the text
 * before, no more than one line is held.
 */
export class JsonLinesReader {
  readonly #found: JsonFinds;
  readonly #longest: number;
  /** The line that has not ended yet, in pieces; none where it is too long, and only its end is looked for. */
  #open: string[] = [];
  #openLength = 0;
  #line = 1;
  /** The last record where it is broken: the next one shows whether the file ends with it. */
  #broken: { line: number; content: string } | null = null;

  /** @param found Counts are added to it. @param longest Characters of a line that is read. */
  constructor(found: JsonFinds, longest = longestLine) {
    this.#found = found;
    this.#longest = longest;
  }

  /** The records that are known with the next text. @param final Nothing follows. */
  next(text: string, final: boolean): FileRecord[] {
    const records: FileRecord[] = [];
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      this.#add(text.slice(from, end));
      this.#endLine(records);
      from = end + 1;
    }
    this.#add(text.slice(from));
    if (final) {
      if (this.#openLength > 0) this.#endLine(records);
      this.#tellBroken(records, 'the file may have been cut off');
    }
    return records;
  }

  #add(text: string): void {
    this.#openLength += text.length;
    if (this.#openLength > this.#longest) this.#open = [];
    else this.#open.push(text);
  }

  #endLine(records: FileRecord[]): void {
    const isTooLong = this.#openLength > this.#longest;
    const text = this.#open.length === 1 ? this.#open[0]! : this.#open.join('');
    this.#open = [];
    this.#openLength = 0;
    const line = this.#line;
    this.#line += 1;
    if (isTooLong) {
      this.#tellBroken(records, 'each row stands on one line of its own');
      const reason = `it is longer than ${formatCount(this.#longest)} characters, more than is read as one row`;
      records.push({ kind: 'refused', line, reason });
      return;
    }
    const content = text.startsWith(byteOrderMark) ? text.slice(1) : text;
    if (content.trim() === '') return;
    this.#tellBroken(records, 'each row stands on one line of its own');
    const parsed = parse(content, this.#found);
    if (parsed === null) this.#broken = { line, content };
    else records.push(recordOf(line, content, parsed.value));
  }

  #tellBroken(records: FileRecord[], advice: string): void {
    if (this.#broken === null) return;
    const { line, content } = this.#broken;
    this.#broken = null;
    records.push({ kind: 'refused', line, reason: notJson(content, line, advice) });
  }
}

/**
 * Objects over several lines, one after another, as jq prints them. Null where the text does not begin with two whole
 * objects, or with one that is followed by a cut one: then its lines say better what is wrong.
 */
function splitObjects(text: string, start: number, found: JsonFinds | null): FileRecord[] | null {
  const records: FileRecord[] = [];
  let line = 1;
  let counted = 0;
  for (let position = skipSpace(text, start); position < text.length;) {
    for (let at = text.indexOf('\n', counted); at !== -1 && at < position; at = text.indexOf('\n', counted)) {
      line += 1;
      counted = at + 1;
    }
    if (text[position] !== '{') return null;
    const end = elementEnd(text, position, true);
    const content = text.slice(position, end);
    const parsed = parse(content, found);
    if (parsed !== null) records.push(recordOf(line, content, parsed.value));
    else if (records.length === 0) return null;
    else
      records.push({
        kind: 'refused',
        line,
        reason: notJson(content, line, 'the file may have been cut off'),
      });
    position = skipSpace(text, end);
  }
  return records.length > 1 ? records : null;
}

/**
 * The elements of the list that stands under `key` in the one object that `content` is, each with its line in the file.
 * The text has to be valid JSON. Of a name that stands twice the last counts, as JSON.parse has it.
 */
export function splitListUnder(content: string, key: string): FileRecord[] {
  const text = withLineFeeds(content);
  let found: FileRecord[] = [];
  let position = text.indexOf('{') + 1;
  while (position < text.length) {
    position = skipSpace(text, position);
    if (text[position] !== '"') break;
    let end = position + 1;
    while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    const name: unknown = JSON.parse(text.slice(position, end + 1));
    const value = skipSpace(text, text.indexOf(':', end) + 1);
    if (name === key && text[value] === '[')
      found = splitArray(text, value).filter(({ kind }) => kind === 'value');
    position = elementEnd(text, value) + 1;
  }
  return found;
}

/**
 * Walks the elements of a top-level array. A malformed one may seem to swallow its neighbours (a quote or a bracket is
 * missing): then it is cut at the first `},{`, so that the others are kept.
 */
function splitArray(text: string, open: number, found: JsonFinds | null = null): FileRecord[] {
  const records: FileRecord[] = [];
  let line = 1;
  let newline = text.indexOf('\n');
  const lineAt = (position: number): number => {
    for (; newline !== -1 && newline < position; newline = text.indexOf('\n', newline + 1)) line += 1;
    return line;
  };
  const stray = (position: number, reason: string): void => {
    records.push({ kind: 'stray', line: lineAt(position), reason });
  };

  // An element that swallows all that follows costs a walk to the end. Where many do, every `},{` is taken at its word.
  let patience = 10 * text.length;
  let position = open + 1;
  let before: 'start' | 'comma' | 'element' = 'start';
  for (;;) {
    position = skipSpace(text, position);
    const next = text[position];
    if (next === undefined) {
      stray(position, 'the list is not closed by “]”; the file may have been cut off');
      return records;
    }
    if (next === ']') {
      if (before === 'comma') stray(position, 'a comma has no row after it');
      const after = skipSpace(text, position + 1);
      if (after < text.length) stray(after, 'more text follows the end of the list; it was not read');
      return records;
    }
    if (next === ',') {
      if (before !== 'element') stray(position, 'a comma has no row before it');
      before = 'comma';
      position += 1;
      continue;
    }
    if (before === 'element') stray(position, 'a comma is missing between two rows');
    const elementLine = lineAt(position);
    const hasty = patience > 0 ? null : betweenRows.exec(text.slice(position));
    let end = hasty === null ? elementEnd(text, position) : position + hasty.index + 1;
    let element = text.slice(position, end);
    let parsed = parse(element, found);
    const boundary = parsed === null ? betweenRows.exec(element) : null;
    if (boundary !== null) {
      patience -= element.length;
      end = position + boundary.index + 1;
      element = text.slice(position, end);
      parsed = parse(element, found);
    }
    if (parsed !== null) records.push(recordOf(elementLine, element, parsed.value));
    else {
      const cutOff = end === text.length;
      const reason = notJson(element, elementLine, cutOff ? 'the file may have been cut off' : '');
      records.push({ kind: 'refused', line: elementLine, reason });
      // The refusal says already that the file ends too soon.
      if (cutOff) return records;
    }
    before = 'element';
    position = end;
  }
}

/**
 * Where the element that starts at `position` ends: at a comma or `]` of the outer list, or with the text.
 * @param afterBracket Ends it right after the bracket that closes its first one, whatever follows.
 */
function elementEnd(text: string, position: number, afterBracket = false): number {
  let depth = 0;
  let inString = false;
  for (let at = position; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c /* \ */) at += 1;
      else if (code === 0x22 /* " */) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b /* { */ || code === 0x5b /* [ */) depth += 1;
    else if (code === 0x7d /* } */ || code === 0x5d /* ] */) {
      if (depth === 0) {
        if (code === 0x5d) return at;
      } else {
        depth -= 1;
        if (depth === 0 && afterBracket) return at + 1;
      }
    } else if (code === 0x2c /* , */ && depth === 0) return at;
  }
  return text.length;
}

/** The first position from `position` that JSON does not count as white space. */
function skipSpace(text: string, position: number): number {
  while (position < text.length && ' \t\r\n'.includes(text[position]!)) position += 1;
  return position;
}

/**
 * The value, or null where the text is not JSON. A failed parse is expensive, so that what cannot be JSON is told first.
 * Whole numbers that JavaScript cannot hold become text of their digits; Python's NaN and Infinity become null.
 */
function parse(text: string, found: JsonFinds | null = null): { value: unknown } | null {
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

function notJson(text: string, line: number, adviceWhereItEnds: string): string {
  if (pythonObject.test(text))
    return 'not valid JSON: it is written as Python prints it, in single quotes; write rows with json.dumps';
  const fault = findJsonFault(text, line);
  if (fault === null) return 'not valid JSON';
  return `not valid JSON: ${fault.what}${fault.endsEarly && adviceWhereItEnds !== '' ? `; ${adviceWhereItEnds}` : ''}`;
}
