/** Weights and moments by name, in and out of an executor's slabs. */
import { EngineError } from '../../base/errors.ts';
import type { Weights } from '../../student/config.ts';
import { expectedParameters, sizeOf, type Parameter } from '../../student/parameters.ts';
import type { Executor } from './executor.ts';
import type { SlabName } from './plan.ts';
import type { SlabLayout } from './slab-layout.ts';

/** Names that a slab holds, in the order of `expectedParameters`: gradients and moments only of what is trained. */
function namesOf(layout: SlabLayout, slab: SlabName): Parameter[] {
  const all = expectedParameters(layout.config);
  return slab === 'parameters' ? all : all.filter(({ name }) => !layout.frozen.has(name));
}

/**
 * Checks that a slab can be written from these; names that it does not hold are left aside.
 * @throws EngineError where a weight is missing or has another size. Nothing is written then.
 */
export function checkWeights(layout: SlabLayout, slab: SlabName, weights: Weights): void {
  for (const { name, shape } of namesOf(layout, slab)) {
    const size = weights.get(name)?.length;
    if (size === sizeOf(shape)) continue;
    const what = size === undefined ? 'is missing' : `has ${size} values instead of ${sizeOf(shape)}`;
    throw new EngineError(`The weight ${name} ${what}.`, 'Load the student again from its folder.');
  }
}

/** Writes a whole slab; `weights` must have been checked. */
export function writeSlab(executor: Executor, layout: SlabLayout, slab: SlabName, weights: Weights): void {
  layout.partLengthsOf(slab).forEach((length, part) => {
    const values = new Float32Array(length);
    for (const block of layout.blocks) {
      if (block.part !== part) continue;
      for (const { name, offset } of block.members) values.set(weights.get(name)!, block.offset + offset);
    }
    executor.writeSlab(slab, part, 0, values);
  });
}

/** Copies of all that a slab holds, in the order of `expectedParameters`. */
export async function readSlab(executor: Executor, layout: SlabLayout, slab: SlabName): Promise<Weights> {
  const found: Weights = new Map();
  for (const [part, length] of layout.partLengthsOf(slab).entries()) {
    const values = await executor.readSlab(slab, part, 0, length);
    for (const block of layout.blocks) {
      if (block.part !== part) continue;
      for (const { name, offset, length: size } of block.members) {
        const start = block.offset + offset;
        found.set(name, Float32Array.from(values.subarray(start, start + size)));
      }
    }
  }
  return new Map(namesOf(layout, slab).map(({ name }) => [name, found.get(name)!]));
}
