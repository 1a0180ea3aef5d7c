/** What dividing needs of rows without their texts: numbers that are the same where texts are, some 20 bytes a row. */
import { NumberList, TextIndex } from '../base/text-index.ts';
import type { Example } from './example.ts';

/** Texts numbered in the order in which they come. */
class Numbered {
  readonly #index = new TextIndex();

  of(text: string): number {
    const next = this.#index.size;
    return this.#index.add(text, next) ?? next;
  }
}

/** The numbers of texts over all splits. */
export class KeyTexts {
  readonly inputs = new Numbered();
  readonly groups = new Numbered();
  readonly labels = new Numbered();
}

/** Of the rows of one file, by their places from 0. */
export class RowKeys {
  readonly #texts: KeyTexts;
  readonly #rows = new NumberList();
  readonly #inputs = new NumberList();
  readonly #groups = new NumberList();
  readonly #labels = new NumberList();

  constructor(texts: KeyTexts) {
    this.#texts = texts;
  }

  static of(rows: readonly Example[], texts: KeyTexts): RowKeys {
    const keys = new RowKeys(texts);
    for (const row of rows) keys.add(row);
    return keys;
  }

  add({ row, input, label }: Example): void {
    this.#rows.push(row);
    this.#inputs.push(this.#texts.inputs.of(input));
    this.#groups.push(this.#texts.groups.of(input.replace(/\s+/g, ' ').trim().toLowerCase()));
    this.#labels.push(this.#texts.labels.of(label));
  }

  get length(): number {
    return this.#rows.length;
  }

  /** Positions in the file. */
  get rows(): Int32Array {
    return this.#rows.view();
  }

  get inputs(): Int32Array {
    return this.#inputs.view();
  }

  /** Inputs but for case and spaces. */
  get groups(): Int32Array {
    return this.#groups.view();
  }

  get labels(): Int32Array {
    return this.#labels.view();
  }
}
