/**
 * Rows of large datasets, in slices: written while a file is read, long before its dataset's record is. What no record
 * names, since its writing was cut off, is swept away.
 */
import { StorageError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import { openDatabase, reading, writing } from './database.ts';
import { locksOf } from './holders.ts';
import type { StoredRows } from './records.ts';

/** Rows to a slice: small enough that single rows from anywhere cost little, as training in a drawn order reads them. */
export const sliceRows = 64;
/** Slices that are written at once. */
const slicesAtOnce = 32;
const lockPrefix = 'stillroom-rows-';

/** Every slice of rows. */
export function slicesOf(rowsId: string): IDBKeyRange {
  return IDBKeyRange.bound([rowsId], [rowsId, []]);
}

/** Writes rows as they come. Whoever makes one ends it by `keep` or `discard`. */
export class RowsWriter<Row = Example> {
  readonly id = crypto.randomUUID();
  #waiting: Row[] = [];
  #slices = 0;
  #rows = 0;
  readonly #letGo: () => void;

  private constructor(letGo: () => void) {
    this.#letGo = letGo;
  }

  static async open<Row = Example>(): Promise<RowsWriter<Row>> {
    let letGo = (): void => undefined;
    const writer = new RowsWriter<Row>(() => letGo());
    const locks = locksOf();
    if (locks !== null) {
      await new Promise<void>((held) => {
        void locks.request(lockPrefix + writer.id, () => {
          held();
          return new Promise<void>((release) => {
            letGo = release;
          });
        });
      });
    }
    return writer;
  }

  async add(example: Row): Promise<void> {
    this.#waiting.push(example);
    if (this.#waiting.length === sliceRows * slicesAtOnce) await this.#flush();
  }

  /** Writes the last rows. They stay stored as long as the record that names them is written before `letGo`. */
  async end(): Promise<Pick<StoredRows, 'id' | 'rows'>> {
    await this.#flush();
    return { id: this.id, rows: this.#rows };
  }

  /** The record is written. */
  letGo(): void {
    this.#letGo();
  }

  async discard(): Promise<void> {
    try {
      await deleteRows([this.id]);
    } finally {
      this.#letGo();
    }
  }

  async #flush(): Promise<void> {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    const first = this.#slices;
    await writing(async (database) => {
      const transaction = database.transaction('rows', 'readwrite', { durability: 'relaxed' });
      for (let start = 0, slice = first; start < rows.length; start += sliceRows, slice += 1) {
        // A teacher's rows lie there while they are joined.
        const examples = rows.slice(start, start + sliceRows) as unknown as Example[];
        void transaction.store.put({ rowsId: this.id, slice, examples });
      }
      await transaction.done;
    });
    this.#slices += Math.ceil(rows.length / sliceRows);
    this.#rows += rows.length;
  }
}

function deleteRows(ids: readonly string[]): Promise<void> {
  return writing(async (database) => {
    const transaction = database.transaction('rows', 'readwrite');
    for (const id of ids) void transaction.store.delete(slicesOf(id));
    await transaction.done;
  });
}

/** Slices that are held for those who read single rows. */
const slicesHeld = 256;
/** Rows that are read at once where all are read. */
const rowsRead = 1024;

/** Rows that are in slices of one length, but for the last. */
export class Slices<Row = Example> {
  readonly #held = new Map<number, Row[]>();

  /** @param length Rows to a slice. @param load The slices from one to another, both included, as far as there are some. */
  constructor(
    readonly length: number,
    readonly load: (from: number, to: number) => Promise<readonly { examples: Row[] }[]>,
  ) {}

  /** The rows from slice to slice, both included. */
  async read(from: number, to: number): Promise<Row[]> {
    return (await this.load(from, to)).flatMap(({ examples }) => examples);
  }

  /** All rows, some at a time. */
  async *each(): AsyncGenerator<Row[], void> {
    const count = Math.ceil(rowsRead / this.length);
    for (let from = 0; ; from += count) {
      const examples = await this.read(from, from + count - 1);
      if (examples.length > 0) yield examples;
      if (examples.length < count * this.length) return;
    }
  }

  /**
   * Rows at any places, in their order.
   * @throws StorageError where one is not stored any more.
   */
  async at(places: readonly number[]): Promise<Row[]> {
    const wanted = new Set(places.map((place) => Math.floor(place / this.length)));
    const found = new Map<number, Row[]>();
    await Promise.all(
      [...wanted].map(async (slice) => {
        found.set(slice, this.#held.get(slice) ?? (await this.read(slice, slice)));
      }),
    );
    for (const [slice, examples] of found) {
      // The one that was used last is let go last.
      this.#held.delete(slice);
      this.#held.set(slice, examples);
    }
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= slicesHeld) break;
      this.#held.delete(oldest);
    }
    return places.map((place) => {
      const example = found.get(Math.floor(place / this.length))?.[place % this.length];
      if (example !== undefined) return example;
      throw new StorageError('A row is no longer stored.', 'Put the files back as they were on Data.');
    });
  }
}

/** The rows that a `RowsWriter` wrote. */
export function storedSlices<Row = Example>(rowsId: string): Slices<Row> {
  return new Slices<Row>(sliceRows, async (from, to) => {
    const range = IDBKeyRange.bound([rowsId, from], [rowsId, to]);
    return (await reading((database) => database.getAll('rows', range))) as unknown as { examples: Row[] }[];
  });
}

/** Removes rows that no dataset names and nobody is writing: what was cut off by a closed tab. */
export async function sweepRows(): Promise<void> {
  const database = await openDatabase();
  // In this order: whoever begins to write after the list is not in it, whoever ended before the locks were asked for
  // has written the record.
  const stored: string[] = [];
  let cursor = await database.transaction('rows').store.openKeyCursor();
  while (cursor !== null) {
    const [id] = cursor.key;
    stored.push(id);
    cursor = await cursor.continue([id, []] as unknown as [string, number]);
  }
  if (stored.length === 0) return;
  const locks = locksOf();
  if (locks === null) return;
  const { held = [] } = await locks.query();
  const written = new Set(held.map(({ name }) => name));
  const named = new Set(
    (await database.getAll('datasets')).flatMap(({ stored: rows = {} }) =>
      Object.values(rows).map(({ id }) => id),
    ),
  );
  const gone = stored.filter((id) => !named.has(id) && !written.has(lockPrefix + id));
  if (gone.length > 0) await deleteRows(gone);
}
