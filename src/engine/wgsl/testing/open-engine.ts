/** Engines on WebGPU for tests: poisoned slots, one variant of the matrix product, default limits. */
import type { EngineStudent } from '../../engine.ts';
import { PlanEngine } from '../../plan/plan-engine.ts';
import type { Gpu } from '../gpu.ts';
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

/** @param options `gpu`: stays open afterwards, and its kernels are not compiled again for the next engine. */
export async function openTestEngine(
  student: EngineStudent,
  options: WgslExecutorOptions & { features?: boolean; gpu?: Gpu } = {},
): Promise<PlanEngine & { executor: WgslExecutor }> {
  const gpu = options.gpu ?? (await openTestGpu(options));
  const keepsGpu = options.gpu !== undefined;
  let executor: WgslExecutor | null = null;
  const engine = new PlanEngine(student, {
    createExecutor: (layout) =>
      (executor = new WgslExecutor(layout, gpu, {
        poison: true,
        variant: quickVariant,
        keepsGpu,
        ...options,
      })),
    reason: 'A test.',
  });
  return Object.assign(engine, { executor: executor! });
}
