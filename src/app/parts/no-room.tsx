import { Download, RotateCw, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { formatBytes, formatCount } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import type { StoredSizes } from '../../store/sizes.ts';
import { saveFile } from '../download.ts';
import { hashOf } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Notice } from '../ui/notice.tsx';
import { freeBytes, useRoom } from '../state/room.ts';
import { measure, remove, useSizes } from '../state/storage-actions.ts';
import styles from './room.module.css';

/** The current run could not be stored: what is kept, what can be removed, and the weights to be taken away. */
export function NoRoom({ run }: { run: RunRecord }) {
  const { state, savedStep } = run;
  const live = useStudio((all) => all.liveRunId === run.id);
  const exporting = useStudio((all) => all.requests.export.busy);
  const free = freeBytes(useRoom());
  const problem = live && state.phase === 'paused' ? (state.problem ?? null) : null;
  const lacking = problem !== null;
  useEffect(() => {
    if (lacking) void measure();
  }, [lacking]);
  if (problem === null) return null;
  const takeAway = async (): Promise<void> => {
    const file = await studio.exportModel(run.id, 'f32');
    if (file) saveFile(file.fileName, file.blob);
  };
  return (
    <section className={styles['noRoom']} aria-label="No room to keep the run" data-testid="no-room">
      <Notice kind="warning" title={`Paused at step ${formatCount(run.step)}: no room to keep it`}>
        <p>{problem.message}</p>
        <p>
          {savedStep === null
            ? 'No checkpoint of this run is kept yet.'
            : `Kept: the checkpoint of step ${formatCount(savedStep)}.`}{' '}
          The steps since are in this tab alone
          {free === null ? '' : `; the browser allows ${formatBytes(free)} more`}.
        </p>
        <OlderCheckpoints />
        <p className={styles['buttons']}>
          <Button kind="primary" icon={RotateCw} onClick={() => studio.resume()}>
            Try again
          </Button>
          <Button
            icon={Download}
            reason={exporting ? 'They are being packed.' : null}
            onClick={() => void takeAway()}
          >
            Save the weights as a zip
          </Button>
          <a href={hashOf('storage')}>All that is stored</a>
        </p>
      </Notice>
    </section>
  );
}

interface Older {
  runId: string;
  runName: string;
  id: string;
  step: number;
  sizeBytes: number;
}

/** Checkpoints that no run's weights are read from, the largest first. */
function olderOf(sizes: StoredSizes | null): Older[] {
  return (sizes?.runs ?? [])
    .flatMap(({ id: runId, name: runName, checkpoints }) =>
      checkpoints.filter(({ newest }) => !newest).map((one) => ({ ...one, runId, runName })),
    )
    .sort((a, b) => b.sizeBytes - a.sizeBytes);
}

const mostShown = 6;

function OlderCheckpoints() {
  const older = olderOf(useSizes((state) => state.sizes));
  const [asked, setAsked] = useState<Older | null>(null);
  if (older.length === 0) return null;
  return (
    <>
      <p>Older checkpoints that can go; each run keeps its newest:</p>
      <ul>
        {older.slice(0, mostShown).map((one) => (
          <li key={one.id} className={styles['thing']}>
            <span className={styles['name']}>
              step {formatCount(one.step)} of {one.runName}
            </span>
            <span className={styles['size']}>{formatBytes(one.sizeBytes)}</span>
            <Button
              kind="danger"
              small
              icon={Trash2}
              label={`Remove step ${formatCount(one.step)} of ${one.runName}`}
              onClick={() => setAsked(one)}
            >
              Remove
            </Button>
          </li>
        ))}
      </ul>
      {asked && (
        <Dialog
          title={`Remove step ${formatCount(asked.step)} of ${asked.runName}?`}
          onClose={() => setAsked(null)}
          confirm={{
            label: 'Remove it',
            act: () => void remove({ kind: 'checkpoint', runId: asked.runId, id: asked.id }),
          }}
        >
          <p>The newest stays, and with it the run’s weights. That cannot be undone.</p>
        </Dialog>
      )}
    </>
  );
}
