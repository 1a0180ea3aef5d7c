/** Dispatches of the loss and of the update. */
import {
  normChunk,
  type AdamW,
  type Clip,
  type CrossEntropy,
  type SquaredNorm,
  type Zero,
} from '../plan/operations.ts';
import { lengthOf, type SlabName, type Tensor } from '../plan/plan.ts';
import {
  accumulateWords,
  dispatch,
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
import adamwSource from './kernels/adamw.wgsl?raw';
import clipSource from './kernels/clip.wgsl?raw';
import crossEntropySource from './kernels/cross-entropy.wgsl?raw';
import lossSumsSource from './kernels/loss-sums.wgsl?raw';
import squaredNormSource from './kernels/squared-norm.wgsl?raw';
import sums from './kernels/sums.wgsl?raw';
import zeroSource from './kernels/zero.wgsl?raw';
import { extentWord } from './run-block.ts';

/** Of kernels that go through long lists in few workgroups. */
const manyThreads = { THREADS: 256 };

export function crossEntropy(operation: CrossEntropy, choice: SharingChoice): Dispatch[] {
  const { rows, logits, labels, rowWeights, losses, results, accumulate, gradient } = operation;
  const columns = logits.shape[1]!;
  const { flags, subgroups, constants, groups } = rowParts(choice, columns > 2048 ? 256 : 64);
  const vector = columns % 4 === 0 && logits.offset % 4 === 0;
  return [
    dispatch({
      source: `${sums}${crossEntropySource}`,
      label: 'crossEntropy',
      tables: 'read',
      subgroups,
      flags: [...flags, ...(gradient ? ['GRADIENT'] : []), ...(vector ? ['VECTOR'] : [])],
      constants: { ...constants, WIDTH: vector ? 4 : 1 },
      bindings: [
        { ...(gradient ? write('logits', logits) : read('logits', logits)), vector },
        ...(gradient && rowWeights !== null ? [read('weights', rowWeights)] : []),
        write('losses', losses),
      ],
      params: { rows: extentWord(rows), columns, labels: labels.offset },
      grid: (counts) => fold(groups(counts[rows])),
    }),
    dispatch({
      source: `${sums}${lossSumsSource}`,
      label: 'crossEntropy sums',
      constants: manyThreads,
      bindings: [read('losses', losses), write('results', results)],
      params: {
        rows: extentWord(rows),
        answerRows: extentWord('answerRows'),
        accumulate: accumulateWords[accumulate],
      },
      grid: () => [1, 1, 1],
    }),
  ];
}

export function zero({ target, accumulate }: Zero): Dispatch {
  const length = lengthOf(target);
  return dispatch({
    source: zeroSource,
    label: 'zero',
    bindings: [write('output', target)],
    params: { length, accumulate: accumulateWords[accumulate] },
    grid: () => foldThreads(length, 256),
  });
}

export function squaredNorm({ gradients, partials, first }: SquaredNorm, sharing: Sharing): Dispatch {
  const { threads, flags, subgroups } = sumParts(sharing, manyThreads.THREADS);
  const length = lengthOf(gradients);
  const inQuads = length % 4 === 0 && gradients.offset % 4 === 0;
  return dispatch({
    source: `${sums}${squaredNormSource}`,
    label: 'squaredNorm',
    subgroups,
    constants: { THREADS: threads },
    flags: [...flags, ...(inQuads ? ['VECTOR'] : [])],
    bindings: [{ ...read('gradients', gradients), vector: inQuads }, write('output', partials)],
    params: { length, output: first },
    grid: () => foldThreads(length, normChunk),
  });
}

export function clip({ partials, results }: Clip): Dispatch {
  return dispatch({
    source: `${sums}${clipSource}`,
    label: 'clip',
    constants: manyThreads,
    bindings: [read('summands', partials), write('results', results)],
    params: { length: lengthOf(partials) },
    grid: () => [1, 1, 1],
  });
}

export function adamw({ part, offset, length, decayed, results }: AdamW): Dispatch {
  const range = (slab: SlabName): Tensor => ({
    place: { kind: 'slab', slab, part },
    offset,
    shape: [length],
  });
  const slabs = [
    read('gradients', range('gradients')),
    ...(['parameters', 'expAvg', 'expAvgSq'] as const).map((name) => write(name, range(name))),
  ];
  return dispatch({
    source: adamwSource,
    label: 'adamw',
    bindings: [...slabs.map((one) => ({ ...one, vector: true })), read('results', results)],
    params: { quads: length / 4, decayed: Number(decayed) },
    grid: () => foldThreads(length / 4, 256),
  });
}
