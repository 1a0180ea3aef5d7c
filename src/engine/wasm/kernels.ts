/**
 * The compiled kernels: one WebAssembly program for memory of its own and one for memory that threads share. They are
 * plain SIMD, which every machine computes to the same bits; relaxed-kernels.ts has the others.
 */
import { EngineError } from '../../base/errors.ts';
import kernelsVersion from 'virtual:kernels-version';
import ownUrl from './generated/kernels.wasm?inline';
import sharedUrl from './generated/kernels-shared.wasm?inline';
import type { KernelVariant } from './kernel-variant.ts';

/** Compiled once, used by any number of executors and threads. */
export interface Kernels {
  variant: KernelVariant;
  /** For its own memory. */
  own: WebAssembly.Module;
  /** For a memory that threads share; null where none can be had. */
  shared: WebAssembly.Module | null;
}

export { kernelsVersion };

/** The smallest module with a SIMD instruction. */
const simdProbe = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  10,
  1,
  8,
  0,
  65,
  0,
  253,
  15,
  253,
  98,
  11,
);

/** The build puts the bytes into the program as `data:` URLs; `fetch` of those is barred by the studio's policy. */
function decode(dataUrl: string): Uint8Array<ArrayBuffer> {
  const binary = atob(dataUrl.slice(dataUrl.indexOf(',') + 1));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

let loaded: Promise<Kernels> | undefined;

/**
 * Compiles the kernels, once.
 * @throws EngineError where WebAssembly or its SIMD instructions are missing.
 */
export function loadKernels(): Promise<Kernels> {
  loaded ??= compileOnce();
  return loaded;
}

async function compileOnce(): Promise<Kernels> {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(simdProbe)) {
    throw new EngineError(
      'WebAssembly with SIMD instructions is not available here.',
      'Update the browser, or allow WebAssembly for this page.',
    );
  }
  return compileKernels('plain', ownUrl, sharedUrl);
}

/** @param ownUrl `data:` URL of the program for its own memory. @param sharedUrl Of the one for shared memory. */
export async function compileKernels(
  variant: KernelVariant,
  ownUrl: string,
  sharedUrl: string,
): Promise<Kernels> {
  const shared = canShareMemory() ? await WebAssembly.compile(decode(sharedUrl)) : null;
  return { variant, own: await WebAssembly.compile(decode(ownUrl)), shared };
}

/** Node can always; a page must be cross-origin isolated. */
function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  return !('crossOriginIsolated' in globalThis) || globalThis.crossOriginIsolated;
}
