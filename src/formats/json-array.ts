/** The elements of a JSON array as records, of a text as a whole or piece by piece. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { byteOrderMark, notJson, parse, recordOf, skipSpace, type JsonFinds } from './json-value.ts';
import type { FileRecord } from './record.ts';

/** The end of one row and the beginning of the next, in an array of objects. */
const betweenRows = /\}\s*,?\s*\{/;
/** Characters of an element that are waited for where a text comes in pieces. */
const longestElement = 2 ** 25;

/** The elements of the array that begins at `open`. Never throws. @param found Counts are added to it. */
export function splitArray(text: string, open: number, found: JsonFinds | null = null): FileRecord[] {
  return new JsonArrayReader('', found, Infinity, 10 * text.length).next(text, true, open);
}

/**
 * Walks the elements of a top-level array. A malformed one may seem to swallow its neighbours (a quote or a bracket is
 * missing): then it is cut at the first `},{`, so that the others are kept. Of the text before, no more than one element
 * is held.
 */
export class JsonArrayReader {
  readonly #file: string;
  readonly #found: JsonFinds | null;
  readonly #longest: number;
  /**
   * An element that swallows all that follows costs a walk to its end. Where many do, every `},{` is taken at its word.
   */
  #patience: number;
  /** What is not read yet, and how far it is. */
  #text = '';
  #position = 0;
  /** Of the position that was last asked for; `#newline` is the next line's end, -1 where there is none yet. */
  #line = 1;
  #newline = -1;
  #before: 'outside' | 'start' | 'comma' | 'element' | 'end' = 'outside';
  #isToldAtEnd = false;

  /** @param file For messages. @param longest Characters of an element that are waited for. */
  constructor(
    file: string,
    found: JsonFinds | null,
    longest = longestElement,
    patience = 10 * longestElement,
  ) {
    this.#file = file;
    this.#found = found;
    this.#longest = longest;
    this.#patience = patience;
  }

  /**
   * The records that are known with the next text.
   *
   * @param final Nothing follows. @param open Where the array begins in this text; left out, it is looked for.
   * @throws InputError where an element is longer than is waited for.
   */
  next(text: string, final: boolean, open: number | null = null): FileRecord[] {
    this.#text = this.#position >= this.#text.length ? text : this.#text.slice(this.#position) + text;
    this.#position = 0;
    this.#newline = this.#text.indexOf('\n');
    if (open !== null) {
      this.#position = open + 1;
      this.#before = 'start';
    }
    const records: FileRecord[] = [];
    while (this.#step(records, final));
    // The lines of what is let go.
    this.#lineAt(this.#position);
    return records;
  }

  /** One element or one mark; false where more text is needed, or nothing follows. */
  #step(records: FileRecord[], final: boolean): boolean {
    const text = this.#text;
    if (this.#before === 'outside' && text[this.#position] === byteOrderMark) this.#position += 1;
    const position = (this.#position = skipSpace(text, this.#position));
    const next = text[position];
    const stray = (reason: string): void => {
      records.push({ kind: 'stray', line: this.#lineAt(position), reason });
    };
    if (next === undefined) {
      if (final && this.#before !== 'end')
        stray('the list is not closed by “]”; the file may have been cut off');
      return false;
    }
    if (this.#before === 'end') {
      if (!this.#isToldAtEnd) stray('more text follows the end of the list; it was not read');
      this.#isToldAtEnd = true;
      this.#position = text.length;
      return false;
    }
    if (this.#before === 'outside' || next === ']' || next === ',') {
      if (next === ']' && this.#before === 'comma') stray('a comma has no row after it');
      if (next === ',' && this.#before !== 'element') stray('a comma has no row before it');
      this.#before = this.#before === 'outside' ? 'start' : next === ']' ? 'end' : 'comma';
      this.#position += 1;
      return true;
    }
    return this.#element(records, final);
  }

  #element(records: FileRecord[], final: boolean): boolean {
    const text = this.#text;
    const position = this.#position;
    const hasty = this.#patience > 0 ? null : betweenRows.exec(text.slice(position));
    let end = hasty === null ? elementEnd(text, position) : position + hasty.index + 1;
    const line = this.#lineAt(position);
    if (end === text.length && !final) {
      if (end - position <= this.#longest) return false;
      throw new InputError(
        `The row that begins here is longer than ${formatCount(this.#longest)} characters, or a quote or a bracket is missing in it.`,
        'Fix it, or save the rows as JSON Lines, one object on each line.',
        { file: this.#file, line },
      );
    }
    if (this.#before === 'element')
      records.push({ kind: 'stray', line, reason: 'a comma is missing between two rows' });
    let element = text.slice(position, end);
    let parsed = parse(element, this.#found);
    const boundary = parsed === null ? betweenRows.exec(element) : null;
    if (boundary !== null) {
      this.#patience -= element.length;
      end = position + boundary.index + 1;
      element = text.slice(position, end);
      parsed = parse(element, this.#found);
    }
    this.#before = 'element';
    this.#position = end;
    if (parsed !== null) {
      records.push(recordOf(line, element, parsed.value));
      return true;
    }
    const cutOff = end === text.length;
    const reason = notJson(element, line, cutOff ? 'the file may have been cut off' : '');
    records.push({ kind: 'refused', line, reason });
    // The refusal says already that the file ends too soon.
    if (cutOff) this.#before = 'end';
    return !cutOff;
  }

  #lineAt(position: number): number {
    for (; this.#newline !== -1 && this.#newline < position; this.#line += 1)
      this.#newline = this.#text.indexOf('\n', this.#newline + 1);
    return this.#line;
  }
}

/**
 * Where the element that starts at `position` ends: at a comma or `]` of the outer list, or with the text.
 * @param afterBracket Ends it right after the bracket that closes its first one, whatever follows.
 */
export function elementEnd(text: string, position: number, afterBracket = false): number {
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
