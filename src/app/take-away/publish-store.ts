/** A run's student on its way to a repository on a hub: packed, held against what is there, and sent once a person says so. */
import { create } from 'zustand';
import { InputError, reportError, type ErrorReport } from '../../base/errors.ts';
import type { ToldPlan } from '../../frames/hub.ts';
import type { UploadProgress } from '../../hub/hub-upload.ts';
import { parseEndpoint, parseHubName } from '../../hub/hub-name.ts';
import type { CommandOf } from '../../worker/protocol.ts';
import { answered, openHub, type HubAccessWish, type HubFrame } from '../state/hub-visit.ts';
import { studio } from '../state/studio.ts';

/** How far it is. A plan is what would be sent: nothing of it has been. */
export type Publishing =
  | { phase: 'idle' }
  | { phase: 'packing' }
  | { phase: 'asking' }
  | { phase: 'planned'; plan: ToldPlan; address: string }
  | {
      phase: 'sending';
      plan: ToldPlan;
      address: string;
      progress: UploadProgress | null;
      leftMs: number | null;
    }
  | { phase: 'sent'; commit: string; name: string; address: string };

interface PublishState {
  /** Whose student it is; null before the first. */
  runId: string | null;
  now: Publishing;
  error: ErrorReport | null;
}

export const usePublish = create<PublishState>(() => ({ runId: null, now: { phase: 'idle' }, error: null }));

export type PublishWish = Omit<CommandOf<'pack-upload'>, 'type' | 'repository'> &
  HubAccessWish & { name: string };

let frame: HubFrame | null = null;
let stop = new AbortController();

const isAtWork = ({ now }: PublishState): boolean =>
  now.phase === 'packing' || now.phase === 'asking' || now.phase === 'sending';

/** Packs the folder, and asks the hub what it has of it. Nothing is sent. */
export async function planPublish({ name, endpoint, token, ...pack }: PublishWish): Promise<void> {
  if (isAtWork(usePublish.getState())) return;
  stop = new AbortController();
  const { signal } = stop;
  letGo();
  usePublish.setState({ runId: pack.runId, now: { phase: 'packing' }, error: null });
  try {
    const { name: repository } = parseHubName(name.trim());
    if (token.trim() === '')
      throw new InputError(
        'Nothing can be sent without an access token that may write.',
        'Make one in the hub’s settings (Access tokens), and paste it.',
      );
    const address = `${parseEndpoint(endpoint.trim())}/${repository}`;
    signal.addEventListener('abort', () => studio.cancel('publish'));
    const packed = await studio.request('publish', { type: 'pack-upload', repository, ...pack });
    signal.throwIfAborted();
    if (packed === null) {
      usePublish.setState({ now: { phase: 'idle' } });
      return;
    }
    usePublish.setState({ now: { phase: 'asking' } });
    frame = await openHub({ endpoint, token }, true);
    const asked = { name: repository, files: packed.files };
    const { plan } = answered(await frame.call('plan-upload', asked, { signal }));
    usePublish.setState({ now: { phase: 'planned', plan, address } });
  } catch (error) {
    ended(error);
  }
}

/** Sends what was listed: the person has said so. */
export async function sendPublish(isPrivate: boolean): Promise<void> {
  const { now } = usePublish.getState();
  if (now.phase !== 'planned' || frame === null) return;
  const { plan, address } = now;
  stop = new AbortController();
  const { signal } = stop;
  const sending = { phase: 'sending', plan, address } as const;
  usePublish.setState({ now: { ...sending, progress: null, leftMs: null }, error: null });
  let startedAt: number | null = null;
  const onProgress = (progress: UploadProgress): void => {
    const { doneBytes, totalBytes, isSent } = progress;
    if (isSent) startedAt ??= performance.now();
    const passedMs = startedAt === null ? 0 : performance.now() - startedAt;
    const leftMs = isSent && doneBytes > 0 ? (passedMs / doneBytes) * (totalBytes - doneBytes) : null;
    usePublish.setState({ now: { ...sending, progress, leftMs } });
  };
  try {
    const { commit } = answered(await frame.call('send-upload', { isPrivate }, { signal, onProgress }));
    usePublish.setState({ now: { phase: 'sent', commit, name: plan.name, address } });
  } catch (error) {
    ended(error);
  }
  letGo();
}

/** Ends what is under way. */
export function stopPublish(): void {
  stop.abort(new DOMException('stopped', 'AbortError'));
}

export function dismissPublishError(): void {
  usePublish.setState({ error: null });
}

/** With the frame goes the token. */
function letGo(): void {
  frame?.close();
  frame = null;
}

function ended(error: unknown): void {
  const { now } = usePublish.getState();
  const wasStopped = stop.signal.aborted;
  // What the hub was working on when it was stopped cannot be known from here.
  const isOpen = now.phase === 'sending' && now.progress?.isCommitting === true;
  const told = !wasStopped
    ? reportError(error)
    : isOpen
      ? reportError(
          new InputError(
            'It was stopped while the hub was making the commit.',
            'List what would be sent again to see whether it is there.',
          ),
        )
      : null;
  letGo();
  usePublish.setState({ now: { phase: 'idle' }, error: told });
}
