import { formatBytes } from '../../base/units.ts';
import { Button } from '../ui/button.tsx';
import { askToPersist, freeBytes, useRoom } from '../state/room.ts';
import styles from './storage-screen.module.css';

/** How much there is, how much is taken, and what the browser promised. */
export function RoomFacts() {
  const room = useRoom();
  const { usageBytes, quotaBytes, persisted, asked } = room;
  const free = freeBytes(room);
  return (
    <section className={styles['room']} aria-label="Room">
      {usageBytes === null || quotaBytes === null || free === null ? (
        <p>This browser does not say how much room there is.</p>
      ) : (
        <>
          <progress
            className={styles['bar']}
            aria-label="Room taken"
            value={usageBytes}
            max={Math.max(1, quotaBytes)}
          />
          <p>
            This page takes {formatBytes(usageBytes)}. The browser lets it have up to{' '}
            {formatBytes(quotaBytes)}, so {formatBytes(free)} more: its own limit, which may be more than the
            disk has. A private window has far less.
          </p>
        </>
      )}
      <p data-testid="persisted">{promiseWords(persisted, asked)}</p>
      {persisted === false && (
        <Button small onClick={() => void askToPersist(true)}>
          Ask the browser to keep it
        </Button>
      )}
    </section>
  );
}

function promiseWords(persisted: boolean | null, asked: boolean): string {
  if (persisted === null) return 'This browser cannot promise to keep what lies here.';
  if (persisted) return 'The browser promised to keep all of it until you remove it.';
  return asked
    ? 'The browser was asked to keep it and did not promise: it may remove all of it when the disk is full. Take away what matters.'
    : 'The browser may remove all of it when the disk is full. It is asked to keep it when you first bring files of your own.';
}
