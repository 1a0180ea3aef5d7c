/**
 * A text as records, each with the line on which it begins: JSON Lines, one JSON array, or objects over several lines,
 * one after another. A record that cannot be read is a refusal in its own place; the others are kept.
 */
import { elementEnd, splitArray } from './json-array.ts';
import { byteOrderMark, notJson, parse, recordOf, skipSpace, type JsonFinds } from './json-value.ts';
import type { FileRecord } from './record.ts';

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
export function isListPerLine(text: string, first: number): boolean {
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
