/**
 * Which engine runs: the compiled plan, on WebGPU where there is a real GPU and on WebAssembly where there is none, and
 * whatever a person names. TensorFlow.js is the reference: it runs on every backend, slower.
 */
import { EngineError, InputError, withoutStop } from '../base/errors.ts';
import type { BackendName, Engine } from './engine.ts';
import type { KernelVariant } from './wasm/kernel-variant.ts';

/** Engines that a person can name. */
export const engineChoices = ['tfjs', 'wasm', 'wgsl'] as const;
export type EngineChoice = (typeof engineChoices)[number];

/** What a person asked for; null leaves it to the studio. */
export interface EngineRequest {
  engine: EngineChoice | null;
  backend: BackendName | null;
  /** The kernels that a resumed run began with on WebAssembly; left out or null: what is fastest here. */
  kernels?: KernelVariant | null | undefined;
}

/** What to open. A backend of null for TensorFlow.js: it looks for the best itself. */
export type ChosenEngine =
  { engine: 'wasm' | 'wgsl'; reason: string } | { engine: 'tfjs'; backend: BackendName | null };

/**
 * @param gpu What `probeAdapter` found; asked for only where it decides.
 * @throws InputError where engine and backend do not go together.
 */
export async function chooseEngine(
  { engine, backend }: EngineRequest,
  gpu: () => Promise<{ kind: 'none' | 'software' | 'hardware'; description: string }>,
): Promise<ChosenEngine> {
  if (engine === 'tfjs') return { engine, backend };
  if (engine === 'wasm') {
    if (backend !== null && backend !== 'wasm') {
      throw new InputError(
        `The engine wasm runs on the backend wasm alone, not on ${backend}.`,
        'Leave the backend out, or choose the engine tfjs.',
      );
    }
    return { engine, reason: 'The engine wasm was asked for.' };
  }
  if (engine === 'wgsl') {
    if (backend !== null && backend !== 'webgpu') {
      throw new InputError(
        `The engine wgsl runs on the backend webgpu alone, not on ${backend}.`,
        'Leave the backend out, or choose the engine tfjs.',
      );
    }
    return { engine, reason: 'The engine wgsl was asked for.' };
  }
  if (backend === 'wasm') return { engine: 'wasm', reason: 'WebAssembly was asked for.' };
  if (backend === 'webgpu') return { engine: 'wgsl', reason: 'WebGPU was asked for.' };
  if (backend !== null) return { engine: 'tfjs', backend };
  const { kind, description } = await gpu();
  switch (kind) {
    case 'hardware':
      return {
        engine: 'wgsl',
        reason: `A GPU was found (${description}), so training runs on it with WebGPU.`,
      };
    case 'software':
      return {
        engine: 'wasm',
        reason: `No GPU was found (the only adapter is ${description}, which is software), so training runs on WebAssembly.`,
      };
    case 'none':
      return {
        engine: 'wasm',
        reason: `No GPU was found (${description}), so training runs on WebAssembly.`,
      };
    default:
      return kind satisfies never;
  }
}

/** How a door opens engines; each says `reason` of itself. */
export interface EngineOpeners {
  wgsl: (reason: string) => Promise<Engine>;
  wasm: (reason: string) => Promise<Engine>;
  tfjs: (backend: BackendName | null) => Promise<Engine>;
  /** TensorFlow.js where the compiled engine started nowhere. @param problem Why not, as a part of a sentence. */
  instead: (problem: string) => Promise<Engine>;
}

/**
 * Opens what was chosen. Where nothing was asked for by name, what does not start is followed by the next best: the
 * GPU by WebAssembly, that by TensorFlow.js.
 * @throws EngineError where what was asked for, or the last of them, does not start.
 */
export async function openChosen(
  chosen: ChosenEngine,
  { engine, backend }: EngineRequest,
  open: EngineOpeners,
): Promise<Engine> {
  if (chosen.engine === 'tfjs') return open.tfjs(chosen.backend);
  const wasAskedFor = engine !== null || backend !== null;
  const orElse = async (first: Promise<Engine>, next: (problem: string) => Promise<Engine>) => {
    try {
      return await first;
    } catch (error) {
      if (wasAskedFor || !(error instanceof EngineError)) throw error;
      return next(withoutStop(error.problem));
    }
  };
  const onWasm = (reason: string) => orElse(open.wasm(reason), open.instead);
  if (chosen.engine === 'wasm') return onWasm(chosen.reason);
  return orElse(open.wgsl(chosen.reason), (problem) =>
    onWasm(`The GPU did not start (${problem}), so training runs on WebAssembly.`),
  );
}
