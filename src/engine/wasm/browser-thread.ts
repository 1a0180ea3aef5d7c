/** Threads in a browser: workers of the studio's own origin, started from its training worker. */
import { EngineError } from '../../base/errors.ts';
import type { StartThread } from './threads.ts';

export const startBrowserThread: StartThread = async (order) => {
  const worker = new Worker(new URL('./thread-worker.ts', import.meta.url), {
    type: 'module',
    name: 'kernels',
  });
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new EngineError('A thread did not start.', 'Reload the page, or train with one thread.'));
    };
    worker.postMessage(order);
  });
  return { terminate: () => worker.terminate() };
};
