/** The plan on WebAssembly as an engine: kernels loaded, threads as many as can be had. */
import type { EngineStudent } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { loadKernels, type Kernels } from './kernels.ts';
import type { StartThread } from './threads.ts';
import { WasmExecutor } from './wasm-executor.ts';

export interface WasmEngineOptions {
  /** Threads wanted; one is used where memory cannot be shared. */
  threads: number;
  startThread: StartThread;
  /** Why this engine, as a sentence. */
  reason: string;
  /** Left out: the plain ones. */
  kernels?: Kernels;
}

/** @throws EngineError where WebAssembly SIMD is missing, a thread does not start, or the student does not fit its memory. */
export async function createWasmEngine(
  student: EngineStudent,
  { threads, startThread, reason, kernels: given }: WasmEngineOptions,
): Promise<PlanEngine> {
  const kernels = given ?? (await loadKernels());
  const engine = new PlanEngine(student, {
    createExecutor: (layout) => new WasmExecutor(layout, { kernels, threads, startThread }),
    reason,
    bindingBytes: Infinity,
  });
  try {
    // Threads start with the first work: one token now, so that one that does not start is known here.
    const input = Int32Array.of(student.config.eos_token_id);
    await engine.generate([input], { maxNewTokens: 1, numBeams: 1 });
  } catch (error) {
    engine.dispose();
    throw error;
  }
  return engine;
}
