/** The rows of a dataset's splits on their way into the store, with what is said of them. */
import type { Example } from '../data/example.ts';
import { ExampleCount, type ExampleSummary } from '../data/example-count.ts';
import { LeakCount } from '../data/lint.ts';
import type { Note } from '../data/notes.ts';
import type { Split } from '../data/split.ts';
import { digestRows } from '../distill/checkpoint.ts';
import type { StoredRows } from '../store/records.ts';
import { storedSlices } from '../store/rows.ts';
import { CountedWriter, type CountedRows, type Staging } from './large-files.ts';

/** From so many rows on they are stored apart, so that training reads them as it needs them. */
export const storedApartFrom = 20_000;

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
    const summary = count.summary(notes);
    if (split === 'train') {
      this.#train = count.inputs;
      return summary;
    }
    const leaks = new LeakCount(this.#train);
    let done = 0;
    for await (const examples of storedSlices(stored.id).each()) {
      for (const example of examples) leaks.add(example);
      done += examples.length;
      this.#staging.report('looking for test rows among the training rows', done, stored.rows);
      this.#staging.signal.throwIfAborted();
    }
    return { ...summary, lint: [...summary.lint, ...leaks.notes()] };
  }

  /** Rows that are in memory. @param notes What was noticed while they were read and joined. */
  async take(split: Split, examples: readonly Example[], notes: readonly Note[]): Promise<ExampleSummary> {
    if (examples.length >= storedApartFrom) {
      const writer = new CountedWriter(await this.#staging.open());
      for (const [at, example] of examples.entries()) {
        await writer.add(example);
        if (at % 2048 !== 0) continue;
        this.#staging.report('storing rows', at, examples.length);
        this.#staging.signal.throwIfAborted();
      }
      return this.takeStored(split, await writer.end(), notes);
    }
    const count = new ExampleCount();
    for (const example of examples) count.add(example);
    this.examples[split] = examples;
    const summary = count.summary(notes);
    if (split === 'train') {
      this.#train = count.inputs;
      return summary;
    }
    const leaks = new LeakCount(this.#train);
    for (const example of examples) leaks.add(example);
    return { ...summary, lint: [...summary.lint, ...leaks.notes()] };
  }

  /** As `digestRows` has it. */
  async trainSha256(): Promise<string> {
    return this.stored.train?.sha256 ?? (await digestRows(this.examples.train));
  }
}
