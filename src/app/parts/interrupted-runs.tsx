import { formatCount } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import { useRunWords } from '../state/use-run-words.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { GoOnButton } from './go-on-button.tsx';
import { goingOn } from './going-on.ts';
import styles from './interrupted-runs.module.css';

/** Runs that were at work when their page went: each can continue, or be left. */
export function InterruptedRuns() {
  const runs = useStudio((state) => state.runs);
  const resumed = useStudio((state) => state.resumed);
  return (
    <div className={styles['runs']}>
      {runs.map((run) => (
        <InterruptedRun key={run.id} run={run} />
      ))}
      {resumed !== null && resumed.damaged.length > 0 && (
        <Notice
          kind="warning"
          title={`Resumes from step ${formatCount(resumed.step)}`}
          onDismiss={() => studio.forgetResumed()}
        >
          {resumed.damaged.map((words) => (
            <p key={words}>{words}</p>
          ))}
          <p>An earlier one was whole; the steps after it are taken again.</p>
        </Notice>
      )}
    </div>
  );
}

function InterruptedRun({ run }: { run: RunRecord }) {
  const { hold } = useRunWords(run);
  if (hold !== 'interrupted') return null;
  const next = goingOn(run, hold);
  return (
    <section aria-label={`${run.name} was interrupted`} data-testid="interrupted">
      <Notice
        kind="warning"
        title={`${run.name} was interrupted at step ${formatCount(run.step)} of ${formatCount(run.recipe.steps)}`}
      >
        {next && <p>{next.words}</p>}
        <p className={styles['actions']}>
          {next && <GoOnButton run={run} label={next.label} primary />}
          <LeaveButton run={run} />
        </p>
      </Notice>
    </section>
  );
}

/** Lets an interrupted run be. */
export function LeaveButton({ run }: { run: RunRecord }) {
  return (
    <Button label={`Leave it stopped: ${run.name}`} onClick={() => void studio.leaveStopped(run.id)}>
      Leave it stopped
    </Button>
  );
}
