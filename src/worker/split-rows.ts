/** The rows of a dataset's splits on their way into the store, with what is said of them. */
import type { Example } from '../data/example.ts';
import { ExampleCount, type ExampleSummary } from '../data/example-count.ts';
import { LeakCount } from '../data/lint.ts';
import type { Note } from '../data/notes.ts';
import type { Split } from '../data/split.ts';
import { digestRows } from '../distill/checkpoint.ts';
import type { StoredRows } from '../store/records.ts';
import { CountedWriter, type CountedRows, type Staging } from './large-files.ts';
import { rowsInStore, type RowStream } from './row-stream.ts';

/** From so many rows on they are stored apart, so that training reads them as it needs them. */
const storedApartFrom = 20_000;

export class SplitRows {
  /** Those that are written with the dataset. */
  readonly examples: Record<Split, readonly Example[]> = { train: [], validation: [], test: [] };
  /** Those that are stored already. */
  readonly stored: Partial<Record<Split, StoredRows>> = {};
  readonly #staging: Staging;
  /** Where test rows are looked for. */
  #train: { has: (input: string) => boolean } = new Set<string>();

  constructor(staging: Staging) {
    this.#staging = staging;
  }

  /** Rows that were stored while their file was read. @param notes What was noticed then. */
  async takeStored(
    split: Split,
    { stored, count }: CountedRows,
    notes: readonly Note[],
  ): Promise<ExampleSummary> {
    this.stored[split] = stored;
    return this.#summary(split, count, notes, rowsInStore(stored));
  }

  /** @param notes What was noticed while they were read and joined. */
  async take(split: Split, rows: RowStream, notes: readonly Note[]): Promise<ExampleSummary> {
    if (rows.isStored || rows.length >= storedApartFrom) {
      const writer = new CountedWriter(await this.#staging.open());
      let done = 0;
      for await (const examples of rows.each()) {
        for (const example of examples) await writer.add(example);
        done += examples.length;
        this.#staging.report('storing rows', done, rows.length);
        this.#staging.signal.throwIfAborted();
      }
      return this.takeStored(split, await writer.end(), notes);
    }
    const count = new ExampleCount();
    const held: Example[] = [];
    for await (const examples of rows.each()) {
      for (const example of examples) {
        count.add(example);
        held.push(example);
      }
    }
    this.examples[split] = held;
    return this.#summary(split, count, notes, rows);
  }

  async #summary(
    split: Split,
    count: ExampleCount,
    notes: readonly Note[],
    rows: RowStream,
  ): Promise<ExampleSummary> {
    const summary = count.summary(notes);
    if (split === 'train') {
      this.#train = count.inputs;
      return summary;
    }
    const leaks = new LeakCount(this.#train);
    let done = 0;
    for await (const examples of rows.each()) {
      for (const example of examples) leaks.add(example);
      done += examples.length;
      this.#staging.report('looking for test rows among the training rows', done, rows.length);
      this.#staging.signal.throwIfAborted();
    }
    return { ...summary, lint: [...summary.lint, ...leaks.notes()] };
  }

  /** As `digestRows` has it. */
  async trainSha256(): Promise<string> {
    return this.stored.train?.sha256 ?? (await digestRows(this.examples.train));
  }
}
