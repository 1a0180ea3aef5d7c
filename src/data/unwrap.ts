/** Rows that stand inside one JSON value: under a key, by id, in columns, as the datasets server sends them. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { guessColumnMap } from './column-map.ts';
import { recogniseLayout, voters } from './layouts.ts';
import { isObject } from './layouts/cells.ts';
import type { JsonObject } from './layouts/layout.ts';
import type { FileRecord } from '../formats/record.ts';
import { listed } from './words.ts';

export interface Unwrapped {
  records: readonly FileRecord[];
  /** What was done, in words; null where the records were taken as they are. */
  said: string | null;
  /** Rows, by position, in which cells were cut by who sent them. */
  truncated: readonly number[];
  /** Names of classes by column, where the value holds them. */
  classLabels: ReadonlyMap<string, readonly string[]>;
}

function isKnown(records: readonly JsonObject[]): boolean {
  return recogniseLayout(records) !== null || guessColumnMap(records.slice(0, voters)) !== null;
}

/**
 * The rows inside a file's only value, or the records as they are.
 *
 * @param linesOf The records of the list under a key with their own lines, where the text is at hand.
 * @param chosen Picks of several lists by their keys: one, or it stays undecided.
 * @throws InputError where several lists inside could be meant.
 */
export function unwrapRows(
  file: string,
  records: readonly FileRecord[],
  linesOf: ((key: string) => readonly FileRecord[]) | null,
  chosen: (keys: readonly string[]) => readonly string[],
): Unwrapped {
  const asIs: Unwrapped = { records, said: null, truncated: [], classLabels: new Map() };
  const [only] = records;
  if (records.length !== 1 || only?.kind !== 'value' || !isObject(only.value)) return asIs;
  const { value, line } = only;
  const unwrapped = ({ rows, said }: { rows: JsonObject[]; said: string }): Unwrapped => ({
    ...asIs,
    records: rows.map((row) => ({ kind: 'value', line, value: row })),
    said,
  });
  const inColumns = byColumn(value);
  if (inColumns !== null) return unwrapped(inColumns);
  if (recogniseLayout([value]) !== null) return asIs;
  const served = fromServer(value, line);
  if (served !== null) return served;
  const list = listWithin(file, value, line, chosen);
  if (list !== null)
    return {
      ...asIs,
      records:
        linesOf?.(list) ?? (value[list] as unknown[]).map((entry) => ({ kind: 'value', line, value: entry })),
      said: `The rows are the list “${list}”.`,
    };
  const rows = byId(value);
  return rows === null ? asIs : unwrapped(rows);
}

/** `{features, rows: [{row_idx, row, truncated_cells}], num_rows_total}` of Hugging Face's datasets server. */
function fromServer(value: JsonObject, line: number): Unwrapped | null {
  const { rows, features } = value;
  if (!Array.isArray(rows) || !Array.isArray(features) || rows.length === 0) return null;
  const entries = rows as unknown[];
  if (!entries.some((entry) => isObject(entry) && isObject(entry['row']))) return null;
  const truncated = entries.flatMap((entry, row) =>
    isObject(entry) && Array.isArray(entry['truncated_cells']) && entry['truncated_cells'].length > 0
      ? [row]
      : [],
  );
  const classLabels = new Map<string, readonly string[]>();
  for (const feature of (features as unknown[]).filter(isObject)) {
    const { name, type } = feature;
    const names = isObject(type) ? type['names'] : null;
    if (typeof name === 'string' && Array.isArray(names)) classLabels.set(name, names.map(String));
  }
  const total = value['num_rows_total'];
  const of = typeof total === 'number' && total > entries.length ? ` of ${formatCount(total)}` : '';
  return {
    // What is no row stays in its place, to be refused there.
    records: entries.map((entry) => ({ kind: 'value', line, value: isObject(entry) ? entry['row'] : entry })),
    said: `The rows are ${formatCount(entries.length)}${of} that the datasets server sent.`,
    truncated,
    classLabels,
  };
}

/** The key of the one list of objects that is meant; null where there is none. */
function listWithin(
  file: string,
  value: JsonObject,
  line: number,
  chosen: (keys: readonly string[]) => readonly string[],
): string | null {
  const lists = Object.entries(value).flatMap(([key, list]) => {
    if (!Array.isArray(list)) return [];
    const objects = list.filter(isObject);
    return objects.length === 0 ? [] : [{ key, known: isKnown(objects) }];
  });
  const known = lists.filter((list) => list.known);
  if (known.length > 1) {
    const picked = chosen(known.map(({ key }) => key));
    if (picked.length === 1) return picked[0]!;
    throw new InputError(
      `This file is one object with ${known.length} lists of rows in it: ${listed(known.map(({ key }) => `“${key}”`))}.`,
      'Save each list as a file of its own and choose the one that you need here.',
      { file, line },
    );
  }
  return known[0]?.key ?? (lists.length === 1 ? lists[0]!.key : null);
}

/** An object of like objects: the key is the row's id where it has none. */
function byId(value: JsonObject): { rows: JsonObject[]; said: string } | null {
  const entries = Object.entries(value);
  if (entries.length === 0 || !entries.every(([, row]) => isObject(row))) return null;
  const rows = entries.map(([id, row]) =>
    Object.hasOwn(row as JsonObject, 'id') ? { ...(row as JsonObject) } : { id, ...(row as JsonObject) },
  );
  return isKnown(rows) ? { rows, said: 'The rows are the entries of one object, by their keys.' } : null;
}

/** Lists of the same length by column, or pandas' maps of index and value. */
function byColumn(value: JsonObject): { rows: JsonObject[]; said: string } | null {
  const entries = Object.entries(value);
  if (entries.length < 2) return null;
  // Maps of index and value fit together by their indices, in whichever order each map has them.
  const index = Object.keys(entries.find(([, cells]) => isObject(cells))?.[1] ?? {});
  const columns = entries.map(([name, cells]): [string, unknown[]] | null => {
    if (Array.isArray(cells)) return [name, cells];
    if (!isObject(cells) || Object.keys(cells).length !== index.length) return null;
    return index.every((key) => Object.hasOwn(cells, key)) ? [name, index.map((key) => cells[key])] : null;
  });
  if (!columns.every((column) => column !== null)) return null;
  const length = columns[0]![1].length;
  if (length === 0 || columns.some(([, cells]) => cells.length !== length)) return null;
  const rows = Array.from({ length }, (_, row) =>
    Object.fromEntries(columns.map(([name, cells]) => [name, cells[row]])),
  );
  return isKnown(rows) ? { rows, said: 'The rows stand in columns, each a list of its own.' } : null;
}
