import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import styles from './new-version.module.css';
import { takeNewVersion, useOffline } from './offline.ts';
import { reloadObstacle } from './reload-obstacle.ts';

/** Says that loading the page again brings something: a newer studio, or threads. It is never forced on a run. */
export function NewVersion() {
  const waiting = useOffline((state) => state.waiting);
  const takingOver = useOffline((state) => state.takingOver);
  const reloadBrings = useOffline((state) => state.reloadBrings);
  const reason = useStudio((state) => reloadObstacle(state, Date.now()));
  if (waiting === null && !takingOver && reloadBrings === null) return null;
  if (takingOver) {
    return (
      <div role="status">
        <Notice kind="info">
          <p>
            The new version is taking over; this page then loads again. Seldom that takes up to five minutes,
            in which you can go on working.
          </p>
        </Notice>
      </div>
    );
  }
  const news =
    waiting === null && reloadBrings === 'threads'
      ? `The studio can train on all ${navigator.hardwareConcurrency} CPU threads after a reload.`
      : 'A new version is ready.';
  return (
    <div role="status">
      <Notice kind="info">
        <div className={styles['line']}>
          <p>
            {news}
            {reason === null ? '' : ` ${reason}`}
          </p>
          <Button
            small
            reason={reason}
            onClick={() => {
              if (waiting === null) location.reload();
              else takeNewVersion(waiting, () => reloadObstacle(studio.get(), Date.now()) === null);
            }}
          >
            Reload
          </Button>
        </div>
      </Notice>
    </div>
  );
}
