/** The plan on a GPU as an engine. */
import { EngineError } from '../../base/errors.ts';
import { probeAdapter } from '../device.ts';
import type { EngineStudent } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { Gpu } from './gpu.ts';
import type { TuningMemory } from './tuner.ts';
import { WgslExecutor } from './wgsl-executor.ts';

export interface WgslEngineOptions {
  /** Where adapters are asked for: `navigator.gpu`. */
  gpu: GPU | undefined;
  /** Why this engine, as a sentence. */
  reason: string;
  memory?: TuningMemory | undefined;
  onCompile?: ((done: number, total: number) => void) | undefined;
}

/** @throws EngineError where there is no GPU, the browser refuses a device, or the student does not fit. */
export async function createWgslEngine(
  student: EngineStudent,
  { gpu: source, reason, memory, onCompile }: WgslEngineOptions,
): Promise<PlanEngine> {
  const gpu = await openGpu(source);
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

async function openGpu(source: GPU | undefined): Promise<Gpu> {
  const probe = await probeAdapter(source);
  if (probe.kind === 'none') {
    throw new EngineError(
      `WebGPU was asked for, but ${probe.description}.`,
      'Choose wasm, or use a browser and a graphics driver that offer WebGPU.',
    );
  }
  try {
    return await Gpu.open(probe.adapter, { name: probe.description });
  } catch (error) {
    const words = error instanceof Error ? error.message.trim().replace(/\.$/, '') : String(error);
    throw new EngineError(
      `The GPU (${probe.description}) could not be opened: ${words}.`,
      'Close other programs that use the GPU and try again, or choose wasm.',
    );
  }
}
