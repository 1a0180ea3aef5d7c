/** How much room the browser gives this page, and whether it promised to keep what lies there. */
import { create } from 'zustand';

interface Room {
  /** Bytes of this origin, everything counted, and how many there may be; null where the browser does not say. */
  usageBytes: number | null;
  quotaBytes: number | null;
  /** Whether the browser removes nothing by itself; null where it cannot tell. */
  persisted: boolean | null;
  /** Whether it was asked in this page. */
  asked: boolean;
}

export const useRoom = create<Room>(() => ({
  usageBytes: null,
  quotaBytes: null,
  persisted: null,
  asked: false,
}));

/** Only secure pages have it, and not every browser every function of it. */
function manager(): Partial<StorageManager> {
  return (navigator as { storage?: StorageManager }).storage ?? {};
}

/** Asks the browser once more how things are. */
export async function readRoom(): Promise<void> {
  const storage = manager();
  try {
    const { usage = null, quota = null } = (await storage.estimate?.()) ?? {};
    const persisted = (await storage.persisted?.()) ?? null;
    useRoom.setState({ usageBytes: usage, quotaBytes: quota, persisted });
  } catch {
    // Not told is shown as not known.
  }
}

/**
 * Asks the browser to remove nothing by itself. Some ask the person, so it is done when something of the person's own
 * comes in, not before; and once, unless the person wants it again.
 */
export async function askToPersist(again = false): Promise<void> {
  const { asked, persisted } = useRoom.getState();
  if (persisted === true || (asked && !again)) return;
  useRoom.setState({ asked: true });
  try {
    useRoom.setState({ persisted: (await manager().persist?.()) ?? null });
  } catch {
    // A refusal by exception is a refusal.
  }
}

/** Free bytes; null where the browser does not say. */
export function freeBytes({
  usageBytes,
  quotaBytes,
}: Pick<Room, 'usageBytes' | 'quotaBytes'>): number | null {
  return usageBytes === null || quotaBytes === null ? null : Math.max(0, quotaBytes - usageBytes);
}

const readEveryMs = 20_000;

/** Keeps the figures fresh while the page is seen. */
export function watchRoom(): void {
  void readRoom();
  setInterval(() => {
    if (document.visibilityState === 'visible') void readRoom();
  }, readEveryMs);
}
