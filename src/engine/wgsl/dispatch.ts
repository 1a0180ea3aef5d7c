/** One dispatch as data: which kernel, specialised how, on which tensors, over which grid. */
import type { Dropout } from '../plan/operations.ts';
import type { Counts, Tensor } from '../plan/plan.ts';

export type Access = 'read' | 'read_write';

/** A tensor under the name that the kernel has for it. `params.<name>` is where it begins, in floats. */
export interface Binding {
  name: string;
  tensor: Tensor;
  access: Access;
  /** Seen as vec4f, whatever the dispatch's other tensors are. */
  vector?: boolean;
}

export interface Float {
  float: number;
}

export type Grid = readonly [number, number, number];

export interface Dispatch {
  /** WGSL, templates and all. */
  source: string;
  /** The entry of the operation, for messages. */
  label: string;
  flags: readonly string[];
  constants: Readonly<Record<string, number>>;
  bindings: readonly Binding[];
  /** How the Int32 tables are used; null where they are not. */
  tables: Access | null;
  /** Tensors are seen as arrays of vec4f. */
  vectors: boolean;
  params: Readonly<Record<string, number | Float>>;
  /** Workgroups, from the run's counts. */
  grid: (counts: Counts) => Grid;
  /** Needs the device feature `subgroups`. */
  subgroups: boolean;
}

/** A dispatch; what is left out is empty. */
export function dispatch(
  given: Pick<Dispatch, 'source' | 'label' | 'bindings' | 'grid'> & Partial<Dispatch>,
): Dispatch {
  return {
    flags: [],
    constants: {},
    tables: null,
    vectors: false,
    params: {},
    subgroups: false,
    ...given,
  };
}

export const read = (name: string, tensor: Tensor): Binding => ({ name, tensor, access: 'read' });
export const write = (name: string, tensor: Tensor): Binding => ({ name, tensor, access: 'read_write' });

/** Workgroups in a row, folded where one dimension holds 65,535 at most. Kernels unfold with `linear()`. */
export function fold(groups: number): Grid {
  return [Math.min(groups, 65_535), Math.ceil(groups / 65_535), 1];
}

/** So many threads in workgroups of this size. */
export function foldThreads(threads: number, size: number): Grid {
  return fold(Math.ceil(threads / size));
}

/** Params and flag of a dropout. */
export function dropoutParts(dropout: Dropout | null): {
  flags: string[];
  params: { site: number; stack: number };
} {
  return {
    flags: dropout === null ? [] : ['DROPOUT'],
    params: { site: dropout?.site ?? 0, stack: dropout?.stack === 'decoder' ? 1 : 0 },
  };
}

/**
 * How the threads of a workgroup share what they load and sum: through workgroup memory, or, on adapters in software,
 * where loads and barriers are expensive, as the four lanes of one quad (device feature `subgroups`).
 */
export type Sharing = 'workgroup' | 'quad';

/** What suits a device. */
export interface SharingChoice {
  sharing: Sharing;
  /** Quads in a workgroup, each with a head or a row of its own: as many as fill a subgroup; left out: one. */
  quads?: number | undefined;
}

/** What a kernel that uses kernels/sums.wgsl is told. */
export function sumParts(
  sharing: Sharing,
  threads: number,
): { flags: string[]; threads: number; subgroups: boolean } {
  if (sharing === 'quad') return { flags: ['QUAD'], threads: 4, subgroups: true };
  return { flags: threads <= 64 ? ['FEW_THREADS'] : [], threads, subgroups: false };
}

/** What a kernel is told whose workgroup has one row, or one for each of its quads: those of a subgroup branch alike. */
export function rowParts(
  { sharing, quads = 1 }: SharingChoice,
  threads: number,
): {
  flags: string[];
  constants: { THREADS: number; ROWS_EACH: number; SIZE: number };
  subgroups: boolean;
  /** Workgroups for so many rows. */
  groups: (rows: number) => number;
} {
  const { flags, threads: each, subgroups } = sumParts(sharing, threads);
  const rowsEach = sharing === 'quad' ? quads : 1;
  return {
    flags: [...flags, 'BY_ROWS'],
    constants: { THREADS: each, ROWS_EACH: rowsEach, SIZE: each * rowsEach },
    subgroups,
    groups: (rows) => Math.ceil(rows / rowsEach),
  };
}

export const accumulateWords = { never: 0, always: 1, laterPasses: 2 } as const;
