/** Engines in Node: a real GPU where there is one, else WebAssembly. */
import { availableParallelism } from 'node:os';
import { chooseEngine, type EngineRequest } from '../engine/choose.ts';
import { probeAdapter } from '../engine/device.ts';
import type { Engine, EngineStudent } from '../engine/engine.ts';
import { openNodeBackend, openNodeGpu } from '../engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';

/** The launcher sets this where it found no driver: looking again would only print the loader's complaint. */
const noGpu = { kind: 'none', description: 'this machine has no graphics driver for WebGPU' } as const;

/** An engine with a student on it: the one asked for, or the best there is. */
export async function openEngine(student: EngineStudent, request: EngineRequest): Promise<Engine> {
  const chosen = await chooseEngine(request, async () =>
    process.env['STILLROOM_GPU'] === 'none' ? noGpu : probeAdapter(await openNodeGpu()),
  );
  if (chosen.engine === 'tfjs') {
    return createTfjsEngine(student, await openNodeBackend({ backend: chosen.backend ?? undefined }));
  }
  return createWasmEngine(student, {
    threads: availableParallelism(),
    startThread: startNodeThread,
    reason: chosen.reason,
  });
}
