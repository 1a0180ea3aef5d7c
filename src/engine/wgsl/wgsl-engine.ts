/** The plan on a GPU as an engine. */
import { probeAdapter, withAskedGpu } from '../gpu/probe.ts';
import type { EngineStudent } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { Gpu } from './gpu.ts';
import type { TuningMemory } from './tuner.ts';
import { WgslExecutor, type WgslExecutorOptions } from './wgsl-executor.ts';

export interface WgslEngineOptions {
  /** Where adapters are asked for: `navigator.gpu`. */
  gpu: GPU | undefined;
  /** Why this engine, as a sentence. */
  reason: string;
  memory?: TuningMemory | undefined;
  onCompile?: WgslExecutorOptions['onCompile'];
}

/** @throws EngineError where there is no GPU, the browser refuses a device, or the student does not fit. */
export async function createWgslEngine(
  student: EngineStudent,
  { gpu: source, reason, memory, onCompile }: WgslEngineOptions,
): Promise<PlanEngine> {
  const gpu = await withAskedGpu(await probeAdapter(source), (adapter, name) => Gpu.open(adapter, { name }));
  try {
    const engine = new PlanEngine(student, {
      createExecutor: (layout) => new WgslExecutor(layout, gpu, { memory, onCompile }),
      reason,
    });
    // A buffer that does not fit is refused after it was asked for: one token now, so that it is known here.
    const input = Int32Array.of(student.config.eos_token_id);
    await engine.generate([input], { maxNewTokens: 1, numBeams: 1 });
    return engine;
  } catch (error) {
    gpu.close();
    throw error;
  }
}
