/** Engines in Node: a real GPU where there is one, else WebAssembly. */
import type { BackendName, Engine, EngineStudent } from '../engine/engine.ts';
import { openNodeBackend } from '../engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.ts';

/** An engine with a student on it, on the backend asked for or the best there is. */
export async function openEngine(student: EngineStudent, backend: BackendName | null): Promise<Engine> {
  return createTfjsEngine(student, await openNodeBackend(backend === null ? {} : { backend }));
}
