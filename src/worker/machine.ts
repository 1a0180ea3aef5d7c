/** What this machine offers, and engines on it. */
import { openBackend, probeAdapter } from '../engine/device.ts';
import type { BackendName, Engine, EngineStudent } from '../engine/engine.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.ts';
import { wasmUrls } from '../engine/tfjs/wasm-urls.ts';
import type { CommandOf, Machine } from './protocol.ts';

/** See `probe` in protocol.ts. */
export async function probeMachine(_command: CommandOf<'probe'>): Promise<Machine> {
  const { kind, description } = await probeAdapter(navigator.gpu);
  return {
    gpu: { kind, description },
    crossOriginIsolated: self.crossOriginIsolated,
    threads: navigator.hardwareConcurrency,
    backend: kind === 'hardware' ? 'webgpu' : 'wasm',
  };
}

/** An engine with a student on it, on the backend asked for or the best there is. */
export async function openEngine(student: EngineStudent, backend: BackendName | null): Promise<Engine> {
  const open = await openBackend({ ...(backend === null ? {} : { backend }), wasmPaths: wasmUrls });
  return createTfjsEngine(student, open);
}
