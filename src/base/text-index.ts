/**
 * Texts with a number each, known again by a hash of 128 bits: twenty to forty bytes a text however long it is, where a
 * map of the texts themselves would hold all of them. That two of a million texts are taken for one has a chance of
 * about 1 in 10^26.
 */

/** Words of 32 bits to a hash. */
const words = 4;
const smallest = 1024;
/** Slots that may be taken before there are twice as many. */
const fullShare = 0.6;

/** Where `hash128` puts its result: nothing is made for each text. */
const hashed = new Uint32Array(words);

/** Four lanes of multiply and rotate over the UTF-16 units, mixed at the end so that each depends on all. */
function hash128(text: string): void {
  let a = 0x9e3779b9 ^ text.length;
  let b = 0x85ebca6b;
  let c = 0xc2b2ae35;
  let d = 0x27d4eb2f;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x239b961b);
    a = (a << 15) | (a >>> 17);
    b = Math.imul(b ^ unit, 0xab0e9789);
    b = (b << 16) | (b >>> 16);
    c = Math.imul(c ^ unit, 0x38b34ae5);
    c = (c << 17) | (c >>> 15);
    d = Math.imul(d ^ unit, 0xa1e38b93);
    d = (d << 18) | (d >>> 14);
  }
  a = (a + b + c + d) | 0;
  b = mixed((b + a) | 0);
  c = mixed((c + a) | 0);
  d = mixed((d + a) | 0);
  a = mixed(a);
  hashed[0] = a + b + c + d;
  hashed[1] = a + b;
  hashed[2] = a + c;
  hashed[3] = a + d;
}

/** The last steps of MurmurHash3: every bit of the result depends on every bit. */
function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return mix ^ (mix >>> 16);
}

/** A hash of 32 bits, signed: enough to tell two labels of one row apart, not to know a text among many. */
export function hash32(text: string): number {
  hash128(text);
  return hashed[0]! | 0;
}

export class TextIndex {
  /** `words` to a slot. */
  #hashes = new Uint32Array(words * smallest);
  #values = new Int32Array(smallest);
  #taken = new Uint8Array(smallest);
  #size = 0;

  /** How many texts are in it. */
  get size(): number {
    return this.#size;
  }

  /** The number of a text; null where it is not in it. */
  get(text: string): number | null {
    const slot = this.#slotOf(text);
    return this.#taken[slot] === 1 ? this.#values[slot]! : null;
  }

  has(text: string): boolean {
    return this.get(text) !== null;
  }

  /**
   * The number that a text had before; null where it is new and has `value` now.
   * @param value A whole number of 32 bits, signed.
   */
  add(text: string, value = 0): number | null {
    const slot = this.#slotOf(text);
    if (this.#taken[slot] === 1) return this.#values[slot]!;
    this.#hashes.set(hashed, slot * words);
    this.#values[slot] = value;
    this.#taken[slot] = 1;
    this.#size += 1;
    if (this.#size > this.#taken.length * fullShare) this.#grow();
    return null;
  }

  /** Where the text is, or would be. Its hash is left in `hashed`. */
  #slotOf(text: string): number {
    hash128(text);
    return this.#find(hashed[0]!, hashed[1]!, hashed[2]!, hashed[3]!);
  }

  #find(a: number, b: number, c: number, d: number): number {
    const last = this.#taken.length - 1;
    for (let slot = a & last; ; slot = (slot + 1) & last) {
      if (this.#taken[slot] === 0) return slot;
      const at = slot * words;
      const hashes = this.#hashes;
      if (hashes[at] === a && hashes[at + 1] === b && hashes[at + 2] === c && hashes[at + 3] === d)
        return slot;
    }
  }

  #grow(): void {
    const [hashes, values, taken] = [this.#hashes, this.#values, this.#taken];
    const slots = taken.length * 2;
    this.#hashes = new Uint32Array(words * slots);
    this.#values = new Int32Array(slots);
    this.#taken = new Uint8Array(slots);
    for (let old = 0; old < taken.length; old += 1) {
      if (taken[old] === 0) continue;
      const at = old * words;
      const slot = this.#find(hashes[at]!, hashes[at + 1]!, hashes[at + 2]!, hashes[at + 3]!);
      this.#hashes.set(hashes.subarray(at, at + words), slot * words);
      this.#values[slot] = values[old]!;
      this.#taken[slot] = 1;
    }
  }
}

/** Whole numbers of 32 bits, signed, as many as come. */
export class NumberList {
  #numbers = new Int32Array(smallest);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length] = number;
    this.#length += 1;
  }

  /** All of them, as a view on what may still grow. */
  view(): Int32Array {
    return this.#numbers.subarray(0, this.#length);
  }
}
