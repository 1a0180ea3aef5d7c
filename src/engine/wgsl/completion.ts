/**
 * When work on a GPU is known to be done. Some browsers (Firefox: jax-js#124, Bugzilla 1870699) look for it every 100 ms
 * only, unless something is submitted meanwhile: then an empty submission every now and then brings word at once.
 */

const nudgeEveryMs = 2;
const waits = 3;

/** Submits nothing, again and again, until `work` is settled. */
export async function nudging<T>(device: GPUDevice, work: Promise<T>): Promise<T> {
  const timer = setInterval(() => device.queue.submit([]), nudgeEveryMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/**
 * How late the end of work is told: the time of a wait for nothing, in milliseconds, the longest of some. The first is
 * left aside, since it may come at any moment between two looks.
 */
export async function lateMs(
  device: GPUDevice,
  settle: (work: Promise<undefined>) => Promise<undefined>,
): Promise<number> {
  const times: number[] = [];
  for (let wait = 0; wait <= waits; wait += 1) {
    const startedAt = performance.now();
    device.queue.submit([]);
    await settle(device.queue.onSubmittedWorkDone());
    if (wait > 0) times.push(performance.now() - startedAt);
  }
  // One may be long because the machine had something else to do: the longest but one.
  return times.sort((a, b) => a - b).at(-2)!;
}
