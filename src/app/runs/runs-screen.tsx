import { FolderOpen, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { formatCount, formatPercent } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { useRunWords } from '../frame/use-run-words.ts';
import { hashOf, navigate } from '../routes.ts';
import { lastOf } from '../last-of.ts';
import { studio } from '../studio.ts';
import { useStudio } from '../studio-store.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { plural, recipeWords } from '../words.ts';
import { GoOnButton } from './go-on-button.tsx';
import { goingOn } from './going-on.ts';
import { LeaveButton } from './interrupted-runs.tsx';
import styles from './runs-screen.module.css';

/** Every run that is stored in this browser. */
export function RunsScreen() {
  const runs = useStudio((state) => state.runs);
  const request = useStudio((state) => state.requests.runs);
  return (
    <>
      <ScreenHead station="Runs">
        {runs.length > 0 && <p>{plural(runs.length, 'run')}, newest first</p>}
      </ScreenHead>
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('runs')} />}
      {runs.length === 0 ? (
        <EmptyState
          picture={<EmptyList />}
          action={
            <LinkButton kind="primary" href={hashOf('train')}>
              To training
            </LinkButton>
          }
        >
          Every run is kept here with its curves, its comparison and its weights.
        </EmptyState>
      ) : (
        <ul className={styles['list']}>
          {runs.map((run) => (
            <li key={run.id}>
              <RunItem run={run} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

function RunItem({ run }: { run: RunRecord }) {
  const shown = useStudio((state) => state.runId === run.id);
  const { hold, words } = useRunWords(run);
  const next = goingOn(run, hold);
  const [asking, setAsking] = useState(false);
  const score = run.comparison?.distilled ?? lastOf(run.evaluations) ?? null;
  return (
    <article className={styles['run']} aria-current={shown ? 'true' : undefined} aria-label={run.name}>
      <div className={styles['what']}>
        <h2 className={styles['name']}>{run.name}</h2>
        <p className={hold === 'interrupted' ? styles['interrupted'] : styles['state']}>{words}</p>
        <p className={styles['facts']}>
          {run.studentName} on {run.datasetName} · {recipeWords(run.recipe)}
        </p>
        {next && <p className={styles['facts']}>{next.words}</p>}
      </div>
      <dl className={styles['figures']}>
        <div>
          <dt>steps</dt>
          <dd>
            {formatCount(run.step)} of {formatCount(run.recipe.steps)}
          </dd>
        </div>
        <div>
          <dt>accuracy</dt>
          <dd>
            {score === null || score.total === 0
              ? 'not measured'
              : formatPercent(score.correct / score.total, 1)}
          </dd>
        </div>
        <div>
          <dt>begun</dt>
          <dd>{date.format(run.createdAt)}</dd>
        </div>
      </dl>
      <div className={styles['actions']}>
        {next && <GoOnButton run={run} label={next.label} />}
        {hold === 'interrupted' && <LeaveButton run={run} />}
        <Button
          icon={FolderOpen}
          label={`Open ${run.name}`}
          onClick={() => {
            void studio.selectRun(run.id);
            navigate('train');
          }}
        >
          Open
        </Button>
        <Button
          kind="danger"
          icon={Trash2}
          label={`Delete ${run.name}`}
          reason={
            hold === 'here'
              ? 'It is under way; stop it first.'
              : hold === 'elsewhere'
                ? 'Another tab is at work on it.'
                : null
          }
          onClick={() => setAsking(true)}
        >
          Delete
        </Button>
      </div>
      {asking && (
        <Dialog
          title={`Delete ${run.name}?`}
          onClose={() => setAsking(false)}
          confirm={{ label: 'Delete it', act: () => void studio.removeRun(run.id) }}
        >
          <p>
            Its curves, its comparison and its weights are deleted from this browser. That cannot be undone.
          </p>
        </Dialog>
      )}
    </article>
  );
}

function EmptyList() {
  return (
    <svg viewBox="0 0 620 110" width="100%" fill="none" focusable="false">
      {[16, 56, 96].map((y) => (
        <g key={y}>
          <path d={`M40 ${y}h140`} stroke="var(--copper)" strokeWidth="6" />
          <path d={`M230 ${y}h350`} stroke="var(--line)" strokeWidth="2" />
        </g>
      ))}
    </svg>
  );
}
