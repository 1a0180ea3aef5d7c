/** TensorFlow.js' WebAssembly backend, with threads where the page is cross-origin isolated. */
import * as tf from '@tensorflow/tfjs-core';
import { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm/dist/index.js';
import threadedFactory from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js';
import { EngineError } from '../../base/errors.ts';
import type { OpenBackend, WasmPaths } from '../device.ts';
import { makeCurrent } from './current.ts';
import { replaceWasmMatMul } from './kernels/wasm-matmul.ts';

/** The package can be told of its files and threads only once, before it starts. */
let preparation: Promise<void> | undefined;

/** What must be said before the backend starts. */
async function prepare({ threadSource, ...files }: WasmPaths): Promise<void> {
  setWasmPaths(files);
  replaceWasmMatMul();
  const canThread = await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT');
  if (canThread !== true) return;
  // The package uses half of the logical cores at most, and would start eight workers to use one.
  const cores = globalThis.navigator.hardwareConcurrency;
  if (threadSource === undefined || cores < 4) {
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    return;
  }
  setThreadsCount(cores);
  // Threads start from a script that the package makes of `factory.toString()`. A minifier renames what that
  // function uses from outside of itself, so that it is told its own text as it was before.
  const source = await threadSource();
  const text = `(function () { ${source}; return WasmBackendModuleThreadedSimd; })()`;
  Object.defineProperty(threadedFactory, 'toString', { value: () => text });
}

/**
 * @param reason Given the number of threads in words.
 * @throws EngineError where WebAssembly or its files are missing.
 */
export async function openWasmBackend(
  paths: WasmPaths | undefined,
  reason: (threads: string) => string,
): Promise<OpenBackend> {
  if (paths === undefined) {
    throw new EngineError(
      'WebAssembly cannot start: nobody said where its files are.',
      'Report this as a fault, with what you did.',
    );
  }
  preparation ??= prepare(paths);
  await preparation;
  const works = await tf.setBackend('wasm').catch(() => false);
  if (!works) {
    throw new EngineError(
      'WebAssembly could not start.',
      'Load the page again; if that does not help, use a browser with WebAssembly SIMD, or choose cpu.',
    );
  }
  const count = getThreadsCount();
  const threads = count === 1 ? 'one thread' : `${count} threads`;
  return {
    name: 'wasm',
    adapter: `WebAssembly${tf.env().getBool('WASM_HAS_SIMD_SUPPORT') ? ' SIMD' : ''}, ${threads}`,
    reason: reason(threads),
    activate: () => makeCurrent('wasm'),
    settle: (work) => work,
    bytesHeld: () => tf.memory().numBytes,
    close: () => undefined,
  };
}
