import { liveRun, studioStore } from '../state/studio-store.ts';

const reloadedAtKey = 'stillroom.reloaded-for-files';
/** A second failure so soon after a reload has another cause. */
const sameCauseMs = 60_000;

/**
 * Loads the page again where one of its files could not be fetched, which happens after a new version was put on the
 * server. A run under way in this tab is left alone: its worker has all that it needs, and the screen that could not be
 * drawn says so.
 * @returns Whether the page is being loaded again.
 */
export function reloadForNewFiles(): boolean {
  if (liveRun(studioStore.getState()) !== null) return false;
  const last = Number(sessionStorage.getItem(reloadedAtKey));
  if (Date.now() - last < sameCauseMs) return false;
  sessionStorage.setItem(reloadedAtKey, String(Date.now()));
  location.reload();
  return true;
}
