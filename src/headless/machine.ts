/** Engines in Node: a real GPU where there is one, else WebAssembly. */
import { availableParallelism } from 'node:os';
import { EngineError } from '../base/errors.ts';
import { chooseEngine, type EngineRequest } from '../engine/choose.ts';
import { probeAdapter, type OpenBackend } from '../engine/device.ts';
import type { Engine, EngineStudent } from '../engine/engine.ts';
import { openNodeBackend, openNodeGpu } from '../engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { createWgslEngine } from '../engine/wgsl/wgsl-engine.ts';
import { tuningFile } from './tuning-file.ts';

/** The launcher sets this where it found no driver: looking again would only print the loader's complaint. */
const noGpu = { kind: 'none', description: 'this machine has no graphics driver for WebGPU' } as const;

/**
 * An engine with a student on it: the one asked for, or the best there is. Disposing of it frees all that it opened.
 * @throws InputError where engine and backend do not go together, EngineError where what was asked for does not start.
 */
export async function openEngine(student: EngineStudent, request: EngineRequest): Promise<Engine> {
  const chosen = await chooseEngine(request, async () =>
    process.env['STILLROOM_GPU'] === 'none' ? noGpu : probeAdapter(await openNodeGpu()),
  );
  if (chosen.engine === 'tfjs') {
    const backend = await openNodeBackend({ backend: chosen.backend ?? undefined });
    return createTfjsEngine(student, backend, { ownsBackend: true });
  }
  let why = chosen.reason;
  if (chosen.engine === 'wgsl') {
    try {
      return await createWgslEngine(student, {
        ...{ gpu: await openNodeGpu(), reason: chosen.reason, memory: tuningFile() },
      });
    } catch (error) {
      const wasAskedFor = request.engine !== null || request.backend !== null;
      if (wasAskedFor || !(error instanceof EngineError)) throw error;
      why = `The GPU did not start (${error.problem.replace(/\.$/, '')}), so training runs on WebAssembly.`;
    }
  }
  try {
    return await createWasmEngine(student, {
      threads: availableParallelism(),
      startThread: startNodeThread,
      reason: why,
    });
  } catch (error) {
    const wasAskedFor = request.engine !== null || request.backend !== null;
    if (wasAskedFor || !(error instanceof EngineError)) throw error;
    return createTfjsEngine(student, await openInstead(error.problem), { ownsBackend: true });
  }
}

/** TensorFlow.js without a GPU, where the compiled engine did not start. */
async function openInstead(problem: string): Promise<OpenBackend> {
  const why = `No GPU was found and the compiled engine did not start (${problem.replace(/\.$/, '')}), so training runs on TensorFlow.js`;
  try {
    return { ...(await openNodeBackend({ backend: 'wasm' })), reason: `${why} with WebAssembly.` };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return {
      ...(await openNodeBackend({ backend: 'cpu' })),
      reason: `${why} in plain JavaScript, which is slow.`,
    };
  }
}
