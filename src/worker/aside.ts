/**
 * The page's end of work that has its own worker and a limit: reading what strangers made. A worker that gives no
 * sign for longer than its work can take is ended, and the request fails in words; nothing else has waited for it.
 */
import { EngineError, InputError } from '../base/errors.ts';
import { workerName } from '../store/holders.ts';
import { endlessWords, longestTextMs } from '../student/probe-tokenizer.ts';
import { CancelledError, StudioClient, type Progress } from './client.ts';
import { probing, type AsideType, type CommandOf, type Results } from './protocol.ts';

/** How often the silence is looked at. It counts no more than this each time, so that a busy page ends nothing. */
const tickMs = 100;
/** Reading, checking and storing, on a slow machine: a moment to begin with, and so much more for each byte. */
const readingMs = 20_000;
const bytesPerMs = 10_000;

/** The worker gave no sign for longer than its work can take, and was ended. */
export class OutOfTimeError extends InputError {}

/** How long a worker at work on so many bytes may give no sign. */
export function patienceFor(what: string, sizeBytes: number): number {
  return what === probing ? longestTextMs : readingMs + sizeBytes / bytesPerMs;
}

/** What is said where the limit was reached. */
function outOfTime(command: CommandOf<AsideType>, what: string): OutOfTimeError {
  if (what === probing)
    return new OutOfTimeError(...endlessWords, { file: `${nameOf(command)}/tokenizer.json` });
  switch (command.type) {
    case 'import-student':
      return new OutOfTimeError(
        'Reading this folder took far longer than its size asks for, so it was given up.',
        'Use the files that came with the model.',
        { file: nameOf(command) },
      );
    case 'import-run':
    case 'import-run-folder':
      return new OutOfTimeError(
        'Reading this run took far longer than its size asks for, so it was given up.',
        'Export the run again, or copy the file again.',
        { file: nameOf(command) },
      );
    case 'measure-lengths':
      return new OutOfTimeError(
        'The student’s tokenizer does not come to an end with one of the rows, so tokens are not counted.',
        'Choose another student, or other rows. Training with these would not come to an end either.',
      );
    default:
      return command satisfies never;
  }
}

/** What a person calls what is read. */
function nameOf(command: CommandOf<AsideType>): string {
  switch (command.type) {
    case 'import-student':
      return command.files[0]?.path.split('/')[0] ?? 'the folder';
    case 'import-run':
      return command.file.name;
    case 'import-run-folder':
      return command.name;
    case 'measure-lengths':
      return 'the rows';
    default:
      return command satisfies never;
  }
}

function sizeOf(command: CommandOf<AsideType>): number {
  switch (command.type) {
    case 'import-student':
    case 'import-run-folder':
      return command.files.reduce((sum, { file }) => sum + file.size, 0);
    case 'import-run':
      return command.file.size;
    case 'measure-lengths':
      return 0;
    default:
      return command satisfies never;
  }
}

/**
 * Has a command done by its own worker, which ends with it.
 * @param start Starts that worker. @param signal Ends it at once.
 * @throws InputError where it gave no sign for too long; else as `StudioClient.request`.
 */
export async function askAside<Type extends AsideType>(
  start: () => StudioClient,
  command: CommandOf<Type>,
  onProgress?: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<Results[Type]> {
  const client = start();
  const sizeBytes = sizeOf(command);
  let what = '';
  let silentMs = 0;
  let tickedAt = performance.now();
  const ended: { why: Error | null } = { why: null };
  client.onSign(() => (silentMs = 0));
  signal?.addEventListener('abort', () => {
    ended.why = new CancelledError();
    client.end();
  });
  const ticking = setInterval(() => {
    const now = performance.now();
    silentMs += Math.min(now - tickedAt, tickMs);
    tickedAt = now;
    if (silentMs <= patienceFor(what, sizeBytes)) return;
    ended.why = outOfTime(command, what);
    client.end();
  }, tickMs);
  try {
    return await client.request<Type>(command, (progress) => {
      ({ what } = progress);
      onProgress?.(progress);
    });
  } catch (error) {
    if (ended.why !== null) throw ended.why;
    if (!(error instanceof EngineError)) throw error;
    throw new InputError(
      'The browser ended the worker that read this, usually because memory ran out.',
      'Close other tabs and try again, or choose something smaller. What was stored is unharmed.',
      { file: nameOf(command) },
    );
  } finally {
    clearInterval(ticking);
    client.close();
  }
}

/** Starts a worker for one command. */
export function startAside(): StudioClient {
  const name = workerName();
  return new StudioClient(
    new Worker(new URL('./aside.worker.ts', import.meta.url), { type: 'module', name }),
    name,
  );
}
