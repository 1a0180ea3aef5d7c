/** The plan on WebAssembly as an engine: kernels loaded, threads as many as can be had. */
import type { EngineStudent } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { loadKernels } from './kernels.ts';
import type { StartThread } from './threads.ts';
import { WasmExecutor } from './wasm-executor.ts';

export interface WasmEngineOptions {
  /** Threads wanted; one is used where memory cannot be shared. */
  threads: number;
  startThread: StartThread;
  /** Why this engine, as a sentence. */
  reason: string;
}

/** @throws EngineError where WebAssembly SIMD is missing or the student does not fit its memory. */
export async function createWasmEngine(
  student: EngineStudent,
  { threads, startThread, reason }: WasmEngineOptions,
): Promise<PlanEngine> {
  const kernels = await loadKernels();
  return new PlanEngine(student, {
    createExecutor: (layout) => new WasmExecutor(layout, { kernels, threads, startThread }),
    reason,
  });
}
