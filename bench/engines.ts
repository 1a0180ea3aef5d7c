/** The engines that are compared. */
import { cpus } from 'node:os';
import type { OpenEngine } from '../src/bench/measure.ts';
import type { EngineStudent } from '../src/engine/engine.ts';
import { PlanEngine } from '../src/engine/plan/plan-engine.ts';
import { openNodeBackend } from '../src/engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../src/engine/tfjs/tfjs-engine.ts';
import { loadKernels } from '../src/engine/wasm/kernels.ts';
import { startNodeThread } from '../src/engine/wasm/node-thread.ts';
import { WasmExecutor } from '../src/engine/wasm/wasm-executor.ts';
import { asContender, type Contender, type ContenderKind } from './contender.ts';
import { openJax } from './jax/open-jax.ts';

export const allThreads = Math.max(1, cpus().length);

export async function openWasm(student: EngineStudent, threads: number): Promise<OpenEngine> {
  const kernels = await loadKernels();
  const engine = new PlanEngine(student, {
    createExecutor: (layout) => new WasmExecutor(layout, { kernels, threads, startThread: startNodeThread }),
    reason: 'Measured.',
  });
  return { label: 'wasm', threads, engine, close: () => engine.dispose() };
}

export async function openTfjs(student: EngineStudent): Promise<OpenEngine> {
  const backend = await openNodeBackend({ backend: 'wasm' });
  const engine = createTfjsEngine(student, backend);
  return {
    ...{ label: 'tfjs-wasm', threads: 1, engine },
    close: () => {
      engine.dispose();
      backend.close();
    },
  };
}

/** The rows of the comparison on the GPU, in its order. An engine of ours is one line: `open` ends in asContender(). */
export const gpuContenders: readonly ContenderKind[] = [
  { label: 'tfjs-webgpu', open: openTfjsGpu },
  { label: 'jax-js', open: openJaxTrainer },
];

async function openTfjsGpu(student: EngineStudent): Promise<Contender> {
  const backend = await openNodeBackend({ backend: 'webgpu' });
  return asContender(createTfjsEngine(student, backend), () => backend.close());
}

/** It only trains. */
async function openJaxTrainer(student: EngineStudent): Promise<Contender> {
  const { JaxTrainer } = await openJax();
  const trainer = new JaxTrainer(student);
  return {
    step: (batch, update) => trainer.step(batch, update),
    read: () => trainer.read(),
    generate: null,
    close: () => trainer.dispose(),
  };
}
