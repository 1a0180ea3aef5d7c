/** Training rows as tokens: few are tokenised once and kept, many as the steps need them. */
import { breathe } from '../base/breathe.ts';
import { sourceOf, type RowSource, type Rows } from '../data/row-source.ts';
import type { Recipe } from './recipe.ts';
import { taskRow, type Encoder, type TaskRow } from './tasks.ts';

/** Rows whose tokens are kept: some tens of megabytes. */
export const keptRows = 20_000;
/** Rows to tokenise between two looks at the outside world. */
const sliceLength = 256;

export class TrainRows {
  readonly #source: RowSource;
  readonly #recipe: Recipe;
  readonly #tokenizer: Encoder;
  #kept: TaskRow[] | null = null;
  /** What was read ahead, by the places that were asked for. */
  #ahead: { key: string; rows: Promise<TaskRow[][]> } | null = null;

  constructor(rows: Rows, recipe: Recipe, tokenizer: Encoder) {
    this.#source = sourceOf(rows);
    this.#recipe = recipe;
    this.#tokenizer = tokenizer;
  }

  get length(): number {
    return this.#source.length;
  }

  /** Tokenises all where they are few enough to be kept. Yields how many are done; a caller may stop early. */
  async *prepare(): AsyncGenerator<number, void> {
    if (this.length > keptRows) return;
    const kept: TaskRow[] = [];
    for (let start = 0; start < this.length; start += sliceLength) {
      yield start;
      const count = Math.min(sliceLength, this.length - start);
      kept.push(...(await this.#tokens(Array.from({ length: count }, (_, at) => start + at))));
      await breathe();
    }
    this.#kept = kept;
  }

  /**
   * The rows at these places, micro-batch by micro-batch.
   * @param next Places that will be asked for next: they are read meanwhile.
   */
  async take(batches: readonly number[][], next: readonly number[][] | null): Promise<TaskRow[][]> {
    const kept = this.#kept;
    if (kept !== null) return batches.map((places) => places.map((place) => kept[place]!));
    const key = JSON.stringify(batches);
    const rows = this.#ahead?.key === key ? this.#ahead.rows : this.#read(batches);
    this.#ahead = null;
    const taken = await rows;
    if (next !== null) {
      this.#ahead = { key: JSON.stringify(next), rows: this.#read(next) };
      // Whoever takes them is told.
      this.#ahead.rows.catch(() => undefined);
    }
    return taken;
  }

  async #read(batches: readonly number[][]): Promise<TaskRow[][]> {
    const rows = await this.#tokens(batches.flat());
    let from = 0;
    return batches.map(({ length }) => rows.slice(from, (from += length)));
  }

  async #tokens(places: readonly number[]): Promise<TaskRow[]> {
    const examples = await this.#source.read(places);
    return examples.map((example) => taskRow(this.#recipe, example, this.#tokenizer));
  }
}
