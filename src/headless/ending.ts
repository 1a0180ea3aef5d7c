/**
 * What asks the program to end from outside: a signal, a closed pipe or a full disk where it prints to, the end of what
 * started it. A command that has something to save listens; any other ends at once.
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
  full: { code: 4, words: 'What the program prints cannot be written: the disk is full.' },
} satisfies Record<string, Ending>;

let listener: ((ending: Ending) => void) | null = null;
let cannotPrint = false;

/** To be called once, when the program starts. */
export function watchForEndings(): void {
  // The launcher holds this channel open as long as it lives.
  if (process.connected) process.on('disconnect', () => end(endings.parent));
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Told once: after the first failure every write fails, with another code, and what was told of it has still to
      // write its last lines, and to tidy up.
      if (cannotPrint) return;
      cannotPrint = true;
      const ending = unprinted(error);
      // Nobody would read it of a pipe that is closed.
      if (listener === null && ending !== endings.pipe) console.error(ending.words);
      end(ending);
    });
  }
}

const signals = [
  ['SIGTERM', () => end(endings.SIGTERM)],
  ['SIGHUP', () => end(endings.SIGHUP)],
] as const;
let hearing = 0;

/**
 * Hears signals until the returned function is called: for whoever has something to save or to tidy up. Otherwise the
 * system ends the program, also where it reads a long file and hears nothing.
 */
export function hearSignals(): () => void {
  if (hearing === 0) for (const [signal, heard] of signals) process.on(signal, heard);
  hearing += 1;
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    hearing -= 1;
    if (hearing === 0) for (const [signal, heard] of signals) process.off(signal, heard);
  };
}

/** Listens in place of an end at once, until the returned function is called. Told once at most. */
export function onEnding(told: (ending: Ending) => void): () => void {
  const hearNoMore = hearSignals();
  let isTold = false;
  listener = (ending) => {
    if (isTold) return;
    isTold = true;
    told(ending);
  };
  return () => {
    listener = null;
    hearNoMore();
  };
}

/** What it means that standard output, or that of errors, takes no more. */
function unprinted({ code, message }: NodeJS.ErrnoException): Ending {
  switch (code) {
    case 'EPIPE':
    case 'ERR_STREAM_DESTROYED':
      return endings.pipe;
    case 'ENOSPC':
    case 'EDQUOT':
      return endings.full;
    default:
      return { code: 1, words: `What the program prints cannot be written (${message}).` };
  }
}

function end(ending: Ending): void {
  if (listener === null) process.exit(ending.code);
  listener(ending);
}
