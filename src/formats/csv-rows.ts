/** Rows of cells of a delimited text, piece by piece, each with its line. Papa Parse cuts the cells; lines are counted here. */
import Papa from 'papaparse';
import { InputError } from '../base/errors.ts';
import { countLineBreaks } from './encoding.ts';

export interface CsvSyntax {
  separator: ',' | ';' | '\t' | '|';
  /** `text`: a quote is a character like any other. */
  quotes: 'around cells' | 'text';
  lineEnd: '\n' | '\r';
}

export interface CsvRow {
  /** The line on which it begins, from 1. */
  line: number;
  cells: string[];
  /** Whether a cell was in quotes, so that it may hold separators and line breaks. */
  quoted: boolean;
  /** What is wrong with its quotes, or null. */
  fault: string | null;
}

/** A row of this many characters has swallowed its neighbours. */
const maxRowCharacters = 2 ** 26;

export class CsvRowReader {
  #rest = '';
  #line: number;
  /** A row that is still open is looked at again when there is twice as much of it. */
  #enough = 0;

  /** @param file For messages. @param line The line on which the text begins. */
  constructor(
    readonly file: string,
    readonly syntax: CsvSyntax,
    line = 1,
  ) {
    this.#line = line;
  }

  /**
   * The rows that end within the text so far; blank lines are no rows.
   *
   * @param final That there is no more text.
   * @throws InputError with the line where a quote opens that never closes.
   */
  next(text: string, final: boolean): CsvRow[] {
    const rest = this.#rest + text;
    this.#rest = rest;
    if (!final && rest.length < this.#enough) return [];
    const rows: CsvRow[] = [];
    let end = 0;
    const { separator, quotes, lineEnd } = this.syntax;
    const parser = new Papa.Parser({
      delimiter: separator,
      newline: lineEnd,
      ...(quotes === 'text' ? { fastMode: true } : {}),
      step: ({ data, errors, meta }: Papa.ParseStepResult<string[][]>) => {
        const raw = rest.slice(end, meta.cursor);
        const open = errors.find(({ code }) => code === 'MissingQuotes');
        if (open !== undefined) throw this.#neverClosed(rest.slice(end, open.index ?? end));
        this.#add(rows, data[0]!, raw, errors.length > 0);
        end = meta.cursor;
      },
    });
    parser.parse(rest, 0, !final);
    this.#rest = rest.slice(end);
    this.#enough = end === 0 ? 2 * rest.length : 0;
    if (this.#rest.length > maxRowCharacters) throw this.#neverClosed('');
    return rows;
  }

  #add(rows: CsvRow[], cells: string[], raw: string, malformed: boolean): void {
    const line = this.#line;
    const lines = this.#breaks(raw);
    this.#line += lines;
    if (raw.trim() === '') return;
    this.#dropCarriageReturn(cells, raw);
    const quoted = this.syntax.quotes !== 'text' && raw.includes('"');
    const through = lines > 1 ? `; it was read through line ${line + lines - 1}` : '';
    const fault = malformed
      ? `text follows a closing quote; a quote inside a cell in quotes is written twice (“""”)${through}`
      : null;
    rows.push({ line, cells, quoted, fault });
  }

  /** Lines may end with CR LF although LF alone is looked for; a CR inside quotes is the cell's own. */
  #dropCarriageReturn(cells: string[], raw: string): void {
    const last = cells.at(-1);
    if (this.syntax.lineEnd !== '\n' || last === undefined || !last.endsWith('\r')) return;
    const content = raw.endsWith('\n') ? raw.slice(0, -1) : raw;
    const before = content.length - last.length - 1;
    if (content.endsWith(last) && (before < 0 || content[before] === this.syntax.separator))
      cells[cells.length - 1] = last.slice(0, -1);
  }

  #breaks(raw: string): number {
    return this.syntax.lineEnd === '\n' ? countLineBreaks(raw) : raw.split('\r').length - 1;
  }

  #neverClosed(before: string): InputError {
    return new InputError(
      'A quote opens on this line and is never closed, so that all that follows would be one cell.',
      'Close it, or write a quote that is part of the text twice (“""”) inside a cell in quotes.',
      { file: this.file, line: this.#line + this.#breaks(before) },
    );
  }
}
