import { useEffect } from 'react';
import { liveRun, studioStore } from '../studio-store.ts';
import { studio } from '../studio.ts';
import { pauseObstacle } from '../train/obstacles.ts';

/** Elements that have a use of their own for the keys they get. */
const keepers = 'input, select, textarea, button, a, summary, dialog, [contenteditable], [data-keys]';

/** True where a key press belongs to nothing in particular, so that the page may use it. */
export function isFree(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (document.querySelector('dialog[open]')) return false;
  return !(event.target instanceof Element && event.target.closest(keepers));
}

/** Space pauses and resumes the run under way. */
export function useRunShortcut(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== ' ' || event.repeat || !isFree(event)) return;
      const run = liveRun(studioStore.getState());
      if (run === null) return;
      event.preventDefault();
      if (run.state.phase === 'paused') studio.resume();
      else if (pauseObstacle(run.state) === null) studio.pause();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
