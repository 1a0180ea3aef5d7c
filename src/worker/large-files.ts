/** Large files: their rows are stored while they are read, so that they are never all in memory. */
import { breathe } from '../base/breathe.ts';
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
import { RowsWriter } from '../store/rows.ts';

/** Before, nobody knows how long it takes. */
const tellsLeftFromMs = 2000;

/** What reads files into a dataset: who is told, who may stop it, and rows that are stored before the dataset is. */
export class Staging {
  readonly #writers: RowsWriter[] = [];
  /** When the file in hand was begun. */
  startedAt = performance.now();

  constructor(
    readonly report: ReportProgress,
    readonly signal: AbortSignal,
    readonly fixes: readonly Fix[],
  ) {}

  async open(): Promise<RowsWriter> {
    const writer = await RowsWriter.open();
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
  /** All rows of a dataset, read once more: for what needs them in memory. */
  rowsOf: () => Promise<ExampleRow[]>;
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
  const taught: RationaleRow[] = [];
  let writer: CountedWriter | null = null;
  for (;;) {
    const next = await reading.next();
    if (next.done) {
      const read = next.value;
      const own = writer === null ? null : { ...(await writer.end()), notes: examples.notes() };
      const data = read.data?.kind === 'rationales' ? { ...read.data, rows: taught } : read.data;
      return { ...read, data, own, rowsOf: () => rowsOf(stream, read.map, how, staging) };
    }
    const slice = next.value;
    if (slice.kind === 'dataset') {
      writer ??= new CountedWriter(await staging.open());
      for (const row of slice.rows as ExampleRow[]) {
        const example = examples.next(row);
        if (example !== null) await writer.add(example);
      }
    } else for (const row of slice.rows as RationaleRow[]) taught.push(row);
    await pause(stream, slice, staging);
  }
}

async function rowsOf(
  stream: RecordStream,
  map: ColumnMap | null,
  how: Omit<ReadOptions, 'map'>,
  staging: Staging,
): Promise<ExampleRow[]> {
  const rows: ExampleRow[] = [];
  staging.startedAt = performance.now();
  const reading = streamRows(stream, () => map, how);
  for (;;) {
    const next = await reading.next();
    if (next.done) return rows;
    for (const row of next.value.rows as ExampleRow[]) rows.push(row);
    await pause(stream, next.value, staging);
  }
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

/** A dataset of which the rows are in memory. */
export async function withItsRows(data: DataFile, large: LargeFile | null): Promise<void> {
  if (large === null || data.kind !== 'dataset' || large.count === data.rows.length) return;
  data.rows = await large.rowsOf();
}
