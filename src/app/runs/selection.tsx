import { GitCompareArrows, Save, Tag, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import type { RunRecord } from '../../store/records.ts';
import { runObstacle } from '../held-runs.ts';
import { addTag, clearTicks, deleteRuns, saveRun } from '../state/run-actions.ts';
import { useAtWork } from '../state/use-at-work.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { plural } from '../words.ts';
import { pairHash } from './pair-address.ts';
import { Overlay } from './overlay.tsx';
import { RunItem } from './run-item.tsx';
import { readTags } from './run-labels-form.tsx';
import styles from './selection.module.css';

/** So many runs are laid over each other while none is ticked. */
const newest = 3;

/** The ticked runs: one by itself with all that can be done with it, several over each other. */
export function Selection({ runs, ticked }: { runs: readonly RunRecord[]; ticked: readonly RunRecord[] }) {
  if (ticked.length === 0) {
    const [first] = runs;
    if (runs.length === 1 && first) return <RunItem run={first} />;
    return (
      <div className={styles['selection']}>
        <p className={styles['hint']}>
          Tick one run for all that can be done with it, or several to lay them over each other. These are the
          newest {Math.min(newest, runs.length)}.
        </p>
        <Overlay runs={runs.slice(0, newest)} />
      </div>
    );
  }
  const [first] = ticked;
  if (ticked.length === 1 && first) {
    return (
      <div className={styles['selection']}>
        <RunItem run={first} />
        {runs.length > 1 && <p className={styles['hint']}>Tick another run to lay it over this one.</p>}
      </div>
    );
  }
  return (
    <div className={styles['selection']}>
      <Actions runs={ticked} />
      <Overlay runs={ticked} />
    </div>
  );
}

function Actions({ runs }: { runs: readonly RunRecord[] }) {
  const [tag, setTag] = useState<string | null>(null);
  const [saving, setSaving] = useState(false);
  const busy = useStudio((state) => state.requests.runs.busy);
  const atWork = useAtWork();
  const uncompared = runs.find((run) => run.comparison === null);
  const held = runs.map(({ id }) => runObstacle(id, atWork)).find((one) => one !== null) ?? null;
  const pairObstacle =
    runs.length > 3
      ? 'Tick two runs, or three where the third is a reference.'
      : uncompared === undefined
        ? null
        : `${uncompared.name} has no comparison on test rows yet.`;
  const add = (): void => {
    const [first] = readTags(tag ?? '');
    if (first !== undefined) void addTag(runs, first);
    setTag(null);
  };
  const saveAll = async (): Promise<void> => {
    setSaving(true);
    for (const run of runs) await saveRun(run.id);
    setSaving(false);
  };
  return (
    <>
      <div className={styles['head']}>
        <h2>{plural(runs.length, 'run')} ticked</h2>
        <Button small kind="quiet" icon={X} onClick={clearTicks}>
          Clear
        </Button>
      </div>
      <div className={styles['actions']} role="group" aria-label="For the ticked runs">
        <Button
          small
          icon={GitCompareArrows}
          reason={pairObstacle}
          onClick={() => {
            location.hash = pairHash(runs.map(({ id }) => id));
          }}
        >
          {runs.length === 3 ? 'Compare three' : 'Compare two'}
        </Button>
        <Button small icon={Tag} onClick={() => setTag(tag === null ? '' : null)}>
          Tag
        </Button>
        <Button
          small
          icon={Save}
          reason={held ?? (busy || saving ? 'The last request is still being answered.' : null)}
          onClick={() => void saveAll()}
        >
          Save as files
        </Button>
        <Button
          small
          kind="danger"
          icon={Trash2}
          reason={held}
          onClick={() => void deleteRuns(runs.map(({ id }) => id))}
        >
          Delete {plural(runs.length, 'run')}
        </Button>
      </div>
      {tag !== null && (
        <form
          className={styles['tag']}
          aria-label="Tag the ticked runs"
          onSubmit={(event) => {
            event.preventDefault();
            add();
          }}
        >
          <TextField label="Tag" value={tag} onChange={setTag} />
          <Button reason={tag.trim() === '' ? 'Type a word first.' : null} onClick={add}>
            Add
          </Button>
        </form>
      )}
    </>
  );
}
