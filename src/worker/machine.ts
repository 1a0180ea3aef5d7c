/** What this machine offers, and engines on it. */
import { chooseEngine, openChosen, type EngineRequest } from '../engine/choose.ts';
import { lastProof, parseAdapterRecord, type GpuProof } from '../engine/gpu/adapter-notes.ts';
import { probeAdapter } from '../engine/gpu/probe.ts';
import { openBackend } from '../engine/tfjs/open.ts';
import type { BackendName, Engine, EngineStudent } from '../engine/engine.ts';
import type { KernelVariant } from '../engine/wasm/kernel-variant.ts';
import type { CommandOf, Machine } from './protocol.ts';

/** See `probe` in protocol.ts. */
export async function probeMachine(_command: CommandOf<'probe'>): Promise<Machine> {
  const { kind, description } = await probeAdapter(navigator.gpu);
  const proof = kind === 'none' ? null : await proofOf(description);
  return {
    gpu: { kind, description, proof },
    crossOriginIsolated: self.crossOriginIsolated,
    threads: navigator.hardwareConcurrency,
    backend: kind === 'hardware' && proof?.verdict !== 'wrong' ? 'webgpu' : 'wasm',
  };
}

async function proofOf(adapter: string): Promise<GpuProof | null> {
  const { tuningDatabase } = await import('./tuning-database.ts');
  return lastProof(parseAdapterRecord(await tuningDatabase.read(adapter)));
}

/** Told how many kernels a GPU's driver has compiled, of how many. */
export type TellCompiling = (done: number, total: number) => void;

/**
 * An engine with a student on it: the one asked for, or the best there is. Only what is used is loaded. Disposing of it
 * frees all that it opened.
 * @param signal Ends the opening on a GPU, which is checked, tuned and compiled for first.
 */
export async function openEngine(
  student: EngineStudent,
  request: EngineRequest,
  tellCompiling?: TellCompiling,
  signal?: AbortSignal,
): Promise<Engine> {
  const chosen = await chooseEngine(request, () => probeAdapter(navigator.gpu));
  return openChosen(chosen, request, {
    tfjs: (backend) => openTfjs(student, backend),
    wgsl: (reason) => openWgsl(student, reason, tellCompiling, signal),
    wasm: (reason) => openWasm(student, reason, request.kernels ?? null),
    // No SIMD, no threads, no memory: TensorFlow.js finds what is left.
    instead: () => openTfjs(student, null),
  });
}

async function openTfjs(student: EngineStudent, backend: BackendName | null): Promise<Engine> {
  const [{ createTfjsEngine }, { wasmUrls }] = await Promise.all([
    import('../engine/tfjs/tfjs-engine.ts'),
    import('../engine/tfjs/wasm-urls.ts'),
  ]);
  const open = await openBackend({ backend: backend ?? undefined, wasmPaths: wasmUrls });
  return createTfjsEngine(student, open, { ownsBackend: true });
}

async function openWasm(
  student: EngineStudent,
  why: string,
  begunWith: KernelVariant | null,
): Promise<Engine> {
  const [{ createWasmEngine }, { startBrowserThread }, { chooseKernels }, { tuningDatabase }] =
    await Promise.all([
      import('../engine/wasm/wasm-engine.ts'),
      import('../engine/wasm/browser-thread.ts'),
      import('../engine/wasm/kernel-choice.ts'),
      import('./tuning-database.ts'),
    ]);
  const threads = navigator.hardwareConcurrency;
  // A browser does not say which processor it runs on; what it keeps stays on one machine.
  const choice = await chooseKernels({ memory: tuningDatabase, processor: null, begunWith });
  const reason = choice.reason === null ? why : `${why} ${choice.reason}`;
  return createWasmEngine(student, {
    threads,
    startThread: startBrowserThread,
    reason,
    kernels: choice.kernels,
  });
}

async function openWgsl(
  student: EngineStudent,
  reason: string,
  onCompile?: TellCompiling,
  signal?: AbortSignal,
): Promise<Engine> {
  const [{ createWgslEngine }, { tuningDatabase }] = await Promise.all([
    import('../engine/wgsl/wgsl-engine.ts'),
    import('./tuning-database.ts'),
  ]);
  return createWgslEngine(student, { gpu: navigator.gpu, reason, memory: tuningDatabase, onCompile, signal });
}
