import { Undo2 } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { undoMs } from '../../store/runs.ts';
import { formatDuration } from '../../base/units.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { undoDelete, useShelf } from '../state/run-actions.ts';
import styles from './deleted-runs.module.css';

/** Runs that were deleted a moment ago, each with the way back. The focus of the one that went comes here. */
export function DeletedRuns() {
  const deleted = useShelf((state) => state.deleted);
  const place = useRef<HTMLDivElement>(null);
  const newest = deleted[0]?.id ?? null;
  const before = useRef(newest);
  useEffect(() => {
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (newest !== null && newest !== before.current && lost) place.current?.querySelector('button')?.focus();
    before.current = newest;
  }, [newest]);
  return (
    <div ref={place} className={styles['deleted']} role="status">
      {deleted.map((run) => (
        <Notice key={run.id} kind="info">
          <p>
            {run.name} was deleted. It is gone for good after {formatDuration(undoMs)}, or with this page.
          </p>
          <p>
            <Button icon={Undo2} label={`Undo: keep ${run.name}`} onClick={() => void undoDelete([run.id])}>
              Undo
            </Button>
          </p>
        </Notice>
      ))}
    </div>
  );
}
