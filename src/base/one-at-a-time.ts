/**
 * Work that is done again and again, never twice at once: its results arrive in the order in which it was asked for.
 * Whoever asks while it runs waits for the next time, which all who wait share; so each has what was true when it asked,
 * or later. A failure is told to those who asked for that time alone.
 */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  const begin = (): Promise<void> => {
    next = null;
    running = work();
    return running;
  };
  return () => (next ??= running.then(begin, begin));
}
