/** Dispatches of matrix products: one template, variants that differ in how threads share loads. */
import type { Epilogue, Matmul } from '../plan/operations.ts';
import { sizeOfExtent } from '../plan/plan.ts';
import {
  accumulateWords,
  dispatch,
  dropoutParts,
  read,
  write,
  type Binding,
  type Dispatch,
} from './dispatch.ts';
import common from './kernels/matmul-common.wgsl?raw';
import direct from './kernels/matmul-direct.wgsl?raw';
import quad from './kernels/matmul-quad.wgsl?raw';
import staged from './kernels/matmul-staged.wgsl?raw';
import { extentWord } from './run-block.ts';

/** How a product is cut up. Blocks are four rows, groups four columns. All variants give the same bits. */
export interface MatmulVariant {
  name: string;
  kernel: 'staged' | 'direct' | 'quad';
  threadsX: number;
  threadsY: number;
  rowBlocks: number;
  groups: number;
  /** Values of k in workgroup memory at a time; 0 where none is used. */
  depth: number;
}

const variant = (
  name: string,
  kernel: MatmulVariant['kernel'],
  [threadsX, threadsY, rowBlocks, groups, depth]: readonly [number, number, number, number, number],
): MatmulVariant => ({ name, kernel, threadsX, threadsY, rowBlocks, groups, depth });

/**
 * All variants, the likeliest for a GPU first. A gate needs an even number of groups. Nothing needs more than 16 KiB
 * of workgroup memory or 256 threads.
 */
export const matmulVariants: readonly MatmulVariant[] = [
  variant('staged 32×32', 'staged', [8, 8, 1, 1, 16]),
  variant('staged 64×64', 'staged', [16, 16, 1, 1, 16]),
  variant('staged 32×64, 4×8 a thread', 'staged', [8, 8, 1, 2, 16]),
  variant('staged 64×64, 8×8 a thread', 'staged', [8, 8, 2, 2, 16]),
  variant('direct 8×8 a thread', 'direct', [8, 8, 2, 2, 0]),
  variant('direct 4×8 a thread', 'direct', [8, 8, 1, 2, 0]),
  variant('quad 32×16', 'quad', [4, 1, 2, 1, 0]),
  variant('quad 16×32', 'quad', [4, 1, 1, 2, 0]),
  variant('quad 32×32', 'quad', [4, 1, 2, 2, 0]),
  // Where a processor fetches long code fast enough.
  variant('quad 32×64', 'quad', [4, 1, 2, 4, 0]),
  variant('two quads 64×16', 'quad', [4, 2, 2, 1, 0]),
  variant('two quads 32×32', 'quad', [8, 1, 2, 1, 0]),
  variant('two quads 16×64', 'quad', [8, 1, 1, 2, 0]),
  variant('two quads 32×64', 'quad', [8, 1, 2, 2, 0]),
];

/**
 * Whether a product has so few columns that a tile's width decides: an adapter has as many as its rank, 8 mostly, and
 * of a tile of 64 columns seven in eight would be computed for nothing.
 */
export function hasFewColumns({ n, epilogue }: Matmul): boolean {
  return typeof n === 'number' && (epilogue.kind === 'gated' ? n / 2 : n) <= 32;
}

/** Whether a variant can do this product, where the device has what it needs. */
export function canDo({ groups }: MatmulVariant, { epilogue }: Matmul): boolean {
  return epilogue.kind !== 'gated' || groups % 2 === 0;
}

/**
 * Variants that suit this product on a device.
 * @param lanes How many a workgroup of quads should have: 4, 8 where subgroups are wider than a quad, 0 where there are none.
 */
export function variantsFor(operation: Matmul, lanes: 0 | 4 | 8): MatmulVariant[] {
  const isNarrow = hasFewColumns(operation);
  return matmulVariants.filter((variant) => {
    if (!canDo(variant, operation)) return false;
    const { kernel, threadsX, threadsY } = variant;
    // Quads below each other are for few columns alone.
    return kernel !== 'quad' || (threadsX * threadsY === lanes && (threadsY === 1 || isNarrow));
  });
}

const sources = { staged, direct, quad } as const;
const epilogueFlags = {
  none: 'NONE',
  residual: 'RESIDUAL',
  relu: 'RELU',
  gated: 'GATE',
  reluBackward: 'RELU_BACKWARD',
  gatedBackward: 'GATE_BACKWARD',
} as const satisfies Record<Epilogue['kind'], string>;

export function matmul(operation: Matmul, chosen: MatmulVariant): Dispatch {
  const { form, m, n, k, a, b, scale, accumulate, epilogue, strides } = operation;
  if (typeof n !== 'number') throw new Error('Columns of a product are fixed by the student.');
  const drop = dropoutParts(epilogue.kind === 'none' ? null : epilogue.dropout);
  const isGated = epilogue.kind === 'gated';
  const vectors = isVector(operation);
  const { threadsX, threadsY, rowBlocks, groups, depth } = chosen;
  // The four lanes of a quad are beside each other; its rows are all four lanes' rows.
  const isQuad = chosen.kernel === 'quad';
  const rowsEach = 4 * rowBlocks * threadsY * (isQuad ? 4 : 1);
  const groupsEach = groups * threadsX;
  const allGroups = isGated ? 2 * Math.ceil(n / 2 / 4) : Math.ceil(n / 4);
  return dispatch({
    source: `${common}\n${sources[chosen.kernel]}`,
    label: `matmul ${form} (${chosen.name})`,
    flags: [
      form.toUpperCase(),
      epilogueFlags[epilogue.kind],
      ...drop.flags,
      ...('gate' in epilogue && epilogue.gate === 'silu' ? ['SILU'] : []),
      ...(vectors ? ['VECTOR'] : []),
      ...(b.half === true ? ['HALF'] : []),
      ...(accumulate === 'never' ? [] : ['ADDS']),
      ...(chosen.kernel === 'staged' ? [] : ['ROWS']),
    ],
    constants: {
      THREADS_X: threadsX,
      THREADS_Y: threadsY,
      ...(isQuad ? { THREADS: threadsX * threadsY, QUADS_X: threadsX / 4, QUADS_Y: threadsY } : {}),
      ROW_BLOCKS: rowBlocks,
      GROUPS: groups,
      PAIRS: Math.floor(groups / 2),
      DEPTH: depth,
      ROWS: 4 * rowBlocks * (isQuad ? 4 : 1),
    },
    bindings: [read('a', a), read('b', b), ...outputs(operation)],
    params: {
      m: extentWord(m),
      n,
      k: extentWord(k),
      scale: { float: scale },
      accumulate: accumulateWords[accumulate],
      ...drop.params,
      strideA: strides?.a ?? extentWord(form === 'tn' ? m : k),
      strideB: strides?.b ?? (form === 'nt' ? extentWord(k) : n),
      strideC: strides?.c ?? n,
    },
    vectors,
    grid: (counts) => [Math.ceil(allGroups / groupsEach), Math.ceil(sizeOfExtent(m, counts) / rowsEach), 1],
    subgroups: isQuad,
  });
}

function outputs({ c, epilogue }: Matmul): Binding[] {
  switch (epilogue.kind) {
    case 'none':
    case 'relu':
      return [write('c', c)];
    case 'residual':
      return [write('c', c), read('residual', epilogue.residual)];
    case 'gated':
      return [write('c', c), write('hidden', epilogue.hidden)];
    case 'reluBackward':
      return [write('c', c), read('activation', epilogue.activation)];
    case 'gatedBackward':
      return [write('c', c), write('activation', epilogue.activation)];
    default:
      return epilogue satisfies never;
  }
}

/** Whether all rows and offsets are whole fours, so that four floats can be read and written at once. */
function isVector({ form, m, n, k, a, b, c, epilogue, strides }: Matmul): boolean {
  const whole = (extent: typeof m) => typeof extent !== 'number' || extent % 4 === 0;
  const width = epilogue.kind === 'gated' ? Number(n) / 2 : n;
  // Rows counted at run time are no row lengths, except that k of tn is only walked along.
  const inner = form === 'tn' ? whole(m) : whole(k);
  const offsets = [a, b, c].every(({ offset }) => offset % 4 === 0);
  const wide = strides === undefined || [strides.a, strides.b, strides.c].every(whole);
  return inner && whole(width) && whole(n) && offsets && wide;
}
