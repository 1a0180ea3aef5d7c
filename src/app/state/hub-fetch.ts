/** Files of a hub on their way into this browser: piece by piece, resumed after a break, checked. */
import { digest } from '../../base/digest.ts';
import { HubError, NoRoomError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import type { ClosedFrame } from '../../frames/closed-frame.ts';
import type { HubCalls, Unreachable } from '../../frames/hub.ts';
import type { HubFile, HubKind, HubModel } from '../../hub/hub-client.ts';
import { openPieces, type FilePieces } from '../../store/hub-pieces.ts';

/** Where files of the hub lie: a redirect counts in a policy, too. */
export const filesOfHub = ['https://*.hf.co'];

/** So much is lost at most where the tab goes. */
const pieceBytes = 4_000_000;

/** Before each further try after a break; after a try that got further, the count begins again. */
const waitsMs = [0, 1000, 3000];

/** The hub does not answer, or breaks off. */
export class UnreachableHub extends HubError {}

export const unreachable = ({ problem, remedy }: Unreachable): UnreachableHub =>
  new UnreachableHub(problem, remedy);

/** Names a file's pieces: by its bytes, so that two models share what is the same. */
export const idOf = ({ hash }: HubFile): string => `${hash.algorithm}-${hash.hex}`;

/**
 * A file whole and checked, from what came before and what comes now.
 * @throws UnreachableHub after some tries; HubError for other bytes than the hub lists; NoRoomError; the signal's reason.
 */
export async function fetchFile(
  hub: ClosedFrame<HubCalls>,
  model: HubModel,
  file: HubFile,
  { kind, signal }: { kind: HubKind; signal: AbortSignal },
  onProgress: (gotBytes: number) => void,
): Promise<Blob> {
  const pieces = await openPieces(idOf(file), kind);
  const sizeOf = (blobs: readonly Blob[]): number => blobs.reduce((sum, { size }) => sum + size, 0);
  let gotBytes = sizeOf(await pieces.blobs());
  onProgress(gotBytes);
  for (let failures = 0; gotBytes < file.sizeBytes;) {
    const before = gotBytes;
    try {
      await readInto(pieces, hub, { model, file, fromByte: gotBytes }, signal, onProgress);
    } catch (error) {
      if (!(error instanceof UnreachableHub)) throw error;
      gotBytes = sizeOf(await pieces.blobs());
      failures = gotBytes > before ? 0 : failures + 1;
      const waitMs = waitsMs[failures];
      if (waitMs === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    gotBytes = sizeOf(await pieces.blobs());
  }
  const whole = new Blob(await pieces.blobs());
  if (whole.size === file.sizeBytes && (await hashOf(whole, file)) === file.hash.hex) return whole;
  await pieces.clear();
  throw new HubError(
    `${model.name}/${file.path} came with other bytes than the hub lists. They are not kept.`,
    'Try again; if it happens again, something between here and the hub changes what is sent.',
  );
}

/** Writes what comes as pieces; also the last one, where it breaks off. */
async function readInto(
  pieces: FilePieces,
  hub: ClosedFrame<HubCalls>,
  reading: { model: HubModel; file: HubFile; fromByte: number },
  stop: AbortSignal,
  onProgress: (gotBytes: number) => void,
): Promise<void> {
  let buffered: Uint8Array[] = [];
  let bufferedBytes = 0;
  let gotBytes = reading.fromByte;
  let written = Promise.resolve();
  const flush = (): void => {
    if (bufferedBytes === 0) return;
    const parts = buffered;
    const bytes = new Uint8Array(bufferedBytes);
    buffered = [];
    bufferedBytes = 0;
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
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
      const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
      if (!isFull) throw error;
      await pieces.clear();
      throw noRoom(reading.file.sizeBytes);
    });
  }
}

async function hashOf(blob: Blob, { hash }: HubFile): Promise<string> {
  switch (hash.algorithm) {
    case 'sha256':
      return digest(new Uint8Array(await blob.arrayBuffer()));
    case 'git-sha1': {
      const framed = await new Blob([`blob ${blob.size}\0`, blob]).arrayBuffer();
      const bytes = new Uint8Array(await crypto.subtle.digest('SHA-1', framed));
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    default:
      return hash.algorithm satisfies never;
  }
}

/** What is free for the studio, in bytes; null where the browser does not say. */
export async function freeBytes(): Promise<number | null> {
  const { quota, usage } = await navigator.storage.estimate();
  return quota === undefined ? null : quota - (usage ?? 0);
}

export function noRoom(neededBytes: number): NoRoomError {
  return new NoRoomError(
    `The browser has no room for ${formatBytes(neededBytes)} more. Nothing of it is kept.`,
    'Remove what you no longer need under Storage, or free some of the disk.',
  );
}
