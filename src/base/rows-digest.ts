/** SHA-256 of values as they come: that of the JSON of their list, which is never held as a whole. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** Characters that are gathered before they are hashed. */
const gathered = 2 ** 16;

export class RowsDigest {
  readonly #hash = sha256.create();
  readonly #encoder = new TextEncoder();
  #text = '[';
  #count = 0;

  add(value: unknown): void {
    // As JSON has it, where a list holds what is no JSON.
    const json = (JSON.stringify(value) as string | undefined) ?? 'null';
    this.#text += this.#count === 0 ? json : `,${json}`;
    this.#count += 1;
    if (this.#text.length >= gathered) this.#flush();
  }

  /** In hexadecimal, of `JSON.stringify` of all values in their order. Nothing can be added afterwards. */
  end(): string {
    this.#text += ']';
    this.#flush();
    return bytesToHex(this.#hash.digest());
  }

  #flush(): void {
    this.#hash.update(this.#encoder.encode(this.#text));
    this.#text = '';
  }
}
