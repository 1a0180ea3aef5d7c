import { Copy, Download, FolderOpen, Pencil, Pin, PinOff, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { formatCount, formatPercent } from '../../base/units.ts';
import { shareOf } from '../../distill/score.ts';
import type { RunRecord } from '../../store/records.ts';
import { holdObstacle, type Hold } from '../held-runs.ts';
import { useRunWords } from '../state/use-run-words.ts';
import { lastOf } from '../state/last-of.ts';
import { navigate } from '../routes.ts';
import { liveRun, useStudio } from '../state/studio-store.ts';
import { repeatRun } from '../state/form-source.ts';
import { openRun } from '../actions/open-run.ts';
import { Button } from '../ui/button.tsx';
import { recipeWords } from '../words.ts';
import { GoOnButton } from '../parts/go-on-button.tsx';
import { goingOn } from '../parts/going-on.ts';
import { LeaveButton } from '../parts/interrupted-runs.tsx';
import { changeLabels, deleteRuns, saveRun } from '../state/run-actions.ts';
import { CompareWith } from './compare-with.tsx';
import { RunLabelsForm } from './run-labels-form.tsx';
import { RunMark } from './run-mark.tsx';
import styles from './run-item.module.css';
import { Sparkline } from './sparkline.tsx';

const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** A stored run: what it is, its curves in small, its figures, and what can be done with it. */
export function RunItem({ run }: { run: RunRecord }) {
  const shown = useStudio((state) => state.runId === run.id);
  const { hold, words } = useRunWords(run);
  const next = goingOn(run, hold);
  const [naming, setNaming] = useState(false);
  return (
    <article className={styles['run']} aria-current={shown ? 'true' : undefined} aria-label={run.name}>
      <div className={styles['what']}>
        <h2 className={styles['name']}>
          <RunMark run={run} />
          {run.name}
          {run.pinned && <span className={styles['pinned']}>pinned</span>}
        </h2>
        <p className={hold === 'interrupted' ? styles['interrupted'] : styles['state']}>{words}</p>
        <p className={styles['facts']}>
          {run.studentName} on {run.datasetName} · {recipeWords(run.recipe)}
        </p>
        {run.imported && (
          <p className={styles['facts']}>
            From the {/\.zip$/i.test(run.imported.fileName) ? 'file' : 'folder'} {run.imported.fileName}.
            {trainedElsewhere(run)}
          </p>
        )}
        {(run.tags ?? []).length > 0 && <p className={styles['facts']}>Tags: {run.tags?.join(', ')}.</p>}
        {run.note !== undefined && run.note !== '' && <p className={styles['note']}>{run.note}</p>}
        {next && <p className={styles['facts']}>{next.words}</p>}
      </div>
      <Sparkline run={run} />
      <Figures run={run} />
      <div className={styles['actions']}>
        {next && <GoOnButton run={run} label={next.label} />}
        {hold === 'interrupted' && <LeaveButton run={run} />}
        <Button icon={FolderOpen} label={`Open ${run.name}`} onClick={() => openRun(run.id)}>
          Open
        </Button>
      </div>
      <CompareWith run={run} />
      <More run={run} hold={hold} onName={() => setNaming(true)} />
      {naming && <RunLabelsForm run={run} onClose={() => setNaming(false)} />}
    </article>
  );
}

/** Where a run of PyTorch's was trained, as a sentence; empty for the studio's own. */
function trainedElsewhere({ engine }: RunRecord): string {
  return engine?.engine === 'torch'
    ? ` Trained on ${engine.adapter.replace(' x ', ' × ')} with PyTorch.`
    : '';
}

function Figures({ run }: { run: RunRecord }) {
  const score = run.comparison?.distilled ?? lastOf(run.evaluations) ?? null;
  return (
    <dl className={styles['figures']}>
      <div>
        <dt>steps</dt>
        <dd>
          {formatCount(run.step)} of {formatCount(run.recipe.steps)}
        </dd>
      </div>
      <div>
        <dt>accuracy</dt>
        <dd>{score === null || score.total === 0 ? 'not measured' : formatPercent(shareOf(score), 1)}</dd>
      </div>
      <div>
        <dt>begun</dt>
        <dd>{date.format(run.createdAt)}</dd>
      </div>
    </dl>
  );
}

/** What is asked for less often. */
function More({ run, hold, onName }: { run: RunRecord; hold: Hold; onName: () => void }) {
  const live = useStudio(liveRun);
  const busy = useStudio((state) => state.requests.runs.busy);
  const obstacle = holdObstacle(run, hold);
  return (
    <div className={styles['more']} role="group" aria-label={`More for ${run.name}`}>
      <Button
        kind="quiet"
        small
        icon={run.pinned ? PinOff : Pin}
        label={`${run.pinned ? 'Unpin' : 'Pin'} ${run.name}`}
        onClick={() => void changeLabels(run.id, { pinned: run.pinned !== true })}
      >
        {run.pinned ? 'Unpin' : 'Pin'}
      </Button>
      <Button kind="quiet" small icon={Pencil} label={`Name and note of ${run.name}`} onClick={onName}>
        Name, note and tags
      </Button>
      <Button
        kind="quiet"
        small
        icon={Copy}
        label={`Repeat with changes: ${run.name}`}
        reason={live === null ? null : `${live.name} is under way; its recipe stands on Train.`}
        onClick={() => {
          repeatRun(run);
          navigate('train');
        }}
      >
        Repeat with changes
      </Button>
      <Button
        kind="quiet"
        small
        icon={Download}
        label={`Save ${run.name} as a file`}
        reason={obstacle ?? (busy ? 'The last request is still being answered.' : null)}
        onClick={() => void saveRun(run.id)}
      >
        Save as a file
      </Button>
      <Button
        kind="danger"
        small
        icon={Trash2}
        label={`Delete ${run.name}`}
        reason={obstacle}
        onClick={() => void deleteRuns([run.id])}
      >
        Delete
      </Button>
    </div>
  );
}
