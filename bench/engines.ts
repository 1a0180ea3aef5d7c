/** The engines that are compared. */
import { cpus } from 'node:os';
import type { Case } from '../src/bench/cases.ts';
import { layOutStep, only, stepRun } from '../src/bench/work.ts';
import { probeAdapter, withAskedGpu } from '../src/engine/gpu/probe.ts';
import type { OpenEngine } from '../src/bench/measure.ts';
import type { EngineStudent } from '../src/engine/engine.ts';
import { PlanEngine } from '../src/engine/plan/plan-engine.ts';
import { openNodeBackend, openNodeGpu } from '../src/engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../src/engine/tfjs/tfjs-engine.ts';
import { loadKernels } from '../src/engine/wasm/kernels.ts';
import { startNodeThread } from '../src/engine/wasm/node-thread.ts';
import { WasmExecutor } from '../src/engine/wasm/wasm-executor.ts';
import { Gpu } from '../src/engine/wgsl/gpu.ts';
import type { AdapterMemory, AdapterRecord } from '../src/engine/gpu/adapter-notes.ts';
import { WgslExecutor } from '../src/engine/wgsl/wgsl-executor.ts';
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
    label: 'tfjs-wasm',
    threads: 1,
    engine,
    close: () => {
      engine.dispose();
      backend.close();
    },
  };
}

/** The rows of the comparison on the GPU, in its order. An engine of ours is one line: `open` ends in asContender(). */
export const gpuContenders: readonly ContenderKind[] = [
  { label: 'wgsl', open: openWgslGpu },
  { label: 'tfjs-webgpu', open: openTfjsGpu },
  { label: 'jax-js', open: openJaxTrainer },
];

/** @throws EngineError where there is none. */
export async function openBenchGpu(): Promise<Gpu> {
  const probe = await probeAdapter(await openNodeGpu());
  return withAskedGpu(probe, (adapter, name) => Gpu.open(adapter, { name }));
}

export async function openWgslGpu(student: EngineStudent, one: Case): Promise<Contender> {
  const gpu = await openBenchGpu();
  const memory = tuningInMemory();
  let executor: WgslExecutor | null = null;
  const engine = new PlanEngine(student, {
    createExecutor: (layout) =>
      (executor = new WgslExecutor(layout, gpu, { memory, keepsGpu: true, timesEncoding: true })),
    reason: 'Measured.',
  });
  // Opened when first asked for: what they hold is none of the engine's.
  let products: Products | null = null;
  return {
    ...asContender(engine, () => {
      products?.dispose();
      gpu.close();
    }),
    encodeMs: () => executor!.timeEncoding(),
    roof: async () => {
      products ??= await openProducts(one, gpu, memory);
      return products.run();
    },
  };
}

/** What one executor found the fastest, the next one takes as well. */
export function tuningInMemory(): AdapterMemory {
  const known = new Map<string, AdapterRecord>();
  return {
    browser: 'bench',
    read: (adapter) => Promise.resolve(known.get(adapter)),
    write: (adapter, record) => {
      known.set(adapter, record);
      return Promise.resolve();
    },
  };
}

interface Products {
  run: () => Promise<number>;
  dispose: () => void;
}

/**
 * The matrix products of a step and nothing else, on the same GPU, with the kernels that the step has. Values are
 * zeros: products take the same time.
 */
async function openProducts(one: Case, gpu: Gpu, memory: AdapterMemory): Promise<Products> {
  const { layout, plan, packed } = layOutStep(one);
  const executor = new WgslExecutor(layout, gpu, { memory, keepsGpu: true });
  const alone = only(plan, ({ kind }) => kind === 'matmul');
  await executor.prepare(alone);
  const run = async () => {
    const startedAt = performance.now();
    executor.run('pass', stepRun(packed.counts));
    await executor.readTensor(plan.host.results!, 8);
    return performance.now() - startedAt;
  };
  await run();
  return { run, dispose: () => executor.dispose() };
}

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
