/** How a page and its own frame find each other. Both are of one origin, and hear nobody else. */

/** The frame says that it listens. */
export const frameReady = 'stillroom-frame-ready';

/** The page says what the frame may reach, and hands it a port, which carries all the rest. */
export interface CloseFrame {
  type: 'stillroom-close-frame';
  /** See `reachOnly`. */
  reach: readonly string[];
}

export function isCloseFrame(data: unknown): data is CloseFrame {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'stillroom-close-frame';
}
