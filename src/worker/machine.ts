/** What this machine offers, and engines on it. */
import { chooseEngine, type EngineRequest } from '../engine/choose.ts';
import { openBackend, probeAdapter } from '../engine/device.ts';
import type { Engine, EngineStudent } from '../engine/engine.ts';
import type { CommandOf, Machine } from './protocol.ts';

/** See `probe` in protocol.ts. */
export async function probeMachine(_command: CommandOf<'probe'>): Promise<Machine> {
  const { kind, description } = await probeAdapter(navigator.gpu as GPU | undefined);
  return {
    gpu: { kind, description },
    crossOriginIsolated: self.crossOriginIsolated,
    threads: navigator.hardwareConcurrency,
    backend: kind === 'hardware' ? 'webgpu' : 'wasm',
  };
}

/** An engine with a student on it: the one asked for, or the best there is. Only what is used is loaded. */
export async function openEngine(student: EngineStudent, request: EngineRequest): Promise<Engine> {
  const chosen = await chooseEngine(request, () => probeAdapter(navigator.gpu as GPU | undefined));
  if (chosen.engine === 'tfjs') {
    const [{ createTfjsEngine }, { wasmUrls }] = await Promise.all([
      import('../engine/tfjs/tfjs-engine.ts'),
      import('../engine/tfjs/wasm-urls.ts'),
    ]);
    return createTfjsEngine(
      student,
      await openBackend({ backend: chosen.backend ?? undefined, wasmPaths: wasmUrls }),
    );
  }
  const [{ createWasmEngine }, { startBrowserThread }] = await Promise.all([
    import('../engine/wasm/wasm-engine.ts'),
    import('../engine/wasm/browser-thread.ts'),
  ]);
  return createWasmEngine(student, {
    threads: navigator.hardwareConcurrency,
    startThread: startBrowserThread,
    reason: chosen.reason,
  });
}
