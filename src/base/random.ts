/**
 * Random numbers by counter: every value is a pure function of a key and four counters, so that any engine can make
 * the same bits in any order, and a run can continue from any step. The hash is pcg4d (Jarzynski and Olano, "Hash
 * Functions for GPU Rendering", JCGT 9(3), 2020), integer arithmetic only, so equal on every machine.
 */

/** Four 32-bit words in, four well-mixed 32-bit words out, written to `out` (length 4). */
export function pcg4d(x: number, y: number, z: number, w: number, out: Uint32Array): void {
  x = (Math.imul(x, 1664525) + 1013904223) | 0;
  y = (Math.imul(y, 1664525) + 1013904223) | 0;
  z = (Math.imul(z, 1664525) + 1013904223) | 0;
  w = (Math.imul(w, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  out[0] = x;
  out[1] = y;
  out[2] = z;
  out[3] = w;
}

/** A seeded sequence for the places where order is natural (shuffles, initial weights, samples). */
export class RandomSequence {
  readonly #out = new Uint32Array(4);
  #counter = 0;

  /** @param seed Any integer. @param stream Separates sequences that share a seed. */
  constructor(
    readonly seed: number,
    readonly stream = 0,
  ) {}

  /** The next 32 random bits. */
  nextUint32(): number {
    const lane = this.#counter & 3;
    if (lane === 0) pcg4d(this.#counter >>> 2, this.stream, 0x5717, this.seed, this.#out);
    this.#counter += 1;
    return this.#out[lane]!;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.nextUint32() / 0x1_0000_0000;
  }

  /** Uniform integer in [0, bound); `bound` at most 2^32. */
  nextInt(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Standard normal, by Box and Muller. */
  nextNormal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** The integers 0 … length-1 in random order (Fisher and Yates). */
  permutation(length: number): Uint32Array {
    const order = Uint32Array.from({ length }, (_, index) => index);
    for (let last = length - 1; last > 0; last -= 1) {
      const other = this.nextInt(last + 1);
      [order[last], order[other]] = [order[other]!, order[last]!];
    }
    return order;
  }
}
