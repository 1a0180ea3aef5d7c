import { formatBytes } from '../../base/units.ts';
import { runSize } from '../../store/run-size.ts';
import { hashOf } from '../routes.ts';
import { currentDataset, currentStudent, useStudio } from '../state/studio-store.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import { Notice } from '../ui/notice.tsx';
import { freeBytes, useRoom } from '../state/room.ts';
import styles from './room.module.css';

/** What the run to come takes of the browser's storage, beside what there is; a warning where it may not fit. */
export function RunRoom() {
  const student = useStudio(currentStudent);
  const testRows = useStudio((state) => currentDataset(state)?.splits.test?.rows ?? 0);
  const { recipe } = readDraft(useStudio((state) => state.draft));
  const room = useRoom();
  if (student === null || recipe === null) return null;
  const { totalBytes, checkpoints, checkpointBytes } = runSize(student.config, recipe, testRows);
  const free = freeBytes(room);
  if (free !== null && totalBytes > free) {
    return (
      <Notice kind="warning" title="This run may not fit">
        <p>
          Its {checkpoints} checkpoints of {formatBytes(checkpointBytes)} take up to {formatBytes(totalBytes)}
          ; the browser allows {formatBytes(free)} more. It trains all the same, and pauses where it cannot
          keep a checkpoint. <a href={hashOf('storage')}>Make room under Storage</a>.
        </p>
      </Notice>
    );
  }
  return (
    <p className={styles['precheck']} data-testid="run-room">
      Its checkpoints take up to {formatBytes(totalBytes)} of this browser’s storage
      {free === null ? '.' : `, which allows ${formatBytes(free)} more.`}
    </p>
  );
}
