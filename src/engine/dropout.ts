/**
 * Dropout by counter: the rule that every engine keeps, so that all of them drop the same values of a step whatever
 * order or padding they compute with.
 *
 * - A value is named by its packed row, its column, its site, the step and the run's seed.
 * - The packed row is the index of the token when all sequences of the step are laid end to end without padding:
 *   micro-batch by micro-batch, in each the answer task's sequences first, then the rationale task's. Encoder and
 *   decoder tokens are counted apart; sequences of a task that is left out for its zero weight are counted too.
 * - The column is the feature; for attention probabilities the row is the query's and the column is
 *   head · 65,536 + key, keys counted within their sequence.
 * - The site is `dropoutSite(stack, layer, place)`.
 * - key = pcg4d(seed, step, 0x5eed, 0); bits = pcg4d(row ^ key₀, ⌊column / 4⌋ ^ key₁, site ^ key₂, key₃), of whose
 *   four words the one at column mod 4 counts. pcg4d is a bijection, so that no two values of a step share bits.
 * - A value is kept where bits ≥ rate · 2³², and is then multiplied by 1 / (1 - rate).
 */
import { pcg4d } from '../base/random.ts';

export type Stack = 'encoder' | 'decoder';

/** Where Hugging Face's T5 drops values, in each block or (the first and last) once in each stack. */
export const dropoutPlaces = {
  embedding: 0,
  selfProbabilities: 1,
  selfOutput: 2,
  crossProbabilities: 3,
  crossOutput: 4,
  feedForwardInner: 5,
  feedForwardOutput: 6,
  final: 7,
} as const;

export type DropoutPlace = keyof typeof dropoutPlaces;

/** Column of key 0 of the second head, for attention probabilities. */
export const headStride = 65_536;

/** The number of a site. `layer` is 0 for places that occur once in a stack. */
export function dropoutSite(stack: Stack, layer: number, place: DropoutPlace): number {
  return ((stack === 'encoder' ? 0 : 1) << 24) | (layer << 8) | dropoutPlaces[place];
}

const adapted = ['q', 'k', 'v', 'o', 'wi', 'wi_0', 'wi_1', 'wo'] as const;
/** First place of adapters: above all that Hugging Face's T5 has. */
const firstAdapterPlace = 16;

/** The number of the site where the input of a layer's adapter is dropped, by the layer's name. */
export function adapterSite(module: string): number {
  const [, stack, layer, sublayer, name] =
    /^(\w+)\.block\.(\d+)\.layer\.(\d)\.\w+\.(\w+)$/.exec(module) ?? [];
  const index = adapted.findIndex((one) => one === name);
  if (index < 0) throw new Error(`${module} is no linear layer.`);
  const place = firstAdapterPlace + adapted.length * Number(sublayer) + index;
  return ((stack === 'encoder' ? 0 : 1) << 24) | (Number(layer) << 8) | place;
}

/** What names the masks of one step. */
export interface DropoutStep {
  rate: number;
  seed: number;
  /** From 1. */
  step: number;
}

/** The rule's numbers for one step: its key, the least bits that are kept, and the factor of what is kept. */
export function dropoutNumbers({ rate, seed, step }: DropoutStep): {
  key: Uint32Array;
  threshold: number;
  keepScale: number;
} {
  const key = new Uint32Array(4);
  pcg4d(seed, step, 0x5eed, 0, key);
  // Bits are whole numbers.
  return { key, threshold: Math.ceil(rate * 0x1_0000_0000), keepScale: 1 / (1 - rate) };
}

/** Makes masks of one step. */
export class DropoutMasks {
  readonly #key: Uint32Array;
  readonly #bits = new Uint32Array(4);
  readonly #threshold: number;
  readonly #kept: number;

  constructor(step: DropoutStep) {
    const { key, threshold, keepScale } = dropoutNumbers(step);
    this.#key = key;
    this.#threshold = threshold;
    this.#kept = keepScale;
  }

  /**
   * Writes the factors (0 or 1 / (1 - rate)) of columns `first` … `first + count - 1` of one row into `out` from
   * `offset` on. `first` must be a multiple of 4.
   */
  fill(site: number, row: number, first: number, count: number, out: Float32Array, offset: number): void {
    const key = this.#key;
    const bits = this.#bits;
    for (let column = 0; column < count; column += 4) {
      pcg4d(row ^ key[0]!, ((first + column) >>> 2) ^ key[1]!, site ^ key[2]!, key[3]!, bits);
      const lanes = Math.min(4, count - column);
      for (let lane = 0; lane < lanes; lane += 1) {
        out[offset + column + lane] = bits[lane]! >= this.#threshold ? this.#kept : 0;
      }
    }
  }
}
