/** Weights and moments by name, in and out of an executor's slabs. */
import { EngineError } from '../../base/errors.ts';
import type { Weights } from '../../student/config.ts';
import { expectedParameters, sizeOf } from '../../student/parameters.ts';
import type { Executor } from './executor.ts';
import type { SlabName } from './plan.ts';
import type { SlabLayout } from './slab-layout.ts';

/** @throws EngineError where a weight is missing or has another size. Nothing is written then. */
export function checkWeights(layout: SlabLayout, weights: Weights): void {
  for (const { name, shape } of expectedParameters(layout.config)) {
    const size = weights.get(name)?.length;
    if (size === sizeOf(shape)) continue;
    const what = size === undefined ? 'is missing' : `has ${size} values instead of ${sizeOf(shape)}`;
    throw new EngineError(`The weight ${name} ${what}.`, 'Load the student again from its folder.');
  }
}

/** Writes a whole slab; `weights` must have been checked. */
export function writeSlab(executor: Executor, layout: SlabLayout, slab: SlabName, weights: Weights): void {
  layout.partLengths.forEach((length, part) => {
    const values = new Float32Array(length);
    for (const block of layout.blocks) {
      if (block.part !== part) continue;
      for (const { name, offset } of block.members) values.set(weights.get(name)!, block.offset + offset);
    }
    executor.writeSlab(slab, part, 0, values);
  });
}

/** Copies of all weights, in the order of `expectedParameters`. */
export async function readSlab(executor: Executor, layout: SlabLayout, slab: SlabName): Promise<Weights> {
  const found: Weights = new Map();
  for (const [part, length] of layout.partLengths.entries()) {
    const values = await executor.readSlab(slab, part, 0, length);
    for (const block of layout.blocks) {
      if (block.part !== part) continue;
      for (const { name, offset, length: size } of block.members) {
        const start = block.offset + offset;
        found.set(name, Float32Array.from(values.subarray(start, start + size)));
      }
    }
  }
  return new Map(expectedParameters(layout.config).map(({ name }) => [name, found.get(name)!]));
}
