/** What a `WgslExecutor` holds, counted on its plans: no GPU is needed for it. */
import type { DeviceBytes } from '../plan/run-memory.ts';
import { blockStride, maxGathered, stagingBytes } from './wgsl-executor.ts';
import { dispatchesOf } from './dispatches.ts';
import { matmulVariants } from './matmul.ts';
import type { Plan } from '../plan/plan.ts';

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

export const wgslBytes: DeviceBytes = (layout, plans) => {
  const perPlan = plans.reduce(
    (sum, plan) => sum + 4 * plan.tablesLength + blockStride * dispatchCount(plan),
    0,
  );
  const shared = blockStride * maxGathered + stagingBytes;
  return 4 * (layout.lengthOfAll + pooledFloats(plans)) + perPlan + shared;
};
