/**
 * Rows of several requests, computed together. A batch begins when it is full, or when its oldest row has waited long
 * enough; one runs at a time. Rows are computed together only where they ask for the same kind of generation.
 */
import { breathe } from '../base/breathe.ts';
import { Refusal } from './refusal.ts';

export interface BatcherOptions<Row, Kind, Result> {
  /** Computes rows of one kind: as many results, in their order. */
  run: (rows: readonly Row[], kind: Kind) => Promise<readonly Result[]>;
  /** Kinds with the same key are computed together. */
  keyOf: (kind: Kind) => string;
  batchRows: number;
  waitMs: number;
  /** Rows that may wait. */
  queueRows: number;
}

interface Waiting<Row, Kind, Result> {
  row: Row;
  kind: Kind;
  key: string;
  /** When it came (`performance.now`). */
  sinceMs: number;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

export class Batcher<Row, Kind, Result> {
  readonly #options: BatcherOptions<Row, Kind, Result>;
  #queue: Waiting<Row, Kind, Result>[] = [];
  /** The work that continues until nothing waits; null while there is none. */
  #work: Promise<void> | null = null;
  #isEnding = false;
  /** Ends the wait for more rows. */
  #wake: () => void = () => undefined;

  constructor(options: BatcherOptions<Row, Kind, Result>) {
    this.#options = options;
  }

  /** Rows that wait for their batch. */
  get waitingRows(): number {
    return this.#queue.length;
  }

  /**
   * Computes the rows of one request, with those of others.
   * @throws Refusal with 503 where too many wait already: then none of them is computed. What `run` throws.
   */
  async submit(rows: readonly Row[], kind: Kind): Promise<Result[]> {
    const { queueRows, keyOf } = this.#options;
    // A request of more rows than the queue has places is taken where nothing waits: it would never be else.
    if (this.#queue.length > 0 && this.#queue.length + rows.length > queueRows) {
      throw new Refusal(503, 'Too many texts are waiting.', 'Try again in a moment.', { 'Retry-After': '1' });
    }
    const sinceMs = performance.now();
    const key = keyOf(kind);
    const results = rows.map(
      (row) =>
        new Promise<Result>((resolve, reject) => {
          this.#queue.push({ row, kind, key, sinceMs, resolve, reject });
        }),
    );
    if (this.#isFull()) this.#wake();
    this.#work ??= this.#drain().finally(() => {
      this.#work = null;
    });
    return Promise.all(results);
  }

  /** Computes what waits without waiting for more; resolves when nothing is left. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    while (this.#work !== null) await this.#work;
  }

  #isFull(): boolean {
    const [first] = this.#queue;
    if (first === undefined) return false;
    return this.#queue.filter(({ key }) => key === first.key).length >= this.#options.batchRows;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // Computing holds the thread: what has come meanwhile is read here, and goes into the next batch.
      await breathe();
      await this.#fill(this.#queue[0]!.sinceMs);
      const batch = this.#take();
      try {
        const results = await this.#options.run(
          batch.map(({ row }) => row),
          batch[0]!.kind,
        );
        batch.forEach(({ resolve }, index) => resolve(results[index]!));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  /** Waits for more rows: until the batch is full, or the oldest row has waited long enough. */
  async #fill(sinceMs: number): Promise<void> {
    const leftMs = sinceMs + this.#options.waitMs - performance.now();
    if (this.#isEnding || leftMs <= 0 || this.#isFull()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  /** The oldest rows of the oldest row's kind. */
  #take(): Waiting<Row, Kind, Result>[] {
    const { key } = this.#queue[0]!;
    const taken: Waiting<Row, Kind, Result>[] = [];
    const left: Waiting<Row, Kind, Result>[] = [];
    for (const waiting of this.#queue) {
      (waiting.key === key && taken.length < this.#options.batchRows ? taken : left).push(waiting);
    }
    this.#queue = left;
    return taken;
  }
}
