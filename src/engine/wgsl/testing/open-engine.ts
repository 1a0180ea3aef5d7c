/** Engines on WebGPU for tests: poisoned slots, one variant of the matrix product, default limits. */
import type { EngineStudent } from '../../engine.ts';
import { PlanEngine } from '../../plan/plan-engine.ts';
import { matmulVariants, type MatmulVariant } from '../matmul.ts';
import { WgslExecutor, type WgslExecutorOptions } from '../wgsl-executor.ts';
import { openTestGpu } from './open-gpu.ts';

/** @throws Error where there is none of this name. */
export function variantCalled(name: string): MatmulVariant {
  const found = matmulVariants.find((variant) => variant.name === name);
  if (found === undefined) throw new Error(`No variant is called ${name}.`);
  return found;
}

/** The variant that software GPUs compile fastest. */
export const quickVariant = variantCalled('direct 4×8 a thread');

export async function openTestEngine(
  student: EngineStudent,
  options: WgslExecutorOptions & { features?: boolean } = {},
): Promise<PlanEngine & { executor: WgslExecutor }> {
  const gpu = await openTestGpu(options);
  let executor: WgslExecutor | null = null;
  const engine = new PlanEngine(student, {
    createExecutor: (layout) =>
      (executor = new WgslExecutor(layout, gpu, { poison: true, variant: quickVariant, ...options })),
    reason: 'A test.',
  });
  return Object.assign(engine, { executor: executor! });
}
