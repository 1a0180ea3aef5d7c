/** Weights and moments by name, in and out of an executor's slabs. */
import { EngineError } from '../../base/errors.ts';
import type { Weights } from '../../student/config.ts';
import { sizeOf, type Parameter } from '../../student/parameters.ts';
import type { Executor } from './executor.ts';
import type { SlabName } from './plan.ts';
import type { SlabLayout } from './slab-layout.ts';

/**
 * What a slab is read and written for: the parameters of a state, which are the adapters alone where there are any;
 * gradients and moments of what is trained.
 */
function partsOf(layout: SlabLayout, slab: SlabName, whole: boolean): readonly Parameter[] {
  return slab === 'parameters' && (whole || layout.lora === null) ? layout.parameters : layout.trained;
}

/**
 * Checks that a slab can be written from these; names that it does not hold are left aside.
 * @param whole The base's weights too, where there are adapters.
 * @throws EngineError where a weight is missing or has another size. Nothing is written then.
 */
export function checkWeights(layout: SlabLayout, slab: SlabName, weights: Weights, whole = false): void {
  for (const { name, shape } of partsOf(layout, slab, whole)) {
    const size = weights.get(name)?.length;
    if (size === sizeOf(shape)) continue;
    const what = size === undefined ? 'is missing' : `has ${size} values instead of ${sizeOf(shape)}`;
    throw new EngineError(`The weight ${name} ${what}.`, 'Load the student again from its folder.');
  }
}

/** Writes a slab, or its adapters alone; `weights` must have been checked, with the same `whole`. */
export function writeSlab(
  executor: Executor,
  layout: SlabLayout,
  slab: SlabName,
  weights: Weights,
  whole = false,
): void {
  partLengths(layout, slab, whole).forEach((length, part) => {
    const values = new Float32Array(length);
    for (const block of layout.blocks) {
      if (block.part !== part) continue;
      for (const { name, offset } of block.members) values.set(weights.get(name)!, block.offset + offset);
    }
    executor.writeSlab(slab, part, 0, values);
  });
}

function partLengths(layout: SlabLayout, slab: SlabName, whole: boolean): readonly number[] {
  return layout.partLengthsOf(whole || layout.lora === null ? slab : 'gradients');
}

/** Copies of what a state has of a slab (`checkWeights`), in the order of `expectedParameters`. */
export async function readSlab(executor: Executor, layout: SlabLayout, slab: SlabName): Promise<Weights> {
  const found: Weights = new Map();
  for (const [part, length] of partLengths(layout, slab, false).entries()) {
    const values = await executor.readSlab(slab, part, 0, length);
    for (const block of layout.blocks) {
      if (block.part !== part) continue;
      for (const { name, offset, length: size } of block.members) {
        const start = block.offset + offset;
        found.set(name, Float32Array.from(values.subarray(start, start + size)));
      }
    }
  }
  return new Map(partsOf(layout, slab, false).map(({ name }) => [name, found.get(name)!]));
}
