/** Engines in Node: a real GPU where there is one, else WebAssembly. */
import { availableParallelism, cpus } from 'node:os';
import { EngineError } from '../base/errors.ts';
import { chooseEngine, openChosen, type ChosenEngine, type EngineRequest } from '../engine/choose.ts';
import { probeAdapter } from '../engine/gpu/probe.ts';
import type { OpenBackend } from '../engine/tfjs/open.ts';
import type { Engine, EngineStudent } from '../engine/engine.ts';
import { openNodeBackend, openNodeGpu } from '../engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { chooseKernels } from '../engine/wasm/kernel-choice.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { createWgslEngine } from '../engine/wgsl/wgsl-engine.ts';
import { tuningFile } from './tuning-file.ts';

/** The launcher sets this where it found no driver: looking again would only print the loader's complaint. */
const noGpu = { kind: 'none', description: 'this machine has no graphics driver for WebGPU' } as const;

/** What is known of this machine's processors. */
const notes = tuningFile();

/** For tests, and for whoever wants the same bits on every machine: nothing is measured. */
const wantsPlain = (): boolean => process.env['STILLROOM_KERNELS'] === 'plain';

/**
 * Which engine `openEngine` begins with.
 * @throws InputError where engine and backend do not go together.
 */
export function chooseForThisMachine(request: EngineRequest): Promise<ChosenEngine> {
  return chooseEngine(request, async () =>
    process.env['STILLROOM_GPU'] === 'none' ? noGpu : probeAdapter(await openNodeGpu()),
  );
}

/**
 * An engine with a student on it: the one asked for, or the best there is. Disposing of it frees all that it opened.
 * @param request.threads Threads of WebAssembly; as many as the machine has where it is left out.
 * @throws InputError where engine and backend do not go together, EngineError where what was asked for does not start.
 */
export async function openEngine(
  student: EngineStudent,
  { threads = availableParallelism(), ...request }: EngineRequest & { threads?: number },
): Promise<Engine> {
  const chosen = await chooseForThisMachine(request);
  return openChosen(chosen, request, {
    tfjs: async (backend) =>
      createTfjsEngine(student, await openNodeBackend({ backend: backend ?? undefined }), {
        ownsBackend: true,
      }),
    wgsl: async (reason) => createWgslEngine(student, { gpu: await openNodeGpu(), reason, memory: notes }),
    wasm: async (why) => {
      const { kernels, reason } = await chooseKernels({
        memory: notes,
        // A home folder may be that of several machines.
        processor: cpus()[0]?.model.trim() ?? null,
        begunWith: wantsPlain() ? 'plain' : (request.kernels ?? null),
      });
      const whole = reason === null ? why : `${why} ${reason}`;
      return createWasmEngine(student, { threads, startThread: startNodeThread, reason: whole, kernels });
    },
    instead: async (problem) => createTfjsEngine(student, await openInstead(problem), { ownsBackend: true }),
  });
}

/** TensorFlow.js without a GPU, where the compiled engine did not start. */
async function openInstead(problem: string): Promise<OpenBackend> {
  const why = `No GPU was found and the compiled engine did not start (${problem}), so training runs on TensorFlow.js`;
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
