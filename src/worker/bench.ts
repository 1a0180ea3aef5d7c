/** The benchmark of the studio's page: one student through every engine that this browser has. */
import { EngineError, reportError } from '../base/errors.ts';
import { breathe } from '../base/breathe.ts';
import type { Watch } from '../distill/ports.ts';
import { cases, makeStudent, type ModelName } from '../bench/cases.ts';
import { measureEngine, type EngineLabel, type Measured, type OpenEngine } from '../bench/measure.ts';
import { measureWork, type Work } from '../bench/work.ts';
import { probeAdapter } from '../engine/gpu/probe.ts';
import { openBackend } from '../engine/tfjs/open.ts';
import type { BackendName, EngineStudent } from '../engine/engine.ts';
import type { BenchReport, BenchRow, CommandOf } from './protocol.ts';

interface Contestant {
  label: EngineLabel;
  /** For the progress line: `wasm, 2 threads`. */
  words: string;
  /** Loads the code, so that only the engine's own opening is timed. */
  load: () => Promise<(student: EngineStudent) => Promise<OpenEngine>>;
}

let atWork = false;

/**
 * See `bench` in protocol.ts.
 * @param isRunBusy Asked before each engine: a run and a measurement would only slow each other down.
 */
export async function bench(
  { model }: CommandOf<'bench'>,
  watch: Watch,
  isRunBusy: () => boolean,
): Promise<BenchReport> {
  if (atWork) throw new EngineError('A measurement is under way.', 'Wait for its end, then try again.');
  atWork = true;
  try {
    return await measureAll(model, watch, isRunBusy);
  } finally {
    atWork = false;
  }
}

async function measureAll(
  model: ModelName,
  { report: progress, signal }: Watch,
  isRunBusy: () => boolean,
): Promise<BenchReport> {
  const refuse = () => {
    if (!isRunBusy()) return;
    throw new EngineError(
      'A run is at work, so nothing can be measured.',
      'Stop it, or wait for its end, then measure.',
    );
  };
  refuse();
  const one = cases.find((known) => known.model === model)!;
  const contestants = await listContestants();
  const total = contestants.length + 1;
  progress(`${model}, matrix products alone`, 0, total);
  await breathe();
  const work = await measureWork(one, signal);

  const report: BenchReport = {
    model,
    flops: work.flops,
    roofGflops: work.matmulFlops / work.matmuls.min / 1e6,
    rows: [],
    leftOut: [],
  };
  for (const [index, { label, words, load }] of contestants.entries()) {
    progress(`${model}, ${words}`, index + 1, total);
    await breathe();
    refuse();
    try {
      const open = await load();
      const student = makeStudent(one);
      report.rows.push(rowOf(work, await measureEngine(one, () => open(student), signal)));
    } catch (error) {
      if (signal.aborted) throw error;
      // One engine that fails must not take the others' figures with it.
      report.leftOut.push({ engine: label, why: reportError(error).message });
    }
  }
  return report;
}

function rowOf(work: Work, { timing, ...measured }: Measured): BenchRow {
  const isOneThread = measured.engine === 'wasm' && measured.threads === 1;
  return {
    ...measured,
    msPerStep: timing.median,
    msMin: timing.min,
    msMax: timing.max,
    gflops: work.flops / timing.median / 1e6,
    // The roof is one thread of the plan's own products: nothing else can be held against it.
    roofShare: isOneThread ? work.matmuls.median / timing.median : null,
  };
}

async function listContestants(): Promise<Contestant[]> {
  const { kind } = await probeAdapter(navigator.gpu);
  return contestantsOf({
    cores: navigator.hardwareConcurrency,
    isIsolated: self.crossOriginIsolated,
    hasGpu: kind === 'hardware',
  });
}

/** The engines that can be measured, the studio's own first. A GPU in software would take minutes and tell nothing. */
export function contestantsOf(has: { cores: number; isIsolated: boolean; hasGpu: boolean }): Contestant[] {
  return [
    wasm(1),
    // Without isolation memory cannot be shared: the second row would be the first again.
    ...(has.cores > 1 && has.isIsolated ? [wasm(has.cores)] : []),
    ...(has.hasGpu ? [wgsl()] : []),
    tfjs('tfjs-wasm', 'wasm'),
    ...(has.hasGpu ? [tfjs('tfjs-webgpu', 'webgpu')] : []),
  ];
}

function wgsl(): Contestant {
  return {
    label: 'wgsl',
    words: 'webgpu',
    load: async () => {
      const [{ createWgslEngine }, { tuningDatabase }] = await Promise.all([
        import('../engine/wgsl/wgsl-engine.ts'),
        import('./tuning-database.ts'),
      ]);
      return async (student) => {
        const engine = await createWgslEngine(student, {
          gpu: navigator.gpu,
          reason: 'Measured.',
          memory: tuningDatabase,
        });
        return { label: 'wgsl', threads: null, engine, close: () => engine.dispose() };
      };
    },
  };
}

function wasm(threads: number): Contestant {
  return {
    label: 'wasm',
    words: `wasm, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    load: async () => {
      const [{ createWasmEngine }, { startBrowserThread }] = await Promise.all([
        import('../engine/wasm/wasm-engine.ts'),
        import('../engine/wasm/browser-thread.ts'),
      ]);
      return async (student) => {
        const engine = await createWasmEngine(student, {
          threads,
          startThread: startBrowserThread,
          reason: 'Measured.',
        });
        return { label: 'wasm', threads, engine, close: () => engine.dispose() };
      };
    },
  };
}

function tfjs(label: EngineLabel, backendName: BackendName): Contestant {
  return {
    label,
    words: label,
    load: async () => {
      const [{ createTfjsEngine }, { wasmUrls }] = await Promise.all([
        import('../engine/tfjs/tfjs-engine.ts'),
        import('../engine/tfjs/wasm-urls.ts'),
      ]);
      return async (student) => {
        const backend = await openBackend({ backend: backendName, wasmPaths: wasmUrls });
        const engine = createTfjsEngine(student, backend);
        return {
          label,
          threads: backendName === 'webgpu' ? null : threadsOf(backend.adapter),
          engine,
          close: () => {
            engine.dispose();
            backend.close();
          },
        };
      };
    },
  };
}

/** TensorFlow.js takes as many threads as it likes, and the backend says so in words: `WebAssembly SIMD, 4 threads`. */
function threadsOf(adapter: string): number {
  return Number(/(\d+) threads/.exec(adapter)?.[1] ?? 1);
}
