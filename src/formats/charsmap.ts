/**
 * SentencePiece's compiled normalization rules (`precompiled_charsmap`): a double-array trie from letters to places in
 * a list of texts. Source: `spm_precompiled` of Hugging Face, which reads what SentencePiece's `normalizer.cc` writes.
 */
import { InputError } from '../base/errors.ts';

/** Longer letters (with their accents, in bytes of UTF-8) are looked up sign by sign, as `spm_precompiled` does. */
const longestWhole = 5;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const encoder = new TextEncoder();
/** Letters whose text is remembered. */
const rememberedAtMost = 100_000;

export class Charsmap {
  readonly #units: Uint32Array;
  readonly #texts: Uint8Array;
  readonly #known = new Map<string, string>();

  /** @throws InputError where the bytes are no such rules. */
  constructor(bytes: Uint8Array, file: string) {
    const trieBytes =
      bytes.length < 4 ? NaN : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (!(trieBytes <= bytes.length - 4) || trieBytes % 4 !== 0 || trieBytes === 0) {
      throw new InputError('The tokenizer’s precompiled_charsmap is damaged.', 'Download the file again.', {
        file,
      });
    }
    this.#units = new Uint32Array(bytes.slice(4, 4 + trieBytes).buffer);
    this.#texts = bytes.slice(4 + trieBytes);
  }

  /** The text with every rule applied, letter by letter. */
  normalize(text: string): string {
    let result = '';
    for (const { segment } of graphemes.segment(text)) {
      let after = this.#known.get(segment);
      if (after === undefined) {
        after = this.#letter(segment);
        if (this.#known.size >= rememberedAtMost) this.#known.clear();
        this.#known.set(segment, after);
      }
      result += after;
    }
    return result;
  }

  #letter(letter: string): string {
    const bytes = encoder.encode(letter);
    const whole = bytes.length <= longestWhole ? this.#find(bytes) : null;
    if (whole !== null) return whole;
    let result = '';
    for (const sign of letter) result += this.#find(encoder.encode(sign)) ?? sign;
    return result;
  }

  /** The text for the shortest rule that the bytes begin with; null where there is none. */
  #find(bytes: Uint8Array): string | null {
    const units = this.#units;
    const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
    let place = offsetOf(units[0]!);
    for (const byte of bytes) {
      if (byte === 0) return null;
      place ^= byte;
      const unit = units[place];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null;
      place ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) return this.#textAt((units[place] ?? 0) & 0x7fffffff);
    }
    return null;
  }

  #textAt(start: number): string {
    const end = this.#texts.indexOf(0, start);
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      this.#texts.subarray(start, end < 0 ? this.#texts.length : end),
    );
  }
}
