/** Rows of a delimited text as records {column: cell}. Cells stay the text that they are. */
import type { CsvDialect } from './csv-dialect.ts';
import { CsvRowReader, type CsvRow } from './csv-rows.ts';
import type { FileRecord, FormatNote } from './record.ts';

/** `\n` in files whose lines cannot break; commands of LaTeX that begin so are not meant. */
const writtenBreak = /\\n(?!(?:e|eq|abla|u|ot|otin|mid|ewline|exists|leq|geq|cong|parallel|subseteq)\b)/g;

const byteOrderMark = '\ufeff';

/** A cell of the line that Markdown draws under a table's head, or the nothing outside of the outer bars. */
const markdownRule = /^\s*(?::?-{2,}:?\s*)?$/;

export class CsvRecordReader {
  readonly #rows: CsvRowReader;
  readonly #dialect: CsvDialect;
  #headerPending: boolean;
  #skip: number;
  #breaks = 0;
  #marks = 0;
  #empty: FileRecord[] = [];
  #emptyAtEnd = 0;

  constructor(file: string, dialect: CsvDialect) {
    this.#dialect = dialect;
    this.#headerPending = dialect.header;
    this.#skip = dialect.skip;
    this.#rows = new CsvRowReader(file, dialect, dialect.skip > 0 ? 2 : 1);
  }

  /**
   * The records that end within the next text. A row of another width than the head is refused.
   * @throws InputError with the line where a quote opens that never closes.
   */
  next(text: string, final: boolean): FileRecord[] {
    const records: FileRecord[] = [];
    const content = text.slice(this.#skip);
    this.#skip -= text.length - content.length;
    for (const row of this.#rows.next(content, final)) {
      if (this.#headerPending) {
        this.#headerPending = false;
        continue;
      }
      const record = this.#record(row);
      // Rows of empty cells are at the end of many sheets; before other rows they keep their position.
      if (row.cells.every((cell) => cell.trim() === '')) this.#empty.push(record);
      else {
        for (const empty of this.#empty) records.push(empty);
        records.push(record);
        this.#empty = [];
      }
    }
    if (final) this.#emptyAtEnd = this.#empty.length;
    return records;
  }

  /** What was found while reading, besides the dialect's own notes; whole after the last text. */
  notes(): FormatNote[] {
    const notes: FormatNote[] = [];
    if (this.#emptyAtEnd > 0) {
      const text = `Rows of empty cells at the end were left out: ${this.#emptyAtEnd}.`;
      notes.push({ kind: 'empty-rows', text });
    }
    if (this.#marks > 0) {
      const text = `A byte order mark in the middle, as where files were joined, was left out: ${this.#marks} ${this.#marks === 1 ? 'time' : 'times'}.`;
      notes.push({ kind: 'mark-in-the-middle', text });
    }
    if (this.#breaks > 0) {
      const text = `“\\n” written in a cell became a line break, in ${this.#breaks} ${this.#breaks === 1 ? 'cell' : 'cells'}.`;
      notes.push({ kind: 'written-line-breaks', text });
    }
    return notes;
  }

  #record({ line, cells, fault }: CsvRow): FileRecord {
    const { columns, header, separator } = this.#dialect;
    // Files that were joined end to end have their marks and heads in the middle.
    if (cells[0]?.startsWith(byteOrderMark)) {
      cells[0] = cells[0].slice(1).replace(/^"([^]*)"$/, '$1');
      this.#marks += 1;
    }
    if (header && cells.length === columns.length && columns.every((column, at) => cells[at] === column))
      return {
        kind: 'stray',
        line,
        reason: 'it is the head again, as where two files were joined; it is no row',
      };
    if (fault !== null) return { kind: 'refused', line, reason: fault };
    if (
      separator === '|' &&
      line <= 3 &&
      cells.every((cell) => markdownRule.test(cell)) &&
      cells.some((cell) => cell !== '')
    )
      return { kind: 'stray', line, reason: 'it is the rule under the head of a Markdown table, not a row' };
    const extra = cells.slice(columns.length);
    if (cells.length < columns.length || extra.some((cell) => cell.trim() !== '')) {
      const has = `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}`;
      const wanted = header
        ? `the head names ${columns.length} columns`
        : `the other rows have ${columns.length}`;
      const reason = `it has ${has}, but ${wanted}; a cell with a separator or a line break in it has to stand in quotes`;
      return { kind: 'refused', line, reason };
    }
    const values = columns.map(
      (column, at) => [column, header ? cells[at]! : this.#unwritten(cells[at]!)] as const,
    );
    // Not by assignment: a column may be called __proto__.
    return { kind: 'value', line, value: Object.fromEntries(values) };
  }

  #unwritten(cell: string): string {
    const text = cell.replace(writtenBreak, '\n');
    if (text !== cell) this.#breaks += 1;
    return text;
  }
}
