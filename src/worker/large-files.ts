/** Large files: their rows are stored while they are read, so that they are never all in memory. */
import { breathe } from '../base/breathe.ts';
import { InputError } from '../base/errors.ts';
import { formatBytes, formatDuration, plural } from '../base/units.ts';
import type { ColumnMap } from '../data/column-map.ts';
import type { Example } from '../data/example.ts';
import { ExampleCount, ExampleReading } from '../data/example-count.ts';
import type { FileHead } from '../data/file-head.ts';
import type { Fix } from '../data/fixes.ts';
import type { Note } from '../data/notes.ts';
import type { DataFile, ExampleRow, RationaleRow, ReadOptions } from '../data/read-file.ts';
import type { RecordStream } from '../data/record-stream.ts';
import { streamRows, type RowSlice, type StreamedFile } from '../data/stream-rows.ts';
import type { ReportProgress } from '../distill/ports.ts';
import type { StoredRows } from '../store/records.ts';
import { RowsWriter, storedSlices, type Slices } from '../store/rows.ts';

/** Before this the time left cannot be told. */
const tellsLeftFromMs = 2000;

/** What reads files into a dataset: who is told, who may stop it, and rows that are stored before the dataset is. */
export class Staging {
  readonly #writers: Pick<RowsWriter, 'id' | 'letGo' | 'discard'>[] = [];
  /** When the current file was begun. */
  startedAt = performance.now();

  constructor(
    readonly report: ReportProgress,
    readonly signal: AbortSignal,
    readonly fixes: readonly Fix[],
  ) {}

  async open<Row = Example>(): Promise<RowsWriter<Row>> {
    const writer = await RowsWriter.open<Row>();
    this.#writers.push(writer);
    return writer;
  }

  /** Nothing is written any more: rows that no record names are removed. @param kept Those that one names. */
  async settle(kept: readonly string[] = []): Promise<void> {
    for (const writer of this.#writers.splice(0)) {
      if (kept.includes(writer.id)) writer.letGo();
      else await writer.discard();
    }
  }
}

/** Rows that are stored, and what is known of them. */
export interface CountedRows {
  stored: StoredRows;
  count: ExampleCount;
}

/** A large file that was read. */
export interface LargeFile extends StreamedFile {
  /** A dataset's rows, as they are trained on where nothing is joined to them; null for a teacher's file. */
  own: (CountedRows & { notes: Note[] }) | null;
  /** A teacher's rows; null for a dataset. */
  taught: Slices<RationaleRow> | null;
  /** A dataset's rows as they are in the file, read once more each time that it is asked. */
  eachRows: () => AsyncGenerator<readonly ExampleRow[], void>;
  /** Characters of all rows: about what they take in memory. */
  characters: number;
}

/** Stores rows as they come, and counts them. */
export class CountedWriter {
  readonly count = new ExampleCount();
  readonly #writer: RowsWriter;

  constructor(writer: RowsWriter) {
    this.#writer = writer;
  }

  async add(example: Example): Promise<void> {
    this.count.add(example);
    await this.#writer.add(example);
  }

  async end(): Promise<CountedRows> {
    const { count } = this;
    const stored = {
      ...(await this.#writer.end()),
      sha256: count.sha256(),
      firstUntaught: count.firstUntaught,
    };
    return { stored, count };
  }
}

/**
 * Reads a large file.
 * @throws InputError where it cannot be read; the signal's reason where it was cancelled.
 */
export async function readLarge(
  stream: RecordStream,
  mapOf: (head: FileHead) => ColumnMap | null,
  staging: Staging,
  how: Omit<ReadOptions, 'map'>,
): Promise<LargeFile> {
  staging.startedAt = performance.now();
  const reading = streamRows(stream, mapOf, how);
  const examples = new ExampleReading(staging.fixes);
  let taught: RowsWriter<RationaleRow> | null = null;
  let characters = 0;
  let writer: CountedWriter | null = null;
  for (;;) {
    const next = await reading.next();
    if (next.done) {
      const read = next.value;
      const own = writer === null ? null : { ...(await writer.end()), notes: examples.notes() };
      return {
        ...read,
        own,
        taught: taught === null ? null : storedSlices<RationaleRow>((await taught.end()).id),
        eachRows: () => eachRows(stream, read.map, how, staging),
        characters,
      };
    }
    const slice = next.value;
    if (slice.kind === 'dataset') {
      writer ??= new CountedWriter(await staging.open());
      for (const row of slice.rows as ExampleRow[]) {
        const example = examples.next(row);
        if (example !== null) await writer.add(example);
      }
    } else {
      taught ??= await staging.open<RationaleRow>();
      for (const row of slice.rows as RationaleRow[]) await taught.add(row);
    }
    for (const row of slice.rows) characters += charactersOf(row);
    await pause(stream, slice, staging);
  }
}

async function* eachRows(
  stream: RecordStream,
  map: ColumnMap | null,
  how: Omit<ReadOptions, 'map'>,
  staging: Staging,
): AsyncGenerator<readonly ExampleRow[], void> {
  staging.startedAt = performance.now();
  const reading = streamRows(stream, () => map, how);
  for (;;) {
    const next = await reading.next();
    if (next.done) return;
    yield next.value.rows as ExampleRow[];
    await pause(stream, next.value, staging);
  }
}

/** What a row's objects take beside its texts, about. */
const rowCharacters = 100;

function charactersOf(row: ExampleRow | RationaleRow): number {
  let characters = rowCharacters;
  for (const value of Object.values(row)) if (typeof value === 'string') characters += value.length;
  return characters;
}

/** Between two slices: says how far it is, and ends where it was cancelled. */
async function pause(
  { file, sizeBytes }: RecordStream,
  { doneBytes, count }: RowSlice,
  { report, signal, startedAt }: Staging,
): Promise<void> {
  const share = doneBytes / sizeBytes;
  const elapsedMs = performance.now() - startedAt;
  const left =
    elapsedMs < tellsLeftFromMs ? '' : `, about ${formatDuration((elapsedMs * (1 - share)) / share)} left`;
  report(
    `reading ${file}: ${plural(count, 'row')}, ${formatBytes(doneBytes)} of ${formatBytes(sizeBytes)}${left}`,
    share,
    1,
  );
  await breathe();
  signal.throwIfAborted();
}

/** Characters of rows that are held while they are joined. */
const mostHeld = 2 ** 30;

/**
 * Reads the rows of large files into memory, for what needs all at once.
 * @throws InputError where they are too many.
 */
export async function holdRows(
  files: readonly { parsed: DataFile | null; large: LargeFile | null }[],
): Promise<void> {
  const large = files.filter((file) => file.parsed !== null && file.large !== null);
  const sum = large.reduce((before, file) => before + file.large!.characters, 0);
  if (sum > mostHeld)
    throw new InputError(
      `Rows that are joined in this way are held in memory, which is done up to ${formatBytes(mostHeld)}; these take ${formatBytes(sum)}.`,
      'Put the teacher’s answers into the same file as the rows, or add one teacher’s file with the same ids or as many rows.',
    );
  for (const { parsed, large: own } of large) {
    if (parsed === null || own === null || own.count === parsed.rows.length) continue;
    if (parsed.kind === 'dataset') parsed.rows = await gathered(own.eachRows());
    else if (own.taught !== null) parsed.rows = await gathered(own.taught.each());
  }
}

async function gathered<Row>(slices: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const slice of slices) for (const row of slice) rows.push(row);
  return rows;
}
