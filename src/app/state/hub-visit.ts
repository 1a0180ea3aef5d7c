/** What the page does at a hub for students and rows: opens the frame that asks it, and fetches files whole and checked. */
import { InputError } from '../../base/errors.ts';
import { openFrame, type ClosedFrame } from '../../frames/closed-frame.ts';
import type { HubCalls, Unreachable } from '../../frames/hub.ts';
import { originToReach } from '../../frames/reach.ts';
import type { HubFile } from '../../hub/file-hash.ts';
import type { HubSource } from '../../hub/hub-client.ts';
import { defaultEndpoint, parseEndpoint } from '../../hub/hub-name.ts';
import { checkRoom, fetchFile, filesOfHub, unreachable } from './hub-fetch.ts';

export type HubFrame = ClosedFrame<HubCalls>;

/** What a person typed. The token goes to the frame, and is kept nowhere else. */
export interface HubAccessWish {
  endpoint: string;
  token: string;
}

/** Where the hub has large files sent to that do not come by its own protocol (Xet): its buckets, in two regions. */
const largeFilesOfHub = ['us-east-1', 'eu-west-1'].map(
  (region) => `https://hf-hub-lfs-${region}.s3-accelerate.amazonaws.com`,
);

/**
 * A frame that reaches this hub and nothing else; nothing is asked of the hub yet.
 * @param isToSend Whether it also reaches where large files are sent to.
 */
export async function openHub({ endpoint, token }: HubAccessWish, isToSend = false): Promise<HubFrame> {
  const place = parseEndpoint(endpoint.trim());
  const origin = originToReach(new URL(place));
  const more = isToSend && place === defaultEndpoint ? largeFilesOfHub : [];
  const frame = await openFrame<HubCalls>('hub.html', [origin, ...filesOfHub, ...more]);
  try {
    await frame.call('open', { endpoint: place, token: token.trim() === '' ? null : token.trim() });
  } catch (error) {
    frame.close();
    throw error;
  }
  return frame;
}

/** What the hub answered. @throws UnreachableHub where it did not. */
export function answered<Answer extends { kind: string }>(
  answer: Answer | Unreachable,
): Exclude<Answer, Unreachable> {
  if (answer.kind === 'unreachable') {
    throw unreachable(answer as Unreachable);
  }
  return answer as Exclude<Answer, Unreachable>;
}

export interface Fetching {
  signal: AbortSignal;
  /** @param leftMs Null until it is known. */
  onProgress: (gotBytes: number, leftMs: number | null) => void;
}

/**
 * Fetches files, one after the other, each from what came of it before. One tab does so at a time. What has come is kept
 * until `clearPieces`.
 * @throws InputError where another tab is fetching, UnreachableHub, NoRoomError; the signal's reason.
 */
export function fetchFiles(
  hub: HubFrame,
  source: HubSource,
  files: readonly HubFile[],
  { signal, onProgress }: Fetching,
): Promise<{ file: HubFile; blob: Blob }[]> {
  return navigator.locks.request('stillroom-hub', { ifAvailable: true }, async (lock) => {
    if (lock === null)
      throw new InputError('Another tab is fetching from a hub.', 'Wait until it is done, or stop it.');
    const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    await checkRoom(files, 'student');
    const startedAt = performance.now();
    let firstBytes: number | null = null;
    let doneBytes = 0;
    let nowBytes = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (): void => {
      timer = undefined;
      const came = nowBytes - (firstBytes ?? nowBytes);
      onProgress(
        nowBytes,
        came === 0 ? null : ((performance.now() - startedAt) / came) * (totalBytes - nowBytes),
      );
    };
    const fetched: { file: HubFile; blob: Blob }[] = [];
    try {
      for (const file of files) {
        const before = doneBytes;
        const blob = await fetchFile(hub, source, file, { kind: 'student', signal }, (gotBytes) => {
          nowBytes = before + gotBytes;
          firstBytes ??= nowBytes;
          // Ten times a second, and always the last that came.
          timer ??= setTimeout(show, 100);
        });
        doneBytes += file.sizeBytes;
        fetched.push({ file, blob });
      }
    } finally {
      clearTimeout(timer);
      if (timer !== undefined) show();
    }
    return fetched;
  });
}
