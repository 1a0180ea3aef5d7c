/**
 * The permutation that `numpy.random.default_rng(seed).permutation(n)` gives: PCG64 (XSL-RR) seeded by NumPy's
 * SeedSequence, Fisher and Yates from the end. With it rows are drawn as Hugging Face's `train_test_split` draws them.
 */

const mask64 = (1n << 64n) - 1n;
const mask128 = (1n << 128n) - 1n;
const multiplier = (2549297995355413924n << 64n) | 4865540595714422341n;

/** SeedSequence(seed).generate_state(4, uint64). @param seed In [0, 2^32). */
function seedWords(seed: number): bigint[] {
  const pool = new Uint32Array(4);
  let constant = 0x43b0d7e5;
  const hash = (word: number): number => {
    word ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    word = Math.imul(word, constant);
    return (word ^ (word >>> 16)) >>> 0;
  };
  const mix = (x: number, y: number): number => {
    const mixed = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) | 0;
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  for (let at = 0; at < 4; at += 1) pool[at] = hash(at === 0 ? seed : 0);
  for (let from = 0; from < 4; from += 1)
    for (let to = 0; to < 4; to += 1) if (from !== to) pool[to] = mix(pool[to]!, hash(pool[from]!));
  let second = 0x8b51f9dd;
  const words = Array.from({ length: 8 }, (_, at): bigint => {
    let word = pool[at % 4]! ^ second;
    second = Math.imul(second, 0x58f38ded);
    word = Math.imul(word, second);
    return BigInt((word ^ (word >>> 16)) >>> 0);
  });
  return [0, 1, 2, 3].map((at) => words[2 * at]! | (words[2 * at + 1]! << 32n));
}

class Pcg64 {
  #state = 0n;
  readonly #increment: bigint;
  /** The upper half of the last number, which is the next one of 32 bits. */
  #kept: number | null = null;

  constructor(seed: number) {
    const [high, low, highSequence, lowSequence] = seedWords(seed) as [bigint, bigint, bigint, bigint];
    this.#increment = ((((highSequence << 64n) | lowSequence) << 1n) | 1n) & mask128;
    this.#step();
    this.#state = (this.#state + ((high << 64n) | low)) & mask128;
    this.#step();
  }

  #step(): void {
    this.#state = (this.#state * multiplier + this.#increment) & mask128;
  }

  nextUint32(): number {
    if (this.#kept !== null) {
      const kept = this.#kept;
      this.#kept = null;
      return kept;
    }
    this.#step();
    const word = (this.#state >> 64n) ^ (this.#state & mask64);
    const turn = this.#state >> 122n;
    const turned = ((word >> turn) | (word << (64n - turn))) & mask64;
    this.#kept = Number(turned >> 32n);
    return Number(turned & 0xffff_ffffn);
  }

  /** Uniform in [0, most], by rejection under a mask. @param most Below 2^32. */
  upTo(most: number): number {
    const mask = 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const drawn = (this.nextUint32() & mask) >>> 0;
      if (drawn <= most) return drawn;
    }
  }
}

/** 0 … `length` - 1 in the order in which NumPy has them. @param seed In [0, 2^32). */
export function numpyPermutation(length: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, at) => at);
  const random = new Pcg64(seed);
  for (let at = length - 1; at > 0; at -= 1) {
    const other = random.upTo(at);
    const kept = order[at]!;
    order[at] = order[other]!;
    order[other] = kept;
  }
  return order;
}
