import { RefreshCw, Trash2 } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { formatBytes, formatCount } from '../../base/units.ts';
import type { StoredRun, StoredSizes } from '../../store/sizes.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { ownerObstacle, runObstacle } from '../held-runs.ts';
import { useAtWork } from '../state/use-at-work.ts';
import { DeletedRuns } from '../parts/deleted-runs.tsx';
import { deleteRuns, useShelf } from '../state/run-actions.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { usedByWords } from '../parts/used-by.ts';
import { Dialog } from '../ui/dialog.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { plural } from '../words.ts';
import { RoomFacts } from './room-facts.tsx';
import { measure, remove, useSizes, type Removal } from '../state/storage-actions.ts';
import { checkpointObstacle, experimentObstacle } from './storage-obstacle.ts';
import parts from '../parts/room.module.css';
import styles from './storage-screen.module.css';

/** Something that is about to be removed, with what that means. */
interface Asked {
  removal: Removal;
  name: string;
  means: string;
}

/** All that is in this browser, with its size, and the way to remove it. */
export function StorageScreen() {
  const sizes = useSizes((state) => state.sizes);
  const request = useStudio((state) => state.requests.storage);
  // What is stored changes with these.
  const runs = useStudio((state) => state.runs.length);
  const deleted = useShelf((state) => state.deleted.length);
  const [asked, setAsked] = useState<Asked | null>(null);
  useEffect(() => void measure(), [runs, deleted]);
  return (
    <>
      <ScreenHead
        station="Storage"
        actions={
          <Button
            icon={RefreshCw}
            reason={request.busy ? 'It is being measured.' : null}
            onClick={() => void measure()}
          >
            Measure again
          </Button>
        }
      />
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('storage')} />}
      <DeletedRuns />
      <RoomFacts />
      {sizes === null ? (
        <p className={styles['note']}>Measuring …</p>
      ) : (
        <Things sizes={sizes} onAsk={setAsked} />
      )}
      {asked && (
        <Dialog
          title={`Remove ${asked.name}?`}
          onClose={() => setAsked(null)}
          confirm={{ label: 'Remove it', act: () => void remove(asked.removal) }}
        >
          <p>{asked.means} That cannot be undone.</p>
        </Dialog>
      )}
    </>
  );
}

function Things({ sizes, onAsk }: { sizes: StoredSizes; onAsk: (asked: Asked) => void }) {
  const runs = useStudio((state) => state.runs);
  const students = useStudio((state) => state.students);
  const heldExperiments = useSizes((state) => state.heldExperiments);
  const atWork = useAtWork();
  const bundled = (id: string): boolean => students.some((one) => one.id === id && one.source === 'bundled');
  return (
    <>
      <Group title="Datasets" empty="None.">
        {sizes.datasets.map(({ id, name, sizeBytes }) => (
          <Thing
            key={id}
            name={name}
            sizeBytes={sizeBytes}
            obstacle={ownerObstacle('datasetId', id, atWork)}
            onRemove={() =>
              onAsk({
                removal: { kind: 'dataset', id },
                name,
                means: `Its files and rows are removed. ${usedByWords('dataset', id, runs)}`,
              })
            }
          />
        ))}
      </Group>
      <Group title="Students" empty="None.">
        {sizes.students.map(({ id, name, sizeBytes }) => (
          <Thing
            key={id}
            name={name}
            sizeBytes={sizeBytes}
            obstacle={
              bundled(id)
                ? 'It comes with the studio and takes no room here.'
                : ownerObstacle('studentId', id, atWork)
            }
            onRemove={() =>
              onAsk({
                removal: { kind: 'student', id },
                name,
                means: `Its weights and tokenizer are removed. ${usedByWords('student', id, runs)}`,
              })
            }
          />
        ))}
      </Group>
      <GroupOfSome
        title="Language models that answer in this tab"
        things={sizes.tabModels}
        kind="tab-model"
        means="Its files are removed; to answer here again it is fetched once more from its hub."
        obstacleOf={() => null}
        onAsk={onAsk}
      />
      <GroupOfSome
        title="Experiments"
        things={sizes.experiments}
        kind="experiment"
        means="Its queue and its results are removed; its runs stay."
        obstacleOf={(id) => experimentObstacle(id, heldExperiments)}
        onAsk={onAsk}
      />
      <Group title="Runs" empty="None.">
        {sizes.runs.map((run) => (
          <Thing
            key={run.id}
            name={run.name}
            sizeBytes={run.sizeBytes}
            obstacle={runObstacle(run.id, atWork)}
            onRemove={() => void deleteRuns([run.id])}
          >
            <Checkpoints
              run={run}
              obstacle={(newest) => checkpointObstacle(run.id, newest, atWork)}
              onAsk={onAsk}
            />
          </Thing>
        ))}
      </Group>
      {sizes.leftOver.length > 0 && (
        <Group title="Left over" empty="">
          {sizes.leftOver.map(({ runId, sizeBytes }) => (
            <Thing
              key={runId}
              name={`files of a run that is gone (${runId.slice(0, 8)})`}
              sizeBytes={sizeBytes}
              obstacle={null}
              onRemove={() => void remove({ kind: 'left-over', runId })}
            />
          ))}
        </Group>
      )}
    </>
  );
}

function Checkpoints({
  run,
  obstacle,
  onAsk,
}: {
  run: StoredRun;
  obstacle: (newest: boolean) => string | null;
  onAsk: (asked: Asked) => void;
}) {
  if (run.checkpoints.length === 0) return null;
  return (
    <details className={styles['inner']}>
      <summary>{plural(run.checkpoints.length, 'checkpoint')}</summary>
      <ul>
        {run.checkpoints.map(({ id, step, sizeBytes, newest, best, taken }) => (
          <Thing
            key={id}
            name={`step ${formatCount(step)}${newest ? ', newest' : ''}${best ? ', best' : ''}${taken ? ', taken' : ''}`}
            of={run.name}
            sizeBytes={sizeBytes}
            obstacle={obstacle(newest)}
            onRemove={() =>
              onAsk({
                removal: { kind: 'checkpoint', runId: run.id, id },
                name: `step ${formatCount(step)} of ${run.name}`,
                means:
                  run.checkpoints.length === 1
                    ? 'It is the only one: the run then has curves and answers, but no weights.'
                    : taken
                      ? 'It is the step that was taken: the run is then compared and taken away with the weights of the newest that is left.'
                      : newest
                        ? 'The run then has the weights of the one before.'
                        : 'The newest stays, and with it the run’s weights.',
              })
            }
          />
        ))}
      </ul>
    </details>
  );
}

/** A group that is there only where something is in it. */
function GroupOfSome({
  title,
  things,
  kind,
  means,
  obstacleOf,
  onAsk,
}: {
  title: string;
  things: readonly { id: string; name: string; sizeBytes: number }[];
  kind: 'tab-model' | 'experiment';
  /** What removing one does. */
  means: string;
  obstacleOf: (id: string) => string | null;
  onAsk: (asked: Asked) => void;
}) {
  if (things.length === 0) return null;
  return (
    <Group title={title} empty="">
      {things.map(({ id, name, sizeBytes }) => (
        <Thing
          key={id}
          name={name}
          sizeBytes={sizeBytes}
          obstacle={obstacleOf(id)}
          onRemove={() => onAsk({ removal: { kind, id }, name, means })}
        />
      ))}
    </Group>
  );
}

function Group({ title, empty, children }: { title: string; empty: string; children: ReactNode[] }) {
  return (
    <section className={styles['group']} aria-label={title}>
      <h2>{title}</h2>
      {children.length === 0 ? <p className={styles['note']}>{empty}</p> : <ul>{children}</ul>}
    </section>
  );
}

function Thing({
  name,
  of,
  sizeBytes,
  obstacle,
  onRemove,
  children,
}: {
  name: string;
  of?: string;
  sizeBytes: number;
  obstacle: string | null;
  onRemove: () => void;
  children?: ReactNode;
}) {
  return (
    <li className={parts['thing']}>
      <span className={parts['name']}>{name}</span>
      <span className={parts['size']}>{formatBytes(sizeBytes)}</span>
      <Button
        kind="danger"
        small
        icon={Trash2}
        label={`Remove ${name}${of === undefined ? '' : ` of ${of}`}`}
        reason={obstacle}
        onClick={onRemove}
      >
        Remove
      </Button>
      {children}
    </li>
  );
}
