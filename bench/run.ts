/**
 * `npm run bench`: a step of two students through every engine that this machine has, against the speed of the plan's
 * own matrix products, and greedy generation. With `--gpu` the engines that run on the GPU instead, in turns, each
 * checked first. `--json FILE` writes the numbers; `--case nano`, `small` or `full` and `--only LABEL,LABEL` choose;
 * `--full` adds the shape of flan-t5-small; `--no-generation` leaves generation out, on the GPU; `--profile` (also with `--gpu`) shows
 * where a step's time goes instead; `--gpu --waits MS` what a GPU that answers so much later costs; `--memory` holds the plan's count of memory against what processes then take;
 * `--kernels` compares relaxed SIMD with plain SIMD; `--lora` (also with `--gpu`) a step by LoRA with a whole one;
 * STILLROOM_PYTHON names the Python that has torch.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatBytes } from '../src/base/units.ts';
import { cases, fullCase, makeStudent, type Case, type ModelName } from '../src/bench/cases.ts';
import { measureEngine, type EngineLabel, type OpenEngine } from '../src/bench/measure.ts';
import { summarise, type Timing } from '../src/bench/timing.ts';
import { countFlops, layOutStep, measureWork, type Work } from '../src/bench/work.ts';
import { probeAdapter } from '../src/engine/gpu/probe.ts';
import { openNodeGpu } from '../src/engine/tfjs/node-backend.ts';
import { adapterLines, compareAdapters, type AdapterComparison } from './adapters.ts';
import { allThreads, gpuContenders, openBenchGpu, openTfjs, openWasm } from './engines.ts';
import { gpuLines } from './gpu-table.ts';
import { measureGpu } from './gpu.ts';
import { compareKernels, kernelLines } from './kernels.ts';
import { compareMemory, measureMemory, memoryCases } from './memory.ts';
import { measureGpuProfile, measureProfile } from './profile.ts';
import { measureWaits, waitLines } from './waits.ts';

interface CaseResult {
  model: ModelName;
  engine: EngineLabel;
  threads: number | null;
  /** Median. */
  msPerStep: number;
  msMin: number;
  msMax: number;
  /** All operations of the plan's step by the time of a step. */
  gflops: number;
  /** Against the plan's matrix products alone on one thread. */
  roofShare: number | null;
  /** JavaScript to encode a step. */
  enqueueMs: number | null;
  dispatches: number | null;
  submits: number | null;
  bytesHeld: number | null;
  /** From the student's weights to the end of the first step, less a step. */
  compileMs: number | null;
}

interface GenerationResult {
  model: ModelName;
  engine: EngineLabel;
  threads: number | null;
  tokensPerSecond: number;
}

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: {
    json: { type: 'string' },
    case: { type: 'string' },
    only: { type: 'string' },
    /** The same as `only`. */
    engine: { type: 'string' },
    gpu: { type: 'boolean' },
    full: { type: 'boolean' },
    'no-generation': { type: 'boolean' },
    profile: { type: 'boolean' },
    memory: { type: 'boolean' },
    kernels: { type: 'boolean' },
    lora: { type: 'boolean' },
    /** Milliseconds, with `--gpu`. */
    waits: { type: 'string' },
    /** One of `memoryCases`, by its place: for the processes that `--memory` starts. */
    'memory-case': { type: 'string' },
  },
});

const results: CaseResult[] = [];
const generation: GenerationResult[] = [];
let roofGflops = 0;
/** Engines without a row on the GPU, because they failed or their check did. */
const missing: EngineLabel[] = [];

const wanted = (options.only ?? options.engine)?.split(',');
const wants = (engine: EngineLabel) => wanted === undefined || wanted.includes(engine);
const chosen = [...cases, fullCase].filter(({ model }) =>
  options.case === undefined ? model !== 'full' || options.full === true : model === options.case,
);
if (options['memory-case'] !== undefined) {
  console.log(JSON.stringify(await measureMemory(memoryCases[Number(options['memory-case'])]!)));
  process.exit(0);
}
if (options.memory === true) {
  const measured = compareMemory(fileURLToPath(import.meta.url), wanted);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(measured, null, 2)}\n`);
  process.exit(measured.length > 0 ? 0 : 1);
}
if (options.kernels === true) {
  const compared = await compareKernels(chosen);
  if (compared === null) console.error('This Node has no relaxed SIMD.');
  else for (const line of kernelLines(compared)) console.log(line);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(compared, null, 2)}\n`);
  process.exit(compared === null ? 1 : 0);
}
const gpu = options.gpu === true ? await findGpu() : null;
if (options.lora === true) {
  const compared: AdapterComparison[] = [];
  for (const one of chosen) {
    compared.push(await compareAdapters(one, gpu !== null, (line) => console.error(`  … ${line}`)));
    for (const line of adapterLines(compared.slice(-1))) console.log(line);
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(compared, null, 2)}\n`);
  process.exit(0);
}
if (options.waits !== undefined) {
  const addedMs = Number(options.waits);
  if (gpu === null || !(addedMs > 0)) {
    console.error('--waits takes milliseconds, and needs --gpu: npm run bench -- --gpu --waits 10');
    process.exit(1);
  }
  const waits = await measureWaits(addedMs, (line) => console.error(`  … ${line}`));
  for (const line of waitLines(waits)) console.log(line);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(waits, null, 2)}\n`);
  process.exit(0);
}

for (const one of chosen) {
  if (options.profile === true) {
    await printProfile(one);
    continue;
  }
  if (gpu !== null) {
    await compareOnGpu(one);
    continue;
  }
  const work = await measureWork(one);
  const roof = work.matmulFlops / work.matmuls.min / 1e6;
  roofGflops = Math.max(roofGflops, roof);
  console.log(
    `\n${one.model}: ${(work.flops / 1e9).toFixed(3)} GFLOP a step, ${(work.matmulFlops / 1e9).toFixed(3)} of them in matrix products; ` +
      `those alone: ${show(work.matmuls)} ms, at best ${roof.toFixed(1)} GFLOP/s on one thread`,
  );
  console.log(
    'engine      threads   ms a step (median, min … max)    ratio   GFLOP/s   of the roof   held        made ready',
  );
  if (wants('wasm')) {
    await measure(one, work, () => openWasm(makeStudent(one), 1));
    if (allThreads > 1) await measure(one, work, () => openWasm(makeStudent(one), allThreads));
  }
  if (wants('tfjs-wasm')) await measure(one, work, () => openTfjs(makeStudent(one)));
  if (wants('torch-cpu') && measureTorch(one, work, 1) && allThreads > 1) measureTorch(one, work, allThreads);
  for (const { engine, threads, tokensPerSecond } of generation.filter(({ model }) => model === one.model)) {
    console.log(
      `greedy, 64 rows: ${engine}, ${threads ?? 0} threads: ${Math.round(tokensPerSecond)} tokens/s`,
    );
  }
}

if (options.json !== undefined) {
  const processor = cpus()[0]?.model ?? 'unknown';
  const adapter = { processor, cores: allThreads, node: process.version, gpu };
  writeFileSync(
    options.json,
    `${JSON.stringify({ adapter, roofGflops, cases: results, generation }, null, 2)}\n`,
  );
}
// Threads of TensorFlow.js would keep the process.
process.exit(missing.length > 0 ? 1 : 0);

/** The GPU's name; ends the process where there is none. */
async function findGpu(): Promise<string> {
  const probe = await probeAdapter(await openNodeGpu());
  if (probe.kind === 'none') {
    console.error(
      `Nothing to compare: ${probe.description}. Install a graphics driver with Vulkan, or Chromium for its software one.`,
    );
    process.exit(1);
  }
  const note = probe.kind === 'software' ? ' (software: the figures mean something as ratios only)' : '';
  console.log(`GPU: ${probe.description}${note}`);
  return probe.description;
}

async function compareOnGpu(one: Case): Promise<void> {
  const { flops } = countFlops(layOutStep(one));
  console.log(`\n${one.model}: ${(flops / 1e9).toFixed(3)} GFLOP a step, dropout 0`);
  const report = await measureGpu(one, {
    kinds: gpuContenders.filter(({ label }) => wants(label)),
    measuresGeneration: options['no-generation'] !== true,
    progress: (line) => console.error(`  … ${line}`),
  });
  for (const line of gpuLines(report, flops)) console.log(line);
  missing.push(...report.leftOut.map(({ engine }) => engine));
  for (const row of report.rows) {
    const { engine, timing, tokensPerSecond } = row;
    results.push({
      model: one.model,
      engine,
      threads: null,
      roofShare: null,
      gflops: flops / timing.median / 1e6,
      msPerStep: timing.median,
      msMin: timing.min,
      msMax: timing.max,
      enqueueMs: row.encodeMs,
      dispatches: row.dispatches,
      submits: row.submits,
      bytesHeld: row.bytesHeld,
      compileMs: row.compileMs,
    });
    if (tokensPerSecond !== null)
      generation.push({ model: one.model, engine, threads: null, tokensPerSecond });
  }
}

async function printProfile(one: Case): Promise<void> {
  const profile = gpu === null ? await measureProfile(one) : await measureGpuProfile(one, openBenchGpu);
  const total = profile.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  const what =
    gpu === null ? 'processor time of a step on one thread' : 'time of a step on the GPU, kind by kind';
  console.log(`\n${one.model}: ${what}, ${total.toFixed(2)} ms`);
  for (const { kind, elapsedMs, flops } of profile) {
    const share = `${((100 * elapsedMs) / total).toFixed(1)} %`;
    console.log(
      `${kind.padEnd(28)} ${elapsedMs.toFixed(2).padStart(9)} ms ${share.padStart(8)} ${(flops / elapsedMs / 1e6).toFixed(1).padStart(7)} GFLOP/s`,
    );
  }
}

async function measure(one: Case, work: Work, open: () => Promise<OpenEngine>): Promise<void> {
  const { tokensPerSecond, ...measured } = await measureEngine(one, open);
  record(one, work, measured);
  generation.push({
    model: one.model,
    engine: measured.engine,
    threads: measured.threads,
    tokensPerSecond,
  });
}

/** @returns Whether this machine's Python has torch. */
function measureTorch(one: Case, work: Work, threads: number): boolean {
  // Beside the bundle is build/; the script stays with its sources.
  const script = join(dirname(fileURLToPath(import.meta.url)), '../../bench/torch_step.py');
  const python = process.env.STILLROOM_PYTHON ?? 'python3';
  const ended = spawnSync(python, ['-B', script], {
    input: JSON.stringify({ ...one, threads }),
    encoding: 'utf8',
  });
  if (ended.status !== 0) {
    console.log(`torch-cpu   left out: ${python} has no torch (STILLROOM_PYTHON names another)`);
    return false;
  }
  const { msPerStep } = JSON.parse(ended.stdout) as { msPerStep: number[] };
  record(one, work, {
    engine: 'torch-cpu',
    threads,
    timing: summarise(msPerStep),
    bytesHeld: null,
    compileMs: null,
  });
  return true;
}

function record(
  { model }: Case,
  work: Work,
  measured: {
    engine: EngineLabel;
    threads: number | null;
    timing: Timing;
    bytesHeld: number | null;
    compileMs: number | null;
  },
): void {
  const { engine, threads, timing, bytesHeld, compileMs } = measured;
  const gflops = work.flops / timing.median / 1e6;
  const roofShare = engine === 'wasm' && threads === 1 ? work.matmuls.median / timing.median : null;
  results.push({
    model,
    engine,
    threads,
    msPerStep: timing.median,
    msMin: timing.min,
    msMax: timing.max,
    gflops,
    roofShare,
    enqueueMs: null,
    dispatches: null,
    submits: null,
    bytesHeld,
    compileMs,
  });
  const first = results.find((result) => result.model === model)!;
  const cells = [
    engine.padEnd(11),
    String(threads ?? '').padEnd(9),
    show(timing).padEnd(32),
    (timing.median / first.msPerStep).toFixed(2).padEnd(7),
    gflops.toFixed(1).padEnd(9),
    (roofShare === null ? '' : `${Math.round(roofShare * 100)} %`).padEnd(13),
    (bytesHeld === null ? '' : formatBytes(bytesHeld)).padEnd(11),
    compileMs === null ? '' : `${Math.round(compileMs)} ms`,
  ];
  console.log(cells.join(' '));
}

function show({ median, min, max }: Timing): string {
  return [median, min, max]
    .map((ms) => ms.toPrecision(3))
    .join(', ')
    .replace(/, ([^,]*)$/, ' … $1');
}
