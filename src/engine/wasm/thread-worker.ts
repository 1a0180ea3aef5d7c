/** The program of a thread in a browser: waits for jobs until it is dismissed. */
import { instantiate, reportFailure } from './instantiate.ts';
import type { ThreadOrder } from './threads.ts';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = ({ data }: MessageEvent<ThreadOrder>) => {
  const { module, memory, part, parts, control, job } = data;
  const kernels = instantiate(module, memory, control);
  kernels.join(part, parts);
  scope.postMessage('ready');
  try {
    kernels.serve(control, job);
  } catch {
    // The executor's own thread says what has happened.
    reportFailure(memory, control);
  }
  scope.close();
};
