/** What a `WgslExecutor` holds, counted on its plans: no GPU is needed for it. */
import { activationBytes, type DeviceModel } from '../plan/run-memory.ts';
import { maxPartLength } from '../plan/slab-layout.ts';
import { dispatchesOf } from './dispatches.ts';
import { matmulVariants } from './matmul.ts';
import type { Plan } from '../plan/plan.ts';

export const blockStride = 256;
/** Runs that are gathered before they are submitted. */
export const maxGathered = 64;
export const stagingBytes = 4096;

function dispatchCount({ programs, capacities }: Plan): number {
  // How a product is cut up does not change how many there are.
  const choices = { product: () => matmulVariants[0]!, sharing: 'workgroup' } as const;
  return [...programs.values()]
    .flat()
    .reduce((count, operation) => count + dispatchesOf(operation, capacities, choices).length, 0);
}

/** Floats of the buffers that plans share, as BufferPool hands them out: each takes what others left lying. */
function pooledFloats(plans: readonly Plan[]): number {
  const pool: number[] = [];
  for (const { slots } of plans) {
    const free = [...pool].sort((a, b) => a - b);
    for (const length of slots.map((slot) => slot.length).sort((a, b) => b - a)) {
      const found = free.findIndex((buffer) => buffer >= length);
      if (found < 0) pool.push(length);
      else free.splice(found, 1);
    }
  }
  return pool.reduce((sum, length) => sum + length, 0);
}

/** Whether a plan's buffers can be bound, and are not too much together. */
export function isWithin({ slots, tablesLength }: Plan, bindingBytes: number): boolean {
  const together = slots.reduce((sum, { length }) => sum + 4 * length, 0);
  const largest = slots.reduce((most, { length }) => Math.max(most, 4 * length), 4 * tablesLength);
  return together <= activationBytes && largest <= bindingBytes;
}

/**
 * How much memory a GPU has is not told to a page.
 * @param bindingBytes Of the largest buffer that it binds; left out: what every device does.
 */
export function wgslModel(bindingBytes = 4 * maxPartLength): DeviceModel {
  return {
    bytesOf: (layout, plans) => {
      const perPlan = plans.reduce(
        (sum, plan) => sum + 4 * plan.tablesLength + blockStride * dispatchCount(plan),
        0,
      );
      const shared = blockStride * maxGathered + stagingBytes;
      return layout.bytesOfAll + 4 * pooledFloats(plans) + perPlan + shared;
    },
    canHold: (_, plan) => isWithin(plan, bindingBytes),
    limitBytes: Infinity,
    bindingBytes,
  };
}
