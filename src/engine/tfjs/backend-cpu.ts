/** TensorFlow.js' plain JavaScript backend: the last resort. */
import * as tf from '@tensorflow/tfjs-core';
// Deep paths lead every bundler to the ES modules; the package's main entry may lead to a second copy of the core.
import '@tensorflow/tfjs-backend-cpu/dist/index.js';
import type { OpenBackend } from './open.ts';
import { makeCurrent } from './current.ts';

export async function openCpuBackend(reason: string): Promise<OpenBackend> {
  tf.enableProdMode(); // Silences its advice to install another package in Node.
  await tf.setBackend('cpu');
  return {
    name: 'cpu',
    adapter: 'plain JavaScript',
    reason,
    activate: () => makeCurrent('cpu'),
    settle: (work) => work,
    bytesHeld: () => tf.memory().numBytes,
    close: () => undefined,
  };
}
