/** Files and folders that are on their way to their place: they go where the program is asked to end in the middle. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hearSignals } from './ending.ts';

const unfinished = new Set<string>();
let hearNoMore = (): void => undefined;

/**
 * Does the work that writes something beside its place. What is left of it is removed in the end: after an error, and
 * where the program ends meanwhile by Ctrl+C, a signal or a closed pipe.
 */
export async function withUnfinished<T>(path: string, work: () => Promise<T>): Promise<T> {
  if (unfinished.size === 0) {
    process.on('exit', removeAll);
    hearNoMore = hearSignals();
    // First, so that a listener that hears one signal alone is still counted.
    process.prependListener('SIGINT', onInterrupt);
  }
  unfinished.add(path);
  try {
    return await work();
  } finally {
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
    unfinished.delete(path);
    if (unfinished.size === 0) {
      process.off('exit', removeAll);
      hearNoMore();
      process.off('SIGINT', onInterrupt);
    }
  }
}

function removeAll(): void {
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The program ends, and nobody reads what could be said.
    }
  }
}

/** Ctrl+C ends the program as if nobody listened, unless somebody else does. */
function onInterrupt(): void {
  if (process.listenerCount('SIGINT') === 1) process.exit(130);
}
