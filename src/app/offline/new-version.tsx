import { liveRun, useStudio } from '../studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import styles from './new-version.module.css';
import { takeNewVersion, useOffline } from './offline.ts';

/** Says that a newer studio is there. It is never forced on a run. */
export function NewVersion() {
  const waiting = useOffline((state) => state.waiting);
  const live = useStudio((state) => liveRun(state)?.name ?? null);
  const elsewhere = useStudio((state) => (state.heldRunIds?.size ?? 0) > 0);
  if (waiting === null) return null;
  const reason =
    live !== null
      ? `${live} is under way; reload when it has ended.`
      : elsewhere
        ? 'A run is under way in another tab; reload when it has ended.'
        : null;
  return (
    <div role="status">
      <Notice kind="info">
        <div className={styles['line']}>
          <p>A new version is ready.{reason === null ? '' : ` ${reason}`}</p>
          <Button small reason={reason} onClick={() => takeNewVersion(waiting)}>
            Reload
          </Button>
        </div>
      </Notice>
    </div>
  );
}
