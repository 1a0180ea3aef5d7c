/** A row's columns by name, read as what a layout needs, with faults in our words. */
import { listed, typeInWords } from '../words.ts';
import { listOf } from './lists.ts';
import type { ExampleColumns, JsonObject, ReadContext, Reading } from './layout.ts';

/** Ends the reading of one row; never leaves `reading`. */
class RowRefused extends Error {}

/** Refuses the row: `reason` is a clause for people, with what to do. */
export function refuse(reason: string): never {
  throw new RowRefused(reason);
}

/** What `read` gives, or the reason with which it refused the row. */
export function reading<Row>(read: () => Row): Reading<Row> {
  try {
    return { ok: true, row: read() };
  } catch (error) {
    if (error instanceof RowRefused) return { ok: false, reason: error.message };
    throw error;
  }
}

/** Names compared without case, outer white space, `_`, `-` and `.`. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[\s_\-.]+/g, '');
}

/** The column of a record that has one of these names; an exact name goes first, then the order of `names`. */
export function findColumn(record: JsonObject, ...names: readonly string[]): string | null {
  for (const name of names) if (Object.hasOwn(record, name)) return name;
  const keys = Object.keys(record);
  for (const name of names) {
    const found = keys.find((key) => plainName(key) === plainName(name));
    if (found !== undefined) return found;
  }
  return null;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A value as text: numbers as they are written (18.0 is 18), a list of one as its entry, what a choice of Label Studio
 * holds as the choice. Null for null; undefined for what has no text.
 */
export function plainText(value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 1 ? plainText(value[0]) : undefined;
  if (isObject(value) && Object.hasOwn(value, 'choices')) return plainText(value['choices']);
  return undefined;
}

export class Cells {
  /** @param title What the row is called in a refusal: `a CoS-E row`. */
  constructor(
    readonly value: JsonObject,
    readonly context: ReadContext,
    private readonly title: string,
  ) {}

  /** Refuses the row where columns are missing, all of them named. */
  need(...names: readonly string[]): this {
    const missing = names.filter((name) => findColumn(this.value, name) === null);
    if (missing.length === 0) return this;
    const quoted = listed(missing.map((name) => `“${name}”`));
    return refuse(
      missing.length === 1
        ? `the column ${quoted} is missing, which ${this.title} needs; add it or leave the row out`
        : `the columns ${quoted} are missing, which ${this.title} needs; add them or leave the row out`,
    );
  }

  /** The value under the first of these names that the row has, and its column; the column is null where it has none. */
  raw(...names: readonly string[]): { column: string | null; value: unknown } {
    const column = findColumn(this.value, ...names);
    if (column === null) return { column, value: null };
    this.context.use(column);
    return { column, value: this.value[column] };
  }

  /** Text that must say something; `remedy` ends the refusal of a blank one. */
  filled(remedy: string, ...names: readonly string[]): string {
    const { column, value } = this.raw(...names);
    const text = this.textOf(value, column ?? names[0]!);
    if (text === null)
      return refuse(`“${column ?? names[0]!}” is null, but has to be text; write it as such`);
    if (text.trim() === '') return refuse(`“${column ?? names[0]!}” is blank; ${remedy}`);
    return text;
  }

  /** Text, or null where there is none or it is blank. */
  text(...names: readonly string[]): string | null {
    const { column, value } = this.raw(...names);
    const text = this.textOf(value, column ?? '');
    return text?.trim() ? text : null;
  }

  /** An answer as text, trimmed: see `answerText`. Null where there is none. */
  answer(...names: readonly string[]): string | null {
    const { column, value } = this.raw(...names);
    return column === null ? null : this.answerText(value, column);
  }

  /**
   * A gold label: as `answer`, but a blank one refuses the row, for it is more often a mistake than a row without answer.
   */
  gold(...names: readonly string[]): string | null {
    const { column, value } = this.raw(...names);
    if (typeof value === 'string' && value.trim() === '')
      return refuse(`“${column ?? names[0]!}” is blank; write the true answer, or leave the row out`);
    return column === null ? null : this.answerText(value, column);
  }

  /** The id, as text. */
  id(...names: readonly string[]): string | null {
    const { value } = this.raw(...(names.length === 0 ? idNames : names));
    return plainText(value)?.trim() ? plainText(value)! : null;
  }

  /** A list of texts; a text that holds one is read. @throws the row's refusal where it is neither. */
  list(...names: readonly string[]): string[] {
    const { column, value } = this.raw(...names);
    const name = column ?? names[0]!;
    let entries = value;
    if (typeof value === 'string') {
      entries = listOf(value);
      if (entries === null) return refuse(`“${name}” is text, not a list; write it as ["…", "…"]`);
      this.context.tell('list-as-text');
    }
    if (!Array.isArray(entries))
      return refuse(`“${name}” is ${typeInWords(value)}, but has to be a list; write it as such`);
    return entries.map((entry: unknown, index) => this.textOf(entry, name, index) ?? '');
  }

  /** A value as an answer: a class by its name, a number or a boolean as text, all trimmed and told. */
  answerText(value: unknown, column: string): string | null {
    const names = this.context.classLabels.get(column);
    if (names !== undefined && (typeof value === 'number' || typeof value === 'bigint'))
      return names[Number(value)] ?? null;
    const text = this.textOf(value, column);
    if (text === null) return null;
    if (typeof value === 'number' || typeof value === 'bigint') this.context.tell('label-number');
    if (typeof value === 'boolean') this.context.tell('label-boolean');
    const trimmed = text.trim();
    if (trimmed !== text && trimmed !== '') this.context.tell('label-trimmed');
    return trimmed;
  }

  private textOf(value: unknown, column: string, index?: number): string | null {
    const text = plainText(value);
    if (text !== undefined) return text;
    const at = index === undefined ? `“${column}”` : `entry ${index + 1} of “${column}”`;
    return refuse(`${at} is ${typeInWords(value)}, but has to be text; write it as such`);
  }
}

const idNames = ['id', 'qid', 'uid', 'pairid', 'customid', 'idx', 'index'] as const;

/** What most rows have nothing of. */
export const noColumns: ExampleColumns = {
  id: null,
  input: '',
  label: null,
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
};
