/** How well a student's vocabulary knows some texts, told from the pieces that they are cut into. */
import type { Tokenizer } from './tokenizer.ts';

export interface Coverage {
  /** Pieces of all texts, end tokens left out. */
  pieces: number;
  /** Of these, the ones that stand for characters that the vocabulary lacks (`<unk>`). */
  unknown: number;
  /** Of these, single letters: words that the vocabulary lacks are spelled with them. */
  letters: number;
}

const letter = /^▁?\p{L}$/u;

export class CoverageCount {
  readonly #tokenizer: Tokenizer;
  readonly #areLetters = new Map<number, boolean>();
  #pieces = 0;
  #unknown = 0;
  #letters = 0;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** Counts one encoded text. */
  add(ids: Int32Array): void {
    const { endId, unknownId } = this.#tokenizer;
    for (const id of ids) {
      if (id === endId) continue;
      this.#pieces += 1;
      if (id === unknownId) this.#unknown += 1;
      else if (this.#isLetter(id)) this.#letters += 1;
    }
  }

  get coverage(): Coverage {
    return { pieces: this.#pieces, unknown: this.#unknown, letters: this.#letters };
  }

  #isLetter(id: number): boolean {
    let known = this.#areLetters.get(id);
    if (known === undefined) {
      known = letter.test(this.#tokenizer.piece(id) ?? '');
      this.#areLetters.set(id, known);
    }
    return known;
  }
}
