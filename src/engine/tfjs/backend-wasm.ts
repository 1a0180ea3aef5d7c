/** TensorFlow.js' WebAssembly backend, on one thread. */
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm/dist/index.js';
import { EngineError } from '../../base/errors.ts';
import type { OpenBackend, WasmPaths } from './open.ts';
import { makeCurrent } from './current.ts';
import { replaceWasmMatMul } from './kernels/wasm-matmul.ts';

/** The package can be told of its files only once, before it starts. */
let isPrepared = false;

/** What must be said before the backend starts. */
function prepare(files: WasmPaths): void {
  if (isPrepared) return;
  isPrepared = true;
  // The package starts its threads from a blob of its own code, which the studio's policy refuses; the compiled engine
  // has its own threads. The package asks for the third name all the same.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths({ ...files, 'tfjs-backend-wasm-threaded-simd.wasm': files['tfjs-backend-wasm-simd.wasm'] });
  replaceWasmMatMul();
}

/**
 * @throws EngineError where WebAssembly or its files are missing.
 */
export async function openWasmBackend(paths: WasmPaths | undefined, reason: string): Promise<OpenBackend> {
  if (paths === undefined) {
    throw new EngineError(
      'WebAssembly cannot start: nobody said where its files are.',
      'Report this as a fault, with what you did.',
    );
  }
  prepare(paths);
  const works = await tf.setBackend('wasm').catch(() => false);
  if (!works) {
    throw new EngineError(
      'WebAssembly could not start.',
      'Load the page again; if that does not help, use a browser with WebAssembly SIMD, or choose cpu.',
    );
  }
  return {
    name: 'wasm',
    adapter: `WebAssembly${tf.env().getBool('WASM_HAS_SIMD_SUPPORT') ? ' SIMD' : ''}, one thread`,
    reason,
    activate: () => makeCurrent('wasm'),
    settle: (work) => work,
    bytesHeld: () => tf.memory().numBytes,
    close: () => undefined,
  };
}
