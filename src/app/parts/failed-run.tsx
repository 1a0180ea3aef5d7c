import type { RunRecord } from '../../store/records.ts';
import { useRunWords } from '../state/use-run-words.ts';
import { ErrorNotice } from '../ui/notice.tsx';
import { GoOnButton } from './go-on-button.tsx';
import { goingOn } from './going-on.ts';
import styles from './interrupted-runs.module.css';

/** Why the shown run failed, and how it can continue: as it was, or without the GPU that failed it. */
export function FailedRun({ run }: { run: RunRecord }) {
  const { hold } = useRunWords(run);
  if (run.state.phase !== 'failed') return null;
  const next = goingOn(run, hold);
  return (
    <section aria-label={`${run.name} failed`} data-testid="failed">
      <ErrorNotice error={run.state.error} />
      {next && (
        <div className={styles['next']}>
          <p>{next.words}</p>
          <p className={styles['actions']}>
            <GoOnButton run={run} label={next.label} primary />
            {run.engine?.backend === 'webgpu' && (
              <GoOnButton run={run} label={`${next.label} on WebAssembly`} engine="wasm" />
            )}
          </p>
        </div>
      )}
    </section>
  );
}
