/** Ids and inputs as short texts by which rows find each other: equal where the texts are, and as telling in a message. */
import { TextIndex } from '../base/text-index.ts';

/** Longer texts are known by their beginning and a number. */
const longest = 60;

export class ShortKeys {
  readonly #index = new TextIndex();

  /** The text itself where it is short. */
  of(text: string | null): string | null {
    if (text === null || text.length <= longest) return text;
    const next = this.#index.size;
    return `${text.slice(0, longest)}…${this.#index.add(text, next) ?? next}`;
  }
}
