/** The plan on a GPU as an engine, once the GPU has shown that it computes rightly. */
import { EngineError } from '../../base/errors.ts';
import { formatPercent } from '../../base/units.ts';
import { AdapterNotes, type AdapterMemory } from '../gpu/adapter-notes.ts';
import { probeAdapter, withAskedGpu } from '../gpu/probe.ts';
import type { EngineStudent } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { Gpu } from './gpu.ts';
import { kernelsVersion } from './kernels-version.ts';
import { kindOf, miniature, prove } from './proof.ts';
import { WgslExecutor, type WgslExecutorOptions } from './wgsl-executor.ts';

export interface WgslEngineOptions {
  /** Where adapters are asked for: `navigator.gpu`. */
  gpu: GPU | undefined;
  /** Why this engine, as a sentence. */
  reason: string;
  memory?: AdapterMemory | undefined;
  onCompile?: WgslExecutorOptions['onCompile'];
  /** Gives up the opening, with its reason: the check and the kernels of a slow GPU take minutes. */
  signal?: AbortSignal | undefined;
}

/** @throws EngineError where there is no GPU, it computes wrongly, the browser refuses a device, or the student does not fit. */
export async function createWgslEngine(
  student: EngineStudent,
  { gpu: source, reason, memory, onCompile, signal }: WgslEngineOptions,
): Promise<PlanEngine> {
  const gpu = await withAskedGpu(await probeAdapter(source), (adapter, name) => Gpu.open(adapter, { name }));
  try {
    await unlessAborted(checkGpu(gpu, student, { memory, onCompile, signal }), signal);
    const engine = new PlanEngine(student, {
      createExecutor: (layout) => new WgslExecutor(layout, gpu, { memory, onCompile }),
      reason: gpu.caveat === null ? reason : `${reason} ${gpu.caveat}`,
      bindingBytes: gpu.bindingBytes,
    });
    // A buffer that does not fit is refused after it was asked for: one token now, so that it is known here.
    const input = Int32Array.of(student.config.eos_token_id);
    await unlessAborted(engine.generate([input], { maxNewTokens: 1, numBeams: 1 }), signal);
    return engine;
  } catch (error) {
    gpu.close();
    throw error;
  }
}

/** Waits for work, or until the signal aborts. Work that still runs then fails when the device closes; its error is ignored. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject);
  });
}

/** Once for each browser, adapter and kind of student; what was right before is believed. */
async function checkGpu(
  gpu: Gpu,
  student: EngineStudent,
  { memory, onCompile, signal }: Pick<WgslEngineOptions, 'memory' | 'onCompile' | 'signal'>,
): Promise<void> {
  const notes = new AdapterNotes(memory, gpu.name, kernelsVersion);
  const { proofs } = await notes.read();
  const kind = kindOf(student);
  if (proofs[kind]?.verdict === 'right') return;
  const { createWasmEngine } = await import('../wasm/wasm-engine.ts');
  const reason = 'The GPU is held against it.';
  const proof = await prove(miniature(student), {
    cpu: (small) =>
      createWasmEngine(small, {
        threads: 1,
        startThread: () => Promise.reject(new Error('One thread is enough.')),
        reason,
      }),
    gpu: (small) =>
      Promise.resolve(
        new PlanEngine(small, {
          // Variants are timed on the student itself.
          createExecutor: (layout) =>
            new WgslExecutor(layout, gpu, { onCompile, keepsGpu: true, tunes: false }),
          reason,
        }),
      ),
  });
  // What a device says that is closed meanwhile is no proof.
  signal?.throwIfAborted();
  await notes.keep({ proofs: { ...proofs, [kind]: proof } });
  if (proof.verdict === 'right') return;
  const by =
    proof.worstDifference === null
      ? 'values are no numbers'
      : `values differ from the CPU’s by ${formatPercent(proof.worstDifference)}`;
  throw new EngineError(
    `This GPU computes wrongly: in a step of a small student, ${by}.`,
    'Train on WebAssembly; or update the graphics driver and the browser, and try again.',
  );
}
