/** Where Node finds TensorFlow.js' WebAssembly files: in the installed package. Not for browsers. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { WasmPaths } from './open.ts';

export function wasmFiles(): WasmPaths {
  const folder = dirname(
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/dist/index.js'),
  );
  return {
    'tfjs-backend-wasm.wasm': join(folder, 'tfjs-backend-wasm.wasm'),
    'tfjs-backend-wasm-simd.wasm': join(folder, 'tfjs-backend-wasm-simd.wasm'),
  };
}
