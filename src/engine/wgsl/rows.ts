/** Dispatches of the operations on rows: embeddings, layer norms, and the last sums of their gradients. */
import { dropoutNumbers } from '../dropout.ts';
import type {
  BiasGradient,
  Drop,
  Embed,
  EmbedBackward,
  RmsNorm,
  RmsNormBackward,
  SumPartials,
} from '../plan/operations.ts';
import type { Tensor } from '../plan/plan.ts';
import {
  accumulateWords,
  dispatch,
  dropoutParts,
  fold,
  foldThreads,
  read,
  rowParts,
  sumParts,
  write,
  type Dispatch,
  type Sharing,
  type SharingChoice,
} from './dispatch.ts';
import biasGradientSource from './kernels/bias-gradient.wgsl?raw';
import dropSource from './kernels/drop.wgsl?raw';
import embedBackwardSource from './kernels/embed-backward.wgsl?raw';
import embedSource from './kernels/embed.wgsl?raw';
import rmsNormBackwardSource from './kernels/rms-norm-backward.wgsl?raw';
import rmsNormSource from './kernels/rms-norm.wgsl?raw';
import sumPartialsSource from './kernels/sum-partials.wgsl?raw';
import sums from './kernels/sums.wgsl?raw';
import { extentWord } from './run-block.ts';

/** Threads for a row of so many columns. */
function rowThreads(columns: number): number {
  return columns > 512 ? 64 : 32;
}

/** Whether all of these can be read and written four floats at a time: rows are whole fours and begin at one. */
function areVectors(tensors: readonly Tensor[]): boolean {
  return tensors.every(({ offset, shape }) => offset % 4 === 0 && shape.at(-1)! % 4 === 0);
}

export function embed({ rows, ids, weight, output, dropout }: Embed): Dispatch {
  const columns = weight.shape[1]!;
  const drop = dropoutParts(dropout);
  return dispatch({
    source: embedSource,
    label: 'embed',
    flags: [...drop.flags, ...(weight.half === true ? ['HALF'] : [])],
    tables: 'read',
    bindings: [read('weight', weight), write('output', output)],
    params: { rows: extentWord(rows), columns, ids: ids.offset, ...drop.params },
    grid: (counts) => foldThreads(counts[rows] * Math.ceil(columns / 4), 64),
  });
}

export function drop({ rows, rate, dropout, input, output, accumulate }: Drop): Dispatch {
  const columns = input.shape[1]!;
  const { flags, params } = dropoutParts(dropout);
  const { threshold, keepScale } = dropoutNumbers({ rate, seed: 0, step: 0 });
  return dispatch({
    source: dropSource,
    label: 'drop',
    flags: [...flags, ...(accumulate === 'always' ? ['ADDS'] : [])],
    bindings: [read('input', input), write('output', output)],
    params: { rows: extentWord(rows), columns, threshold, kept: { float: keepScale }, ...params },
    grid: (counts) => foldThreads(counts[rows] * Math.ceil(columns / 4), 64),
  });
}

export function embedBackward({ ids, starts, rows, encoder, decoder, output }: EmbedBackward): Dispatch {
  const columns = output.shape[1]!;
  return dispatch({
    source: embedBackwardSource,
    label: 'embedBackward',
    tables: 'read',
    bindings: [read('encoder', encoder), read('decoder', decoder), write('output', output)],
    params: {
      columns,
      ids: ids.offset,
      starts: starts.offset,
      positions: rows.offset,
      distinctIds: extentWord('distinctIds'),
      encoderRows: extentWord('encoderRows'),
    },
    grid: (counts) => foldThreads(counts.distinctIds * columns, 64),
  });
}

export function rmsNorm(
  { rows, x, weight, y, inverse, epsilon, dropout }: RmsNorm,
  choice: SharingChoice,
): Dispatch {
  const { flags, subgroups, constants, groups } = rowParts(choice, rowThreads(x.shape[1]!));
  const columns = x.shape[1]!;
  const drop = dropoutParts(dropout);
  const vector = areVectors([x, weight, y]);
  return dispatch({
    source: `${sums}${rmsNormSource}`,
    label: 'rmsNorm',
    flags: [...flags, ...drop.flags, ...(vector ? ['VECTOR'] : [])],
    subgroups,
    constants,
    bindings: [
      ...[read('x', x), read('weight', weight), write('y', y)].map((one) => ({ ...one, vector })),
      write('inverse', inverse),
    ],
    params: { rows: extentWord(rows), columns, epsilon: { float: epsilon }, ...drop.params },
    grid: (counts) => fold(groups(counts[rows])),
  });
}

export function rmsNormBackward(operation: RmsNormBackward, choice: SharingChoice): Dispatch {
  const { rows, dy, x, inverse, weight, dx, accumulate, partials, dropout, next } = operation;
  const columns = x.shape[1]!;
  const runs = partials.shape[0]!;
  const drop = dropoutParts(dropout);
  const below = dropoutParts(next?.dropout ?? null);
  // A run of rows is what a row is to others.
  const { flags, subgroups, constants, groups } = rowParts(choice, rowThreads(columns));
  const vector = areVectors([dy, x, weight, dx, partials, ...(next === null ? [] : [next.output])]);
  return dispatch({
    source: `${sums}${rmsNormBackwardSource}`,
    label: 'rmsNormBackward',
    subgroups,
    flags: [
      ...flags,
      ...new Set([...drop.flags, ...below.flags]),
      ...(accumulate === 'always' ? ['ADDS'] : []),
      ...(next === null ? [] : ['NEXT']),
      ...(dropout === null ? [] : ['OWN_DROPOUT']),
      ...(vector ? ['VECTOR'] : []),
    ],
    constants: { ...constants, QUADS: Math.ceil(columns / (4 * constants.THREADS)) },
    bindings: [
      ...[
        read('dy', dy),
        read('x', x),
        read('weight', weight),
        write('dx', dx),
        write('sumsOut', partials),
        ...(next === null ? [] : [write('below', next.output)]),
      ].map((one) => ({ ...one, vector })),
      read('inverse', inverse),
    ],
    params: {
      rows: extentWord(rows),
      columns,
      runs,
      ...drop.params,
      nextSite: below.params.site,
      nextStack: below.params.stack,
    },
    grid: () => [groups(runs), 1, 1],
  });
}

export function sumPartials({ partials, output, accumulate }: SumPartials): Dispatch {
  const [groups, count, columns] = partials.shape as [number, number, number];
  return dispatch({
    source: sumPartialsSource,
    label: 'sumPartials',
    bindings: [read('summands', partials), write('output', output)],
    params: { groups, count, columns, accumulate: accumulateWords[accumulate] },
    grid: () => foldThreads(groups * columns, 64),
  });
}

export function biasGradient(operation: BiasGradient, sharing: Sharing): Dispatch {
  const { tileCount, causal, buckets, partials, output, accumulate } = operation;
  const [, heads, distances] = partials.shape as [number, number, number];
  const { threads, flags, subgroups } = sumParts(sharing, 64);
  return dispatch({
    source: `${sums}${biasGradientSource}`,
    label: 'biasGradient',
    tables: 'read',
    subgroups,
    flags,
    constants: { THREADS: threads },
    bindings: [read('summands', partials), write('output', output)],
    params: {
      tileCount: extentWord(tileCount),
      heads,
      maxLength: (distances + 1) / 2,
      causal: Number(causal),
      buckets: buckets.offset,
      accumulate: accumulateWords[accumulate],
    },
    grid: () => [output.shape[0]!, heads, 1],
  });
}
