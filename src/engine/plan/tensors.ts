/** What operations read and write: tensors and where they lie, tables of integers, and numbers known at run time. */

/** The four kinds of slab. All have the same layout: what is at (part, offset) in one is there in the others. */
export type SlabName = 'parameters' | 'gradients' | 'expAvg' | 'expAvgSq';

/** Where a tensor lives: in a part of a slab (kept from step to step), or in a slot (an activation buffer). */
export type Place = { kind: 'slab'; slab: SlabName; part: number } | { kind: 'slot'; slot: number };

/**
 * A dense row-major tensor of floats. `offset` is in floats from the start of its place; `shape[0]` of an activation is
 * a capacity, of which only the first `counts[...]` rows are read and written. Rows follow each other without gaps:
 * the stride of a row is the product of the other dimensions. Slots begin at offset 0 and belong to one tensor at a
 * time; blocks in slabs begin at multiples of 64 floats (256 bytes), single weights inside a fused block need not.
 */
export interface Tensor {
  place: Place;
  offset: number;
  shape: readonly number[];
  /**
   * Its values are 16-bit floats (IEEE binary16), and `offset` counts these. Only what is read and never written: the
   * table of `embed`, and B of a product `nt` or `nn`.
   */
  half?: true;
}

/** Bytes of one value. */
export function bytesPerValue({ half }: { half?: boolean | undefined }): 2 | 4 {
  return half === true ? 2 : 4;
}

/** Columns `from` … of a matrix [rows, columns]; how many is up to the operation. The row stride is `of.shape[1]`. */
export interface Columns {
  of: Tensor;
  from: number;
}

/** A piece of the plan's only Int32 array: `length` integers from `offset`. See `PlanTables`. */
export interface Table {
  offset: number;
  length: number;
}

/**
 * Row numbers known only at run time. `plan.capacities` bounds each of them.
 * `generationRows` are the rows of one decoder step (sequences × beams); `distinctIds` those of the embedding CSR;
 * `encoderTiles` and `decoderTiles` see `PlanTables`; `answerRows` of `decoderRows` are the answer's and come first.
 * Kernels know them by their order here.
 */
export const countNames = [
  'encoderRows',
  'decoderRows',
  'answerRows',
  'encoderSequences',
  'decoderSequences',
  'encoderTiles',
  'decoderTiles',
  'distinctIds',
  'generationRows',
] as const;
export type CountName = (typeof countNames)[number];

export type Counts = Record<CountName, number>;

/** Of a run without a row: for operations whose dimensions are fixed. */
export const noCounts: Counts = {
  encoderRows: 0,
  decoderRows: 0,
  answerRows: 0,
  encoderSequences: 0,
  decoderSequences: 0,
  encoderTiles: 0,
  decoderTiles: 0,
  distinctIds: 0,
  generationRows: 0,
};

/** A matrix dimension: fixed by the student, or counted at run time. */
export type Extent = number | CountName;

export function sizeOfExtent(extent: Extent, counts: Counts): number {
  return typeof extent === 'number' ? extent : counts[extent];
}

/** Floats of a tensor, at its capacity. */
export function lengthOf({ shape }: Tensor): number {
  return shape.reduce((product, size) => product * size, 1);
}
