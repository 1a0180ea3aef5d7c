/** Records as rows of a layout that is known, one after another: of what was read before, counts and notes are held alone. */
import { InputError } from '../base/errors.ts';
import { TextIndex } from '../base/text-index.ts';
import { formatCount } from '../base/units.ts';
import type { FileRecord } from '../formats/record.ts';
import type { Refusal } from './example.ts';
import { voters } from './layouts.ts';
import { isObject } from './layouts/cells.ts';
import type { Change, JsonObject, ReadContext, Reading } from './layouts/layout.ts';
import { changeNotes, RowList, type Note } from './notes.ts';
import { SplitColumn, type ColumnSplit } from './split-column.ts';
import { quoted, typeInWords } from './words.ts';

/** Columns that a message names before it only counts them. */
const columnsNamed = 12;

export interface RowsOfFile {
  file: string;
  /** Its first rows. */
  objects: readonly JsonObject[];
  /** Names of classes by column, where the file says them. */
  classLabels: ReadonlyMap<string, readonly string[]>;
  /** Refusals that are held; the others are counted alone. Left out: all. */
  refusalsKept?: number;
  /** The column that says each row's split, looked for where it is left out; null for none. */
  splitColumn?: string | null | undefined;
}

export class RowReading<Row extends object> {
  readonly #how: RowsOfFile;
  readonly #read: (value: JsonObject, context: ReadContext) => Reading<Row>;
  readonly #context: ReadContext;
  readonly #changes = new Map<Change, RowList>();
  readonly #used = new Set<string>();
  /** Label Studio's short export has a task once for each annotation: the first counts. */
  readonly #annotated: TextIndex | null;
  readonly #splitColumn: SplitColumn | null;
  #splits: ColumnSplit | null | undefined;
  #row = 0;
  #count = 0;
  #refusedCount = 0;
  #positions = 0;
  /** What was refused, in order: the first `refusalsKept`. */
  readonly refused: Refusal[] = [];

  constructor(how: RowsOfFile, read: (value: JsonObject, context: ReadContext) => Reading<Row>) {
    this.#how = how;
    this.#read = read;
    this.#annotated =
      how.objects[0] !== undefined && Object.hasOwn(how.objects[0], 'annotation_id') ? new TextIndex() : null;
    this.#splitColumn =
      'splitColumn' in how && how.splitColumn !== null ? new SplitColumn(how.file, how.splitColumn) : null;
    this.#context = {
      classLabels: how.classLabels,
      use: (column) => void this.#used.add(column),
      tell: (change) => {
        let told = this.#changes.get(change);
        if (told === undefined) this.#changes.set(change, (told = new RowList()));
        told.add(this.#row);
      },
    };
  }

  /** Records so far, refused ones included. */
  get positions(): number {
    return this.#positions;
  }

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** The row of the next record; null where it is refused. */
  next(record: FileRecord): (Row & { row: number; line: number }) | null {
    const { line } = record;
    if (record.kind === 'stray') return this.#refuse(line, record.reason);
    const row = this.#positions;
    this.#row = row;
    this.#positions += 1;
    if (record.kind === 'refused') return this.#refuse(line, record.reason);
    if (!isObject(record.value))
      return this.#refuse(line, `it is ${typeInWords(record.value)}, not an object with named columns`);
    this.#splitColumn?.add(row, record.value);
    const reading = this.#read(record.value, this.#context);
    if (!reading.ok) return this.#refuse(line, reading.reason);
    const { id } = reading.row as { id?: string | null };
    if (typeof id === 'string' && this.#annotated?.add(id) === 0)
      return this.#refuse(line, `it is a second annotation of ${quoted(id)}; the first one is used`);
    this.#count += 1;
    return { row, line, ...reading.row };
  }

  #refuse(line: number, reason: string): null {
    this.#refusedCount += 1;
    if (this.refused.length < (this.#how.refusalsKept ?? Infinity)) this.refused.push({ line, reason });
    return null;
  }

  /** What was changed or noticed in all rows. @throws InputError where every one was refused. */
  notes(): Note[] {
    const [first] = this.refused;
    if (this.#count === 0 && first !== undefined) {
      throw new InputError(
        `Every row was refused (${formatCount(this.#positions)} in all); the first: ${first.reason}.`,
        'Fix the rows and choose the file again.',
        { file: this.#how.file, line: first.line },
      );
    }
    const splits = this.splits();
    if (splits !== null) this.#used.add(splits.column);
    return [...(splits?.notes ?? []), ...changeNotes(this.#changes), ...this.#unusedColumns()];
  }

  /** What a column says of the rows' splits, once all are read; null where none does. @throws InputError as `SplitColumn`. */
  splits(): ColumnSplit | null {
    this.#splits ??= this.#splitColumn?.result() ?? null;
    return this.#splits;
  }

  /** The columns of text that the layout takes nothing from: they are listed, so that nothing is lost unseen. */
  #unusedColumns(): Note[] {
    const unused = new Set<string>();
    for (const object of this.#how.objects.slice(0, voters))
      for (const [column, value] of Object.entries(object))
        if (typeof value === 'string' && value.trim() !== '' && !this.#used.has(column)) unused.add(column);
    if (unused.size === 0) return [];
    const names = [...unused];
    const more = names.length > columnsNamed ? ` and ${names.length - columnsNamed} more` : '';
    const named = names.slice(0, columnsNamed).map((name) => quoted(name));
    return [
      {
        kind: 'columns-unused',
        count: names.length,
        rows: [],
        text: `Not used: ${named.join(', ')}${more}`,
      },
    ];
  }
}
