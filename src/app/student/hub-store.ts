/** A student on its way from a hub: looked up, fetched in pieces, checked, and read as a dropped folder is. */
import { create } from 'zustand';
import { reportError, type ErrorReport } from '../../base/errors.ts';
import type { HubModel, SearchedModel } from '../../hub/hub-client.ts';
import { parseHubName } from '../../hub/hub-name.ts';
import { clearPieces } from '../../store/hub-pieces.ts';
import { parseT5Config, type T5Config } from '../../student/config.ts';
import { answered, fetchFiles, openHub, type HubAccessWish, type HubFrame } from '../state/hub-visit.ts';
import { UnreachableHub } from '../state/hub-fetch.ts';
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
  /** What a search found; null where none was made. */
  searched: { words: string; models: SearchedModel[] } | null;
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
  searched: null,
  gotBytes: 0,
  leftMs: null,
  error: null,
  isUnreachable: false,
}));

let frame: HubFrame | null = null;
let stop = new AbortController();

/** What a person typed. */
export interface HubWish extends HubAccessWish {
  name: string;
}

/** Asks what a model is; nothing is asked of the hub before. */
export function lookUp({ name, ...access }: HubWish): Promise<void> {
  return ask(access, async (hub) => {
    const asked = parseHubName(name.trim());
    const { model, configText } = answered(await hub.call('describe', asked, { signal: stop.signal }));
    const config = parseT5Config(configText, `${model.name}/config.json`);
    const totalBytes = model.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    useHub.setState({ phase: 'found', found: { model, config, totalBytes } });
  });
}

/** Asks for T5s whose names have these words. */
export function searchHub({ name, ...access }: HubWish): Promise<void> {
  return ask(access, async (hub) => {
    const words = name.trim();
    const { models } = answered(await hub.call('search', { words }, { signal: stop.signal }));
    useHub.setState({ phase: 'idle', searched: { words, models } });
  });
}

async function ask(access: HubAccessWish, work: (hub: HubFrame) => Promise<void>): Promise<void> {
  const { phase } = useHub.getState();
  if (phase !== 'idle' && phase !== 'found') return;
  useHub.setState({ phase: 'asking', found: null, error: null });
  stop = new AbortController();
  try {
    frame?.close();
    frame = await openHub(access);
    await work(frame);
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
    const { model } = found;
    const onProgress = (gotBytes: number, leftMs: number | null): void =>
      useHub.setState({ gotBytes, leftMs });
    const fetched = await fetchFiles(frame, model, model.files, { signal: stop.signal, onProgress });
    useHub.setState({ phase: 'checking' });
    const folder = model.name.split('/').at(-1)!;
    const isTaken = await studio.importStudent(
      fetched.map(({ file: { path }, blob }) => ({
        path: `${folder}/${path}`,
        file: new File([blob], path),
      })),
    );
    if (!isTaken) {
      // The screen says why, and what was fetched stays for another try.
      useHub.setState({ phase: 'found' });
      return;
    }
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
