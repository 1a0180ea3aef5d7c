/** The twin's memory: one array per slot and per part of a slab, in double precision or rounded to single. */
import { DropoutMasks } from '../../dropout.ts';
import type { Floats } from '../executor.ts';
import type { Dropout } from '../operations.ts';
import {
  lengthOf,
  sizeOfExtent,
  type Extent,
  type Plan,
  type Run,
  type SlabName,
  type Table,
  type Tensor,
} from '../plan.ts';

/** `single` rounds every value that an operation writes; sums inside an operation stay in double precision. */
export type Precision = 'double' | 'single';

export function makeFloats(precision: Precision, length: number): Floats {
  return precision === 'double' ? new Float64Array(length) : new Float32Array(length);
}

export type Slabs = Record<SlabName, readonly Floats[]>;

/** What operations of one run see. */
export class TwinMemory {
  readonly #masks: DropoutMasks | null;
  /** run.dropout's factor of what is kept, as the masks have it. */
  readonly keepScale: number;

  constructor(
    readonly plan: Plan,
    readonly slabs: Slabs,
    readonly slots: readonly Floats[],
    readonly integers: Int32Array,
    readonly run: Run,
  ) {
    const { dropout: rate, seed, step } = run;
    this.#masks = rate > 0 ? new DropoutMasks({ rate, seed, step }) : null;
    this.keepScale = rate > 0 ? Math.fround(1 / (1 - rate)) : 1;
  }

  /** From the tensor's first float to the end of its place. */
  floats(tensor: Tensor): Floats {
    const { place } = tensor;
    const data = place.kind === 'slot' ? this.slots[place.slot]! : this.slabs[place.slab][place.part]!;
    return data.subarray(tensor.offset, tensor.offset + lengthOf(tensor));
  }

  table({ offset, length }: Table): Int32Array {
    return this.integers.subarray(offset, offset + length);
  }

  extent(extent: Extent): number {
    return sizeOfExtent(extent, this.run.counts);
  }

  /** Factors of a row of so many columns at a site with its own rate. */
  factorsAt(rate: number, dropout: Dropout, row: number, count: number): Float32Array {
    const { seed, step } = this.run;
    const factors = new Float32Array(count);
    new DropoutMasks({ rate, seed, step }).fill(
      dropout.site,
      this.#firstRow(dropout) + row,
      0,
      count,
      factors,
      0,
    );
    return factors;
  }

  #firstRow({ stack }: Dropout): number {
    return stack === 'encoder' ? this.run.firstEncoderRow : this.run.firstDecoderRow;
  }

  /** Factors of columns first … first + count - 1 (first a multiple of 4) of a row at a site; null keeps everything. */
  factors(dropout: Dropout | null, row: number, first: number, count: number): Float32Array | null {
    if (dropout === null || this.#masks === null) return null;
    const factors = new Float32Array(count);
    this.#masks.fill(dropout.site, this.#firstRow(dropout) + row, first, count, factors, 0);
    return factors;
  }
}
