/** One engine, measured: its training step and its greedy generation. */
import type { Engine } from '../engine/engine.ts';
import { makeBatch, makeInputs, makeUpdate, type Case } from './cases.ts';
import { timeMs, type Timing } from './timing.ts';

export type EngineLabel = 'wasm' | 'wgsl' | 'tfjs-wasm' | 'tfjs-webgpu' | 'jax-js' | 'torch-cpu';

/** An engine with one student in it. */
export interface OpenEngine {
  label: EngineLabel;
  /** Null where the word means nothing (a GPU). */
  threads: number | null;
  engine: Engine;
  close: () => void;
}

export interface Measured {
  engine: EngineLabel;
  threads: number | null;
  timing: Timing;
  bytesHeld: number;
  /** From the student's weights to the end of the first step, less a step. */
  compileMs: number;
  /** Greedy, 64 rows together; tokens that came out, the end tokens included. */
  tokensPerSecond: number;
}

/**
 * Opens an engine, times `one.steps` steps and three generations, and closes it.
 * @param signal Stops it between two steps or generations.
 * @param open Everything that it needs should be loaded before: its time counts as making ready.
 */
export async function measureEngine(
  one: Case,
  open: () => Promise<OpenEngine>,
  signal?: AbortSignal,
): Promise<Measured> {
  const opened = performance.now();
  const { label, threads, engine, close } = await open();
  try {
    const batch = makeBatch(one);
    let step = 0;
    const next = () => engine.step([batch], makeUpdate((step += 1)));
    await next();
    const firstMs = performance.now() - opened;
    const timing = await timeMs(one.steps, next, signal);
    const { bytesHeld } = engine.describe();

    const inputs = makeInputs(one);
    let tokens = 0;
    const generating = await timeMs(
      3,
      async () => {
        const found = await engine.generate(inputs, { maxNewTokens: one.targetLength, numBeams: 1 });
        tokens = found.reduce((sum, { ids }) => sum + ids.length, 0);
      },
      signal,
    );
    return {
      engine: label,
      threads,
      timing,
      bytesHeld,
      compileMs: firstMs - timing.median,
      tokensPerSecond: (tokens / generating.median) * 1000,
    };
  } finally {
    close();
  }
}
