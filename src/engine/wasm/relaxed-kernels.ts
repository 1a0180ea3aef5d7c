/** The kernels with relaxed SIMD, fetched only where they are asked for. */
import { compileKernels, type Kernels } from './kernels.ts';

/** The smallest module with a relaxed multiply-add: three zeros, `f32x4.relaxed_madd`, drop. */
const probe = Uint8Array.from(
  [
    [0, 97, 115, 109, 1, 0, 0, 0],
    // One type, of functions without parameters and results; one function of it.
    [1, 4, 1, 96, 0, 0],
    [3, 2, 1, 0],
    // Its code: i32.const 0 and i32x4.splat, three times, then f32x4.relaxed_madd and drop.
    [10, 20, 1, 18, 0],
    [65, 0, 253, 17, 65, 0, 253, 17, 65, 0, 253, 17, 253, 133, 2, 26, 11],
  ].flat(),
);

/** Whether this runtime has the instructions. Whether its processor fuses them is another question. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(probe);
}

let loaded: Promise<Kernels> | undefined;

/** Compiles them, once. Rejects where they could not be fetched; asked again, it tries again. */
export function loadRelaxedKernels(): Promise<Kernels> {
  loaded ??= compile().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function compile(): Promise<Kernels> {
  const [own, shared] = await Promise.all([
    import('./generated/kernels-relaxed.wasm?inline'),
    import('./generated/kernels-relaxed-shared.wasm?inline'),
  ]);
  return compileKernels('relaxed', own.default, shared.default);
}
