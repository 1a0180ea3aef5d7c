/** The columns of a file and its first rows: what a person needs to say which column is what. */
import { splitListUnder } from '../formats/json-records.ts';
import type { ColumnMap } from './column-map.ts';
import type { Container } from './containers.ts';
import { isObject } from './layouts/cells.ts';
import type { JsonObject } from './layouts/layout.ts';
import { unwrapRows } from './unwrap.ts';

export interface Column {
  name: string;
  /** Rows in which it holds something. */
  filled: number;
  /** Whether most of its values are text. */
  text: boolean;
}

export interface FileHead {
  columns: Column[];
  /** Rows in the whole file. */
  rows: number;
  /** The first rows, long texts cut. */
  first: JsonObject[];
}

const rowsKept = 20;
const columnsKept = 200;
/** Characters of all texts of a row that is kept, and of one of them. */
const rowCharacters = 100_000;
const mostCharacters = 2000;

/** Null where there are no rows with named columns. */
export function headOf({ file, records, text }: Container): FileHead | null {
  let objects: JsonObject[];
  try {
    const lines = text === null ? null : (key: string) => splitListUnder(text, key);
    objects = unwrapRows(file, records, lines, () => []).records.flatMap((record) =>
      record.kind === 'value' && isObject(record.value) ? [record.value] : [],
    );
  } catch {
    // Reading the file says what is wrong with it.
    return null;
  }
  const count = new HeadCount();
  for (const object of objects) count.add(object);
  return count.head();
}

/** As `headOf`, row by row. */
export class HeadCount {
  readonly #counts = new Map<string, { filled: number; text: number }>();
  readonly #first: JsonObject[] = [];
  #rows = 0;

  add(object: JsonObject): void {
    this.#rows += 1;
    if (this.#first.length < rowsKept) this.#first.push(object);
    for (const [name, value] of Object.entries(object)) {
      let count = this.#counts.get(name);
      if (count === undefined) {
        if (this.#counts.size === columnsKept) continue;
        count = { filled: 0, text: 0 };
        this.#counts.set(name, count);
      }
      if (value === null || value === '') continue;
      count.filled += 1;
      if (typeof value === 'string') count.text += 1;
    }
  }

  /** Of all rows so far; null where there are none with named columns. */
  head(): FileHead | null {
    if (this.#counts.size === 0) return null;
    const columns = [...this.#counts].map(([name, { filled, text: texts }]) => ({
      name,
      filled,
      text: texts * 2 > filled,
    }));
    const most = Math.min(mostCharacters, Math.floor(rowCharacters / columns.length));
    const first = this.#first.map((object): JsonObject => {
      const kept = Object.create(null) as JsonObject;
      for (const { name } of columns) if (Object.hasOwn(object, name)) kept[name] = cut(object[name], most);
      return { ...kept };
    });
    return { columns, rows: this.#rows, first };
  }
}

function cut(value: unknown, most: number): unknown {
  if (typeof value === 'string') return value.length > most ? `${value.slice(0, most)}…` : value;
  if (value === null || typeof value !== 'object') return value;
  const size = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? inner.toString() : inner,
  ).length;
  return size > most ? null : value;
}

/** By what a layout of columns is known again: their names, whatever their order. */
export function layoutKey(head: FileHead): string {
  return JSON.stringify(head.columns.map(({ name }) => name).sort());
}

/** Maps by the layout that they were made for. */
export type KnownMaps = Readonly<Record<string, ColumnMap>>;

export function knownMap(maps: KnownMaps, head: FileHead): ColumnMap | null {
  const key = layoutKey(head);
  return Object.hasOwn(maps, key) ? maps[key]! : null;
}
