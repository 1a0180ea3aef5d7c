/** Dispatches of the loss and of the update. */
import {
  normChunk,
  type AdamW,
  type Clip,
  type CrossEntropy,
  type SquaredNorm,
  type Zero,
} from '../plan/operations.ts';
import type { SlabName } from '../plan/plan.ts';
import {
  accumulateWords,
  dispatch,
  extentWord,
  fold,
  foldThreads,
  lengthOf,
  read,
  write,
  type Dispatch,
} from './dispatch.ts';
import adamwSource from './kernels/adamw.wgsl?raw';
import clipSource from './kernels/clip.wgsl?raw';
import crossEntropySource from './kernels/cross-entropy.wgsl?raw';
import lossSumsSource from './kernels/loss-sums.wgsl?raw';
import squaredNormSource from './kernels/squared-norm.wgsl?raw';
import zeroSource from './kernels/zero.wgsl?raw';

export function crossEntropy(operation: CrossEntropy): Dispatch[] {
  const { rows, logits, labels, rowWeights, losses, results, accumulate, gradient } = operation;
  const columns = logits.shape[1]!;
  return [
    dispatch({
      ...{ source: crossEntropySource, label: 'crossEntropy', tables: 'read' },
      flags: gradient ? ['GRADIENT'] : [],
      constants: { THREADS: columns > 2048 ? 256 : 64 },
      bindings: [
        gradient ? write('logits', logits) : read('logits', logits),
        ...(gradient && rowWeights !== null ? [read('weights', rowWeights)] : []),
        write('losses', losses),
      ],
      params: { rows: extentWord(rows), columns, labels: labels.offset },
      grid: (counts) => fold(counts[rows]),
    }),
    dispatch({
      ...{ source: lossSumsSource, label: 'crossEntropy sums' },
      bindings: [read('losses', losses), write('results', results)],
      params: {
        ...{ rows: extentWord(rows), answerRows: extentWord('answerRows') },
        accumulate: accumulateWords[accumulate],
      },
      grid: () => [1, 1, 1],
    }),
  ];
}

export function zero({ target, accumulate }: Zero): Dispatch {
  const length = lengthOf(target);
  return dispatch({
    ...{ source: zeroSource, label: 'zero', bindings: [write('output', target)] },
    params: { length, accumulate: accumulateWords[accumulate] },
    grid: () => foldThreads(length, 256),
  });
}

export function squaredNorm({ gradients, partials, first }: SquaredNorm): Dispatch {
  const length = lengthOf(gradients);
  const inQuads = length % 4 === 0 && gradients.offset % 4 === 0;
  return dispatch({
    ...{ source: squaredNormSource, label: 'squaredNorm', flags: inQuads ? ['QUADS'] : [] },
    bindings: [{ ...read('gradients', gradients), vector: inQuads }, write('output', partials)],
    params: { length, output: first },
    grid: () => foldThreads(length, normChunk),
  });
}

export function clip({ partials, results }: Clip): Dispatch {
  return dispatch({
    ...{ source: clipSource, label: 'clip' },
    bindings: [read('summands', partials), write('results', results)],
    params: { length: lengthOf(partials) },
    grid: () => [1, 1, 1],
  });
}

export function adamw({ part, offset, length, decayed, results }: AdamW): Dispatch {
  const slab = (name: SlabName) => ({
    ...{ name, slab: name, part },
    access: name === 'gradients' ? ('read' as const) : ('read_write' as const),
  });
  return dispatch({
    ...{ source: adamwSource, label: 'adamw', bindings: [read('results', results)] },
    slabs: [slab('parameters'), slab('gradients'), slab('expAvg'), slab('expAvgSq')],
    params: { first: offset / 4, quads: length / 4, decayed: Number(decayed) },
    grid: () => foldThreads(length / 4, 256),
  });
}
