/** JSON Lines piece by piece. */
import { formatCount } from '../base/units.ts';
import { byteOrderMark, notJson, parse, recordOf, type JsonFinds } from './json-value.ts';
import type { FileRecord } from './record.ts';

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
