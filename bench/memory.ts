/**
 * `npm run bench -- --memory`: what the plan says that a run takes, against what the process then has more of in memory.
 * Each shape in its own process, since memory that was given back is not always gone.
 */
import { spawnSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { formatBytes } from '../src/base/units.ts';
import { cases } from '../src/bench/cases.ts';
import type { EngineStudent, MicroBatch, OptimizerName, Update } from '../src/engine/engine.ts';
import { PlanEngine } from '../src/engine/plan/plan-engine.ts';
import type { AdapterMemory } from '../src/engine/gpu/adapter-notes.ts';
import { runMemory, type RunShape } from '../src/engine/plan/run-memory.ts';
import { loadKernels } from '../src/engine/wasm/kernels.ts';
import { wasmModel } from '../src/engine/wasm/memory-layout.ts';
import { startNodeThread } from '../src/engine/wasm/node-thread.ts';
import { WasmExecutor } from '../src/engine/wasm/wasm-executor.ts';
import type { Gpu } from '../src/engine/wgsl/gpu.ts';
import { wgslModel } from '../src/engine/wgsl/wgsl-bytes.ts';
import { WgslExecutor } from '../src/engine/wgsl/wgsl-executor.ts';
import type { T5Config } from '../src/student/config.ts';
import { initialiseAdapters, type Lora } from '../src/student/lora/lora.ts';
import { expectedParameters, sizeOf } from '../src/student/parameters.ts';
import { publishedShapes } from '../src/student/shapes.ts';
import { measureSaving } from './saved-memory.ts';

const threads = 2;

/** What each step is told. */
export const memoryUpdate: Update = {
  step: 1,
  alpha: 0.5,
  learningRate: 1e-4,
  weightDecay: 0,
  maxGradNorm: 1,
  dropout: 0.1,
  seed: 5,
};

/** A step of two tasks with so many rows each, all of full length. */
export function memoryShape(batchSize: number, inputTokens: number, targetTokens: number): RunShape {
  return {
    method: 'step-by-step',
    batchSize,
    accumulation: 1,
    inputTokens,
    targetTokens,
    dropout: memoryUpdate.dropout,
    generationTokens: 8,
    generationRows: batchSize,
    frozen: new Set<string>(),
  };
}

/** The rows of it. */
export function rowsOf({ batchSize, inputTokens, targetTokens }: RunShape): MicroBatch {
  const rows = (length: number) => Array.from({ length: batchSize }, () => new Int32Array(length).fill(3));
  const task = () => ({ inputs: rows(inputTokens), targets: rows(targetTokens) });
  return { answer: task(), rationale: task() };
}

/** Weights that nothing is learned with: drawing millions at random would take longer than the steps. */
export function constantStudent(config: T5Config): EngineStudent {
  const weights = new Map(
    expectedParameters(config).map(({ name, shape }) => [name, new Float32Array(sizeOf(shape)).fill(0.01)]),
  );
  return { config, weights };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory of this process, after a collection of garbage. */
export async function residentBytes(): Promise<number> {
  // Array buffers are given back one turn after they were found to be garbage.
  for (let turn = 0; turn < 3; turn += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage.rss();
}

export async function openWasmFor(student: EngineStudent): Promise<PlanEngine> {
  const kernels = await loadKernels();
  return new PlanEngine(student, {
    createExecutor: (layout) => new WasmExecutor(layout, { kernels, threads, startThread: startNodeThread }),
    reason: 'Measured.',
    bindingBytes: Infinity,
  });
}

/** A GPU, and what was tried on it. Whoever measures on the processor alone loads no other engines. */
async function openGpu(): Promise<{ gpu: Gpu; memory: AdapterMemory }> {
  const { openBenchGpu, tuningInMemory } = await import('./engines.ts');
  return { gpu: await openBenchGpu(), memory: tuningInMemory() };
}

type OpenGpu = Awaited<ReturnType<typeof openGpu>>;

function openWgslFor(student: EngineStudent, { gpu, memory }: OpenGpu): PlanEngine {
  return new PlanEngine(student, {
    createExecutor: (layout) => new WgslExecutor(layout, gpu, { memory, keepsGpu: true }),
    reason: 'Measured.',
    bindingBytes: gpu.bindingBytes,
  });
}

/** What is measured of one shape. */
export interface MemoryCase {
  name: string;
  engine: 'wasm' | 'wgsl';
  config: T5Config;
  shape: RunShape;
}

const shapeNamed = (name: string): T5Config =>
  publishedShapes.get(name) ?? cases.find(({ model }) => model === name)!.config;

const lora8: Lora = { rank: 8, alpha: 8, dropout: 0, targets: ['q', 'v'] };

function memoryCase(
  student: string,
  engine: MemoryCase['engine'],
  { rows = 1, ...more }: { rows?: number; lora?: Lora; optimizer?: OptimizerName } = {},
): MemoryCase {
  const words = [
    ...(more.lora === undefined ? [] : [more.lora.baseDtype === 'float16' ? 'LoRA, float16' : 'LoRA']),
    ...(more.optimizer === undefined ? [] : ['Adafactor']),
  ];
  return {
    name: [student, ...words].join(', '),
    engine,
    config: shapeNamed(student),
    shape: { ...memoryShape(rows, 64, 32), ...more },
  };
}

const half: Lora = { ...lora8, baseDtype: 'float16' };

/** Nano to flan-t5-base: whole, by LoRA, with Adafactor; on the processor and on a GPU. */
export const memoryCases: readonly MemoryCase[] = [
  memoryCase('nano', 'wasm', { rows: 64 }),
  memoryCase('small', 'wasm', { rows: 8 }),
  memoryCase('t5-efficient-tiny', 'wasm', { rows: 4 }),
  memoryCase('flan-t5-small', 'wasm'),
  memoryCase('flan-t5-small', 'wasm', { lora: half }),
  memoryCase('t5-base', 'wasm', { optimizer: 'adafactor' }),
  memoryCase('flan-t5-base', 'wasm'),
  memoryCase('flan-t5-base', 'wasm', { lora: lora8 }),
  memoryCase('flan-t5-base', 'wasm', { lora: half }),
  memoryCase('nano', 'wgsl', { rows: 64 }),
  memoryCase('small', 'wgsl', { rows: 8 }),
  memoryCase('t5-efficient-tiny', 'wgsl', { rows: 4 }),
  memoryCase('flan-t5-small', 'wgsl'),
  memoryCase('flan-t5-small', 'wgsl', { lora: half }),
  memoryCase('flan-t5-base', 'wgsl'),
];

export interface MeasuredMemory {
  name: string;
  engine: MemoryCase['engine'];
  estimateBytes: number;
  heldBytes: number;
  /** By which resident memory grew, after so many steps. */
  grownBytes: number;
  largestBindingBytes: number;
  checkpointBytes: number;
  /** Above the run's memory while a checkpoint is written. */
  savingBytes: number;
  /** The same while one is read back. */
  resumingBytes: number;
  msPerStep: number;
}

const steps = 3;

/** In this process: three steps, and what they left in memory. */
export async function measureMemory({ name, engine, config, shape }: MemoryCase): Promise<MeasuredMemory> {
  const model = engine === 'wasm' ? wasmModel(await loadKernels(), threads) : wgslModel();
  const { steadyBytes, largestBindingBytes } = runMemory(config, shape, model);
  const student = constantStudent(config);
  const { lora, optimizer } = shape;
  const trained: EngineStudent = {
    ...student,
    ...(lora === undefined || lora === null
      ? {}
      : { adapters: { lora, weights: initialiseAdapters(config, lora, 1) } }),
    ...(optimizer === undefined ? {} : { optimizer }),
  };
  // The driver's own memory is no run's, nor is that of the kernels that it compiles: an engine before has made them.
  const opened = engine === 'wgsl' ? await openGpu() : null;
  if (opened !== null) {
    const first = openWgslFor(trained, opened);
    await first.step([rowsOf(shape)], memoryUpdate);
    first.dispose();
    // Its buffers are given back when the device next finds that nothing is under way.
    opened.gpu.device.queue.submit([]);
    await opened.gpu.settle(opened.gpu.device.queue.onSubmittedWorkDone());
  }
  const before = await residentBytes();
  const open = opened === null ? await openWasmFor(trained) : openWgslFor(trained, opened);
  const startedAt = performance.now();
  for (let step = 1; step <= steps; step += 1) await open.step([rowsOf(shape)], { ...memoryUpdate, step });
  const msPerStep = (performance.now() - startedAt) / steps;
  const grownBytes = (await residentBytes()) - before;
  const { bytesHeld } = open.describe();
  const saved = await measureSaving(open, config, residentBytes);
  // Held until here, as a run holds the student that it was opened with.
  if (student.weights.size === 0) throw new Error('The student is gone.');
  open.dispose();
  opened?.gpu.close();
  return {
    name,
    engine,
    estimateBytes: steadyBytes,
    heldBytes: bytesHeld,
    grownBytes,
    largestBindingBytes,
    ...saved,
    msPerStep,
  };
}

/** What a software GPU has freed is given back to the system at once (glibc), so that resident memory tells of it. */
const givesBack = {
  STILLROOM_MEASURES_MEMORY: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '65536',
};

/** Measures each case in its own process and prints a line of it. @param program This program's file. */
export function compareMemory(program: string, only: readonly string[] | undefined): MeasuredMemory[] {
  console.log(
    'shape                           engine  the plan says   held        grown by    of the plan  largest buffer  checkpoint  while saved  while resumed',
  );
  const found: MeasuredMemory[] = [];
  memoryCases.forEach(({ name, engine }, index) => {
    if (only !== undefined && !only.includes(engine) && !only.includes(name)) return;
    const ended = spawnSync(process.execPath, [program, '--memory-case', String(index)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...givesBack },
    });
    const line = ended.stdout.trim().split('\n').at(-1) ?? '';
    if (ended.status !== 0 || !line.startsWith('{')) {
      console.log(
        `${name.padEnd(31)} ${engine.padEnd(7)} left out: it ended with ${ended.status ?? ended.signal ?? ''}`,
      );
      return;
    }
    const measured = JSON.parse(line) as MeasuredMemory;
    found.push(measured);
    const { estimateBytes, heldBytes, grownBytes, largestBindingBytes } = measured;
    const { checkpointBytes, savingBytes, resumingBytes } = measured;
    const files = [checkpointBytes, savingBytes, resumingBytes].map((bytes) => formatBytes(bytes).padEnd(11));
    const share = `${(100 * (grownBytes / estimateBytes - 1)).toFixed(1)} %`;
    const sizes = [estimateBytes, heldBytes, grownBytes].map((bytes) => formatBytes(bytes).padEnd(11));
    console.log(
      `${name.padEnd(31)} ${engine.padEnd(7)} ${sizes[0]!.padEnd(15)} ${sizes[1]!} ${sizes[2]!} ${share.padEnd(12)} ${formatBytes(largestBindingBytes).padEnd(15)} ${files[0]!} ${files[1]!}  ${files[2]!}`,
    );
  });
  return found;
}
