/** A student on its way from a hub: looked up, fetched in pieces, checked, and read as a dropped folder is. */
import { create } from 'zustand';
import { digest } from '../../base/digest.ts';
import { HubError, InputError, NoRoomError, reportError, type ErrorReport } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { openFrame, type ClosedFrame } from '../../frames/closed-frame.ts';
import type { HubCalls, Unreachable } from '../../frames/hub.ts';
import { originToReach } from '../../frames/reach.ts';
import type { HubFile, HubModel } from '../../hub/hub-client.ts';
import { parseEndpoint, parseHubName } from '../../hub/hub-name.ts';
import { clearPieces, openPieces, type FilePieces } from '../../store/hub-pieces.ts';
import { parseT5Config, type T5Config } from '../../student/config.ts';
import { studio } from '../state/studio.ts';

export interface FoundStudent {
  model: HubModel;
  config: T5Config;
  totalBytes: number;
}

interface HubState {
  phase: 'idle' | 'asking' | 'found' | 'fetching' | 'checking';
  /** What was looked up last; kept while it is fetched. */
  found: FoundStudent | null;
  gotBytes: number;
  /** Null until it is known. */
  leftMs: number | null;
  error: ErrorReport | null;
  /** Whether the error is that the hub did not answer: the folder may come another way. */
  isUnreachable: boolean;
}

export const useHub = create<HubState>(() => ({
  phase: 'idle',
  found: null,
  gotBytes: 0,
  leftMs: null,
  error: null,
  isUnreachable: false,
}));

/** Where files of the hub lie: a redirect counts in a policy, too. */
const filesOfHub = ['https://*.hf.co'];

/** So much is lost at most where the tab goes. */
const pieceBytes = 4_000_000;

/** Before each further try after a break; after a try that got further, the count begins again. */
const waitsMs = [0, 1000, 3000];

let frame: ClosedFrame<HubCalls> | null = null;
let stop = new AbortController();

/** What a person typed. The token goes to the frame, and is kept nowhere else. */
export interface HubWish {
  name: string;
  endpoint: string;
  token: string;
}

/** Asks what a model is; nothing is asked of the hub before. */
export async function lookUp({ name, endpoint, token }: HubWish): Promise<void> {
  const { phase } = useHub.getState();
  if (phase !== 'idle' && phase !== 'found') return;
  useHub.setState({ phase: 'asking', found: null, error: null });
  stop = new AbortController();
  try {
    const asked = parseHubName(name.trim());
    const place = parseEndpoint(endpoint.trim());
    frame?.close();
    const origin = originToReach(new URL(place));
    frame = await openFrame<HubCalls>('hub.html', [origin, ...filesOfHub]);
    await frame.call('open', { endpoint: place, token: token.trim() === '' ? null : token.trim() });
    const answer = await frame.call('describe', asked, { signal: stop.signal });
    if (answer.kind === 'unreachable') throw asError(answer);
    const { model, configText } = answer;
    const config = parseT5Config(configText, `${model.name}/config.json`);
    const totalBytes = model.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    useHub.setState({ phase: 'found', found: { model, config, totalBytes } });
  } catch (error) {
    ended(error, 'idle');
  }
}

/** Fetches what was looked up, and takes it as the student. It resumes from what came before a break or a stop. */
export async function fetchFound(): Promise<void> {
  const { phase, found } = useHub.getState();
  if (phase !== 'found' || found === null || frame === null) return;
  useHub.setState({ phase: 'fetching', gotBytes: 0, leftMs: null, error: null });
  stop = new AbortController();
  try {
    const taken = await navigator.locks.request('stillroom-hub', { ifAvailable: true }, async (lock) => {
      if (lock === null)
        throw new InputError('Another tab is fetching a student.', 'Wait until it is there, or stop it.');
      return fetchAll(found, frame!);
    });
    if (!taken) return;
    await clearPieces();
    frame.close();
    frame = null;
    useHub.setState({ phase: 'idle', found: null });
  } catch (error) {
    ended(error, 'found');
  }
}

/** Ends what is under way; what came is kept. */
export function stopHub(): void {
  stop.abort(new DOMException('stopped', 'AbortError'));
}

export function dismissHubError(): void {
  useHub.setState({ error: null });
}

function ended(error: unknown, phase: 'idle' | 'found'): void {
  const wasStopped = stop.signal.aborted;
  useHub.setState({
    phase,
    error: wasStopped ? null : reportError(error),
    isUnreachable: error instanceof UnreachableHub,
  });
}

/** The hub does not answer, or breaks off. */
class UnreachableHub extends HubError {}

const asError = ({ problem, remedy }: Unreachable): UnreachableHub => new UnreachableHub(problem, remedy);

/** @returns Whether it became a student. */
async function fetchAll(found: FoundStudent, hub: ClosedFrame<HubCalls>): Promise<boolean> {
  const { model, totalBytes } = found;
  await checkRoom(found);
  const startedAt = performance.now();
  let firstBytes: number | null = null;
  let doneBytes = 0;
  let nowBytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (): void => {
    timer = undefined;
    firstBytes ??= nowBytes;
    const came = nowBytes - firstBytes;
    const leftMs = came === 0 ? null : ((performance.now() - startedAt) / came) * (totalBytes - nowBytes);
    useHub.setState({ gotBytes: nowBytes, leftMs });
  };
  const files: { path: string; file: File }[] = [];
  for (const file of model.files) {
    const before = doneBytes;
    const blob = await fetchFile(hub, model, file, (gotBytes) => {
      nowBytes = before + gotBytes;
      firstBytes ??= nowBytes;
      // Ten times a second, and always the last that came.
      timer ??= setTimeout(show, 100);
    });
    doneBytes += file.sizeBytes;
    files.push({ path: `${model.name.split('/').at(-1)!}/${file.path}`, file: new File([blob], file.path) });
  }
  clearTimeout(timer);
  useHub.setState({ phase: 'checking' });
  if (await studio.importStudent(files)) return true;
  // The screen says why, and what was fetched stays for another try.
  useHub.setState({ phase: 'found' });
  return false;
}

/** A file whole and checked, from what came before and what comes now. */
async function fetchFile(
  hub: ClosedFrame<HubCalls>,
  model: HubModel,
  file: HubFile,
  onProgress: (gotBytes: number) => void,
): Promise<Blob> {
  const pieces = await openPieces(`${file.hash.algorithm}-${file.hash.hex}`);
  const sizeOf = (blobs: readonly Blob[]): number => blobs.reduce((sum, { size }) => sum + size, 0);
  let gotBytes = sizeOf(await pieces.blobs());
  onProgress(gotBytes);
  for (let failures = 0; gotBytes < file.sizeBytes;) {
    const before = gotBytes;
    try {
      await readInto(pieces, hub, { model, file, fromByte: gotBytes }, onProgress);
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
  const signal = AbortSignal.any([stop.signal, full.signal]);
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
    if (end.kind === 'unreachable') throw asError(end);
  } finally {
    flush();
    await written.catch(async (error: unknown) => {
      const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
      if (!isFull) throw error;
      await clearPieces();
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

/** As it comes, and as the student that is stored. */
export const roomBytes = ({ totalBytes }: FoundStudent): number => 2 * totalBytes;

async function checkRoom(found: FoundStudent): Promise<void> {
  const free = await freeBytes();
  if (free !== null && free < found.totalBytes) throw noRoom(roomBytes(found));
}

function noRoom(neededBytes: number): NoRoomError {
  return new NoRoomError(
    `The browser has no room for ${formatBytes(neededBytes)} more. Nothing of it is kept.`,
    'Remove what you no longer need under Storage, or free some of the disk.',
  );
}
