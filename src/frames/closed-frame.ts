/**
 * A frame of the studio's own that may reach named origins, and nothing else, so that page and workers need reach
 * nothing at all. What it is told (a key, say) lives in its memory, and goes with it.
 */
import { EngineError } from '../base/errors.ts';
import { siteUrl } from '../base/site.ts';
import { Caller, type Calls } from './calls.ts';
import { frameReady, type CloseFrame } from './handshake.ts';
import { reachOnly } from './reach.ts';

/** Its few kilobytes come from the studio's own server or its cache. */
const longestOpeningMs = 20_000;

/** The pages that are frames: `scripts/headers.mjs` has a policy for each. */
export type FramePage = 'desk.html' | 'hub.html';

export interface ClosedFrame<Of extends Calls> {
  call: Caller<Of>['call'];
  /** Takes the frame away: what is waited for fails, and what it knew is gone. */
  close: () => void;
}

/**
 * Opens a frame and closes it to all but some origins. For other origins, open another one.
 * @param reach Origins, `https://*.host` for all below a host. See `originToReach`.
 * @throws EngineError where the frame does not open; TypeError for what is no origin.
 */
export async function openFrame<Of extends Calls>(
  page: FramePage,
  reach: readonly string[],
): Promise<ClosedFrame<Of>> {
  reachOnly(reach);
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = 'Network';
  frame.src = siteUrl(page).href;
  const opened = untilReady(frame);
  document.body.append(frame);
  try {
    await opened;
  } catch (error) {
    frame.remove();
    throw error;
  }
  const { port1, port2 } = new MessageChannel();
  const caller = new Caller<Of>(port1);
  const message: CloseFrame = { type: 'stillroom-close-frame', reach };
  frame.contentWindow!.postMessage(message, location.origin, [port2]);
  return {
    call: (...args) => caller.call(...args),
    close: () => {
      caller.close();
      frame.remove();
    },
  };
}

function untilReady(frame: HTMLIFrameElement): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener('message', listen);
    };
    const listen = (event: MessageEvent<unknown>): void => {
      if (event.source !== frame.contentWindow || event.origin !== location.origin) return;
      if (event.data !== frameReady) return;
      end();
      resolve();
    };
    const timer = setTimeout(() => {
      end();
      reject(
        new EngineError(
          'The part of the studio that reaches the network did not open.',
          'Reload the page. If it happens again, the host that serves the studio may forbid frames.',
        ),
      );
    }, longestOpeningMs);
    addEventListener('message', listen);
  });
}
