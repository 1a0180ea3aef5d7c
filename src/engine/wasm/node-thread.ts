/** Threads in Node. Browser code never imports this. */
import { Worker } from 'node:worker_threads';
import { EngineError } from '../../base/errors.ts';
import { failedWord } from './instantiate.ts';
import type { StartThread } from './threads.ts';

// The whole program of a worker, which thread-worker.ts is in a browser; as text, so that it needs no file beside the
// bundle. `sleep` and `wake` are those of instantiate.ts.
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { module, memory, part, parts, control, job } = workerData;
const words = new Int32Array(memory.buffer, control, 16);
const sleep = (address, value) => {
  Atomics.wait(words, (address - control) / 4, value, 1000);
  return Atomics.load(words, ${failedWord}) !== 0;
};
const wake = (address) => void Atomics.notify(words, (address - control) / 4);
const { exports } = new WebAssembly.Instance(module, { env: { memory, sleep, wake } });
exports.join(part, parts);
parentPort.postMessage('ready');
try {
  exports.serve(control, job);
} catch {
  Atomics.store(words, ${failedWord}, 1);
  for (let word = 0; word < ${failedWord}; word += 1) Atomics.notify(words, word);
}
`;

export const startNodeThread: StartThread = async (order) => {
  const worker = new Worker(program, { eval: true, workerData: order });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', (error: Error) => {
      reject(new EngineError(`A thread did not start (${error.message}).`, 'Try again with one thread.'));
    });
  });
  // A worker that waits must not keep the process alive.
  worker.unref();
  return { terminate: () => void worker.terminate() };
};
