/** A student on its way from a hub: looked up, fetched in pieces, checked, and read as a dropped folder is. */
import { create } from 'zustand';
import { InputError, reportError, type ErrorReport } from '../../base/errors.ts';
import { openFrame, type ClosedFrame } from '../../frames/closed-frame.ts';
import type { HubCalls } from '../../frames/hub.ts';
import { originToReach } from '../../frames/reach.ts';
import type { HubModel } from '../../hub/hub-client.ts';
import { parseEndpoint, parseHubName } from '../../hub/hub-name.ts';
import { clearPieces } from '../../store/hub-pieces.ts';
import { parseT5Config, type T5Config } from '../../student/config.ts';
import { fetchFile, filesOfHub, freeBytes, noRoom, UnreachableHub, unreachable } from '../state/hub-fetch.ts';
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
    if (answer.kind === 'unreachable') throw unreachable(answer);
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
    const blob = await fetchFile(hub, model, file, { kind: 'student', signal: stop.signal }, (gotBytes) => {
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
  if (await studio.importStudent(files, `${model.name}@${model.commit}`)) return true;
  // The screen says why, and what was fetched stays for another try.
  useHub.setState({ phase: 'found' });
  return false;
}

/** As it comes, and as the student that is stored. */
export const roomBytes = ({ totalBytes }: FoundStudent): number => 2 * totalBytes;

async function checkRoom(found: FoundStudent): Promise<void> {
  const free = await freeBytes();
  if (free !== null && free < found.totalBytes) throw noRoom(roomBytes(found));
}
