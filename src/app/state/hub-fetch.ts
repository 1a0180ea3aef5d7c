/** Files of a hub on their way into this browser: piece by piece, resumed after a break, checked. */
import { joined } from '../../base/bytes.ts';
import { breathe } from '../../base/breathe.ts';
import { HubError, NoRoomError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import type { ClosedFrame } from '../../frames/closed-frame.ts';
import type { HubCalls, HubReading, Unreachable } from '../../frames/hub.ts';
import { hashOfFile, type HubFile } from '../../hub/file-hash.ts';
import type { HubKind, HubSource } from '../../hub/hub-client.ts';
import { untilWhole, usualWaitsMs } from '../../hub/until-whole.ts';
import { openPieces, type FilePieces } from '../../store/hub-pieces.ts';

/** Where files of the hub lie: a redirect counts in a policy, too. */
export const filesOfHub = ['https://*.hf.co'];

/** So much is lost at most where the tab goes. */
const pieceBytes = 4_000_000;

/** A person looks on, and can try again: it gives up sooner than a terminal. */
const waitsMs = usualWaitsMs.slice(0, 3);

/** The hub does not answer, or breaks off. */
export class UnreachableHub extends HubError {}

export const unreachable = ({ problem, remedy }: Unreachable): UnreachableHub =>
  new UnreachableHub(problem, remedy);

/** Names a file's pieces: by its bytes, so that two models share what is the same. */
export const idOf = ({ hash }: HubFile): string => `${hash.algorithm}-${hash.hex}`;

/**
 * A file whole and checked, from what came before and what comes now; of a student with bytes of its own, which stay when
 * the pieces go.
 * @throws UnreachableHub after some tries; HubError for other bytes than the hub lists; NoRoomError; the signal's reason.
 */
export async function fetchFile(
  hub: ClosedFrame<HubCalls>,
  source: HubSource,
  file: HubFile,
  { kind, signal }: { kind: HubKind; signal: AbortSignal },
  onProgress: (gotBytes: number) => void,
): Promise<Blob> {
  const pieces = await openPieces(idOf(file), kind);
  const sizeOf = (blobs: readonly Blob[]): number => blobs.reduce((sum, { size }) => sum + size, 0);
  const gotBytes = async (): Promise<number> => sizeOf(await pieces.blobs());
  onProgress(await gotBytes());
  const readOn = (fromByte: number): Promise<void> =>
    readInto(pieces, hub, { source, file, fromByte }, signal, onProgress);
  await untilWhole({ sizeBytes: file.sizeBytes, gotBytes, readOn }, waitsMs);
  const blobs = await pieces.blobs();
  const isWhole = sizeOf(blobs) === file.sizeBytes;
  const copies: Blob[] = [];
  const read = kind === 'onnx' ? bytesOf(blobs, signal) : copying(bytesOf(blobs, signal), copies);
  if (isWhole && (await hashOfFile(read, file)) === file.hash.hex)
    return new Blob(kind === 'onnx' ? blobs : copies);
  await pieces.clear();
  throw new HubError(
    `${source.name}/${file.path} came with other bytes than the hub lists. They are not kept.`,
    'Try again; if it happens again, something between here and the hub changes what is sent.',
  );
}

/** Writes what comes as pieces; also the last one, where it breaks off. */
async function readInto(
  pieces: FilePieces,
  hub: ClosedFrame<HubCalls>,
  reading: HubReading,
  stop: AbortSignal,
  onProgress: (gotBytes: number) => void,
): Promise<void> {
  let buffered: Uint8Array[] = [];
  let bufferedBytes = 0;
  let gotBytes = reading.fromByte;
  let written = Promise.resolve();
  const flush = (): void => {
    if (bufferedBytes === 0) return;
    const bytes = joined(buffered);
    buffered = [];
    bufferedBytes = 0;
    written = written.then(() => pieces.append(bytes));
    // Thrown where it is waited for.
    written.catch(() => undefined);
  };
  // A disk that is full ends the line, too.
  const full = new AbortController();
  const signal = AbortSignal.any([stop, full.signal]);
  try {
    const end = await hub.call('read', reading, {
      signal,
      onProgress: (piece) => {
        const room = reading.file.sizeBytes - gotBytes;
        // Never more than was announced, but a byte that tells.
        const taken = piece.subarray(0, room + 1);
        buffered.push(taken);
        bufferedBytes += taken.length;
        gotBytes += taken.length;
        onProgress(gotBytes);
        if (bufferedBytes >= pieceBytes) {
          flush();
          written.catch((error: unknown) => full.abort(error));
        }
      },
    });
    if (end.kind === 'unreachable') throw unreachable(end);
  } finally {
    flush();
    await written.catch(async (error: unknown) => {
      if (!(await isNoRoom(error, reading.file.sizeBytes))) throw error;
      await pieces.clear();
      throw noRoom(reading.file.sizeBytes);
    });
  }
}

/**
 * The same bytes, each also copied. Chromium keeps a file of this origin (OPFS) in a database as a mere name: it would be
 * gone from there with the pieces.
 */
async function* copying(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  copies: Blob[],
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    copies.push(new Blob([piece]));
    yield piece;
  }
}

/** Piece by piece; the page answers in between. */
async function* bytesOf(
  blobs: readonly Blob[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const blob of blobs) {
    for (let at = 0; at < blob.size; at += pieceBytes) {
      signal.throwIfAborted();
      yield new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer());
      await breathe();
    }
  }
}

/**
 * Whether a piece could not be written since the disk is full. Chromium stops reading what is written to a file there, and
 * names the pipe alone; what it says is free is no measure, since it hides how much there is.
 */
async function isNoRoom(error: unknown, neededBytes: number): Promise<boolean> {
  if (error instanceof DOMException && error.name === 'QuotaExceededError') return true;
  if (error instanceof Error && /data pipe/.test(error.message)) return true;
  const free = await freeBytes();
  return free !== null && free < neededBytes;
}

/** What is free for the studio, in bytes; null where the browser does not say. */
export async function freeBytes(): Promise<number | null> {
  const { quota, usage } = await navigator.storage.estimate();
  return quota === undefined ? null : quota - (usage ?? 0);
}

/**
 * Checks, before a file is asked for, that there is room for all: students and rows as they come and as what is stored of
 * them, a model of the tab once. What came before is there already.
 * @throws NoRoomError
 */
export async function checkRoom(files: readonly HubFile[], kind: HubKind): Promise<void> {
  let neededBytes = 0;
  for (const file of files) {
    const pieces = await (await openPieces(idOf(file), kind)).blobs();
    const heldBytes = pieces.reduce((sum, { size }) => sum + size, 0);
    neededBytes += (kind === 'onnx' ? 1 : 2) * file.sizeBytes - heldBytes;
  }
  const free = await freeBytes();
  if (free !== null && free < neededBytes) throw noRoom(neededBytes);
}

function noRoom(neededBytes: number): NoRoomError {
  return new NoRoomError(
    `The browser has no room for ${formatBytes(neededBytes)} more. Nothing of it is kept.`,
    'Remove what you no longer need under Storage, or free some of the disk.',
  );
}
