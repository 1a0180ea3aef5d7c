/**
 * Which kernels an engine takes: the plain ones, or relaxed ones where they were measured as faster on this machine.
 * What was measured is kept with what is known of its GPUs, for one browser and one version of the kernels. A run that
 * is resumed takes the kernels that it began with.
 */
import { AdapterNotes, type AdapterMemory } from '../gpu/adapter-notes.ts';
import type { KernelVariant } from './kernel-variant.ts';
import { kernelsVersion, loadKernels, type Kernels } from './kernels.ts';
import { leastGain, measureGain } from './kernel-trial.ts';
import { hasRelaxedSimd, loadRelaxedKernels } from './relaxed-kernels.ts';

export interface KernelQuestion {
  memory: AdapterMemory;
  /** The processor, as far as it is known. */
  processor: string | null;
  /** What the run began with, where it is resumed. */
  begunWith: KernelVariant | null;
}

/** How relaxed kernels are had and measured; tests bring their own. */
export interface KernelPorts {
  has: () => boolean;
  load: () => Promise<Kernels>;
  /** See `measureGain`. */
  measure: (plain: Kernels, relaxed: Kernels) => Promise<number | null>;
}

export interface KernelChoice {
  kernels: Kernels;
  /** Why these, as a sentence; null where there was no choice. */
  reason: string | null;
}

/** Of a resumed run whose kernels cannot be had here. */
const lackWords =
  'The run began with relaxed SIMD, which this machine or browser does not have: plain SIMD continues it, with other last digits.';

/** Where a machine was too busy to measure: for as long as this program runs, its runs then have the same kernels. */
const tooBusy = new WeakSet<AdapterMemory>();

/** @throws EngineError where WebAssembly or its SIMD instructions are missing. */
export async function chooseKernels(
  { memory, processor, begunWith }: KernelQuestion,
  { has, load, measure }: KernelPorts = {
    has: hasRelaxedSimd,
    load: loadRelaxedKernels,
    measure: measureGain,
  },
): Promise<KernelChoice> {
  const plain = await loadKernels();
  if (begunWith === 'plain') return { kernels: plain, reason: null };
  const isBegun = begunWith === 'relaxed';
  const lack = { kernels: plain, reason: isBegun ? lackWords : null };
  if (!has()) return lack;
  const notes = new AdapterNotes(
    memory,
    processor === null ? 'WebAssembly' : `WebAssembly on ${processor}`,
    kernelsVersion,
  );
  let gain = (await notes.read()).gains?.['relaxed'] ?? null;
  if (gain !== null && gain < leastGain && !isBegun) return { kernels: plain, reason: notFaster(gain) };
  if (gain === 0) return lack;
  let relaxed: Kernels;
  try {
    relaxed = await load();
  } catch {
    // Offline, or the studio was updated under an open page: asked again next time.
    return lack;
  }
  if (gain === null && !tooBusy.has(memory)) {
    gain = await measure(plain, relaxed);
    if (gain === null) tooBusy.add(memory);
    else await notes.keep({ gains: { relaxed: gain } });
  }
  if (gain === 0 && isBegun) return lack;
  if (isBegun) return { kernels: relaxed, reason: 'Its kernels use relaxed SIMD, with which the run began.' };
  if (gain === null) {
    return {
      kernels: plain,
      reason: 'Relaxed SIMD is not used: the machine was too busy to measure whether it is faster.',
    };
  }
  if (gain < leastGain) return { kernels: plain, reason: notFaster(gain) };
  return {
    kernels: relaxed,
    reason: `Its kernels use relaxed SIMD, which was measured as ${gain.toFixed(2)} times as fast as plain SIMD here.`,
  };
}

function notFaster(gain: number): string {
  if (gain === 0)
    return 'Relaxed SIMD is not used: it does not fuse products here, or differs from plain SIMD.';
  return `Relaxed SIMD is not used: it was measured as ${gain.toFixed(2)} times as fast as plain SIMD here.`;
}
