import * as tf from '@tensorflow/tfjs-core';

/** Makes TensorFlow.js compute on a backend that is already open: then setBackend() acts at once, not when its promise is read. */
export function makeCurrent(name: string): void {
  if (tf.getBackend() !== name) void tf.setBackend(name);
}
