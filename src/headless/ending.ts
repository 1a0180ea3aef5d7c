/**
 * What asks the program to end from outside: a signal, a closed pipe, the end of what started it. A command that has
 * something to save listens; any other ends at once.
 */
import { constants } from 'node:os';

export interface Ending {
  /** What the program ends with, as shells have it: 128 and the signal's number. */
  code: number;
  /** Why, as a sentence. */
  words: string;
}

const { SIGHUP, SIGPIPE, SIGTERM } = constants.signals;
const endings = {
  SIGTERM: { code: 128 + SIGTERM, words: 'The program was asked to end (SIGTERM).' },
  SIGHUP: { code: 128 + SIGHUP, words: 'The terminal was closed.' },
  parent: { code: 128 + SIGTERM, words: 'What started the program has ended.' },
  pipe: { code: 128 + SIGPIPE, words: 'Nobody reads what the program prints any more.' },
} satisfies Record<string, Ending>;

let listener: ((ending: Ending) => void) | null = null;
let pipeIsClosed = false;

/** To be called once, when the program starts. */
export function watchForEndings(): void {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(endings[signal]));
  // The launcher holds this channel open as long as it lives.
  if (process.connected) process.on('disconnect', () => end(endings.parent));
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // After the first failure every write fails, with another code.
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      // Told once: what was told of it has still to write its last lines, and to tidy up.
      if (pipeIsClosed) return;
      pipeIsClosed = true;
      end(endings.pipe);
    });
  }
}

/** Listens in place of an end at once, until the returned function is called. Told once at most. */
export function onEnding(told: (ending: Ending) => void): () => void {
  let isTold = false;
  listener = (ending) => {
    if (isTold) return;
    isTold = true;
    told(ending);
  };
  return () => {
    listener = null;
  };
}

function end(ending: Ending): void {
  if (listener === null) process.exit(ending.code);
  listener(ending);
}
