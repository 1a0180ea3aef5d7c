/** A language model on its way from a hub into this browser, to answer in this tab: looked up, fetched, kept, opened. */
import { create } from 'zustand';
import { InputError, reportError, type ErrorReport } from '../../base/errors.ts';
import { openFrame, type ClosedFrame } from '../../frames/closed-frame.ts';
import type { HubCalls } from '../../frames/hub.ts';
import { originToReach } from '../../frames/reach.ts';
import type { HubFile } from '../../hub/file-hash.ts';
import type { HubModel } from '../../hub/hub-client.ts';
import { parseEndpoint, parseHubName } from '../../hub/hub-name.ts';
import {
  bestVariant,
  filesOfVariant,
  variantsIn,
  type Precision,
  type Variant,
} from '../../in-tab/model-folder.ts';
import { chooseDevice } from '../../in-tab/tab-model.ts';
import {
  keepTabModel,
  listTabModels,
  readTabModel,
  removeTabModel,
  type TabModelRecord,
} from '../../store/tab-models.ts';
import { checkRoom, fetchFile, filesOfHub, idOf, unreachable } from '../state/hub-fetch.ts';
import { teacherDesk } from './teacher-desk.ts';

interface HubModelState {
  phase: 'idle' | 'asking' | 'fetching';
  found: { model: HubModel; variants: readonly Variant[]; chosen: Precision } | null;
  gotBytes: number;
  totalBytes: number;
  error: ErrorReport | null;
  /** In this browser, whole. */
  kept: readonly TabModelRecord[];
}

export const useHubModel = create<HubModelState>(() => ({
  phase: 'idle',
  found: null,
  gotBytes: 0,
  totalBytes: 0,
  error: null,
  kept: [],
}));

let frame: ClosedFrame<HubCalls> | null = null;
let stop = new AbortController();

export async function lookForKept(): Promise<void> {
  useHubModel.setState({ kept: await listTabModels() });
}

/** Asks a hub what a model is; nothing is asked of it before. */
export async function lookUpModel(name: string, endpoint: string): Promise<void> {
  if (useHubModel.getState().phase !== 'idle') return;
  await during('asking', async () => {
    const asked = parseHubName(name.trim());
    const place = parseEndpoint(endpoint.trim());
    frame?.close();
    frame = await openFrame<HubCalls>('hub.html', [originToReach(new URL(place)), ...filesOfHub]);
    await frame.call('open', { endpoint: place, token: null });
    const answer = await frame.call('describe', { ...asked, kind: 'onnx' }, { signal: stop.signal });
    if (answer.kind === 'unreachable') throw unreachable(answer);
    const { model } = answer;
    const variants = variantsIn(
      new Map(model.files.map(({ path, sizeBytes }) => [path, { size: sizeBytes }])),
    );
    const { precision } = bestVariant(variants, await chooseDevice());
    useHubModel.setState({ found: { model, variants, chosen: precision } });
  });
}

export function choosePrecision(chosen: Precision): void {
  const { found } = useHubModel.getState();
  if (found !== null) useHubModel.setState({ found: { ...found, chosen } });
}

/** Fetches what was looked up, keeps it, and opens it. What came before a break or a stop is not fetched again. */
export async function fetchModel(): Promise<void> {
  const { phase, found } = useHubModel.getState();
  if (phase !== 'idle' || found === null || frame === null) return;
  const { model, chosen } = found;
  const hub = frame;
  const files = filesOfVariant(model.files, chosen);
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  useHubModel.setState({ gotBytes: 0, totalBytes });
  await during('fetching', async () => {
    const record = await navigator.locks.request('stillroom-hub', { ifAvailable: true }, async (lock) => {
      if (lock === null)
        throw new InputError('Another tab is fetching from a hub.', 'Wait until it is there, or stop it.');
      await checkRoom(files, 'onnx');
      await fetchAll(hub, model, files);
      const listed = files.map((file) => ({ path: file.path, id: idOf(file), sizeBytes: file.sizeBytes }));
      const kept = { name: model.name, precision: chosen, files: listed };
      await keepTabModel(kept);
      return kept;
    });
    frame?.close();
    frame = null;
    useHubModel.setState({ found: null });
    await lookForKept();
    await openKept(record);
  });
}

async function fetchAll(
  hub: ClosedFrame<HubCalls>,
  model: HubModel,
  files: readonly HubFile[],
): Promise<void> {
  let doneBytes = 0;
  let shownAt = 0;
  for (const file of files) {
    const how = { kind: 'onnx', signal: stop.signal } as const;
    await fetchFile(hub, model, file, how, (gotBytes) => {
      // Ten times a second is enough to see it move.
      if (performance.now() - shownAt < 100) return;
      shownAt = performance.now();
      useHubModel.setState({ gotBytes: doneBytes + gotBytes });
    });
    doneBytes += file.sizeBytes;
  }
}

/** Opens a model that is kept; nothing is asked of anybody. */
export async function openKept(record: TabModelRecord): Promise<void> {
  const files = await readTabModel(record);
  if (files === null) {
    await removeTabModel(record);
    await lookForKept();
    useHubModel.setState({
      error: reportError(new InputError(`The browser has lost a part of ${record.name}.`, 'Fetch it again.')),
    });
    return;
  }
  const name = record.name.split('/').at(-1)!;
  await teacherDesk.openFolder(files.map(({ path, file }) => ({ path: `${name}/${path}`, file })));
}

export async function removeKept(record: TabModelRecord): Promise<void> {
  await removeTabModel(record);
  await lookForKept();
}

/** Ends what is under way; what came is kept. */
export function stopHubModel(): void {
  stop.abort(new DOMException('stopped', 'AbortError'));
}

export function dismissHubModelError(): void {
  useHubModel.setState({ error: null });
}

async function during(phase: 'asking' | 'fetching', work: () => Promise<void>): Promise<void> {
  stop = new AbortController();
  useHubModel.setState({ phase, error: null, ...(phase === 'asking' ? { found: null } : {}) });
  try {
    await work();
  } catch (error) {
    if (!stop.signal.aborted) useHubModel.setState({ error: reportError(error) });
  } finally {
    useHubModel.setState({ phase: 'idle' });
  }
}
