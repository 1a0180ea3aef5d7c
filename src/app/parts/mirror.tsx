import type { RunRecord } from '../../store/records.ts';
import { useRunWords } from '../state/use-run-words.ts';
import { Notice } from '../ui/notice.tsx';

/** Says of a run that this tab does not train, and that has not ended, who does. */
export function Mirror({ run }: { run: RunRecord }) {
  const { hold } = useRunWords(run);
  if (hold === 'unsure')
    return (
      <section aria-label={`Looking whether ${run.name} is still at work`} data-testid="looking">
        <Notice kind="info" title={`Looking whether ${run.name} is still at work`}>
          <p>
            The page that trained it was closed or loaded again, and its last step is ending. Then the run can
            resume here.
          </p>
        </Notice>
      </section>
    );
  if (hold !== 'elsewhere') return null;
  return (
    <section aria-label={`${run.name} is at work in another tab`} data-testid="mirror">
      <Notice kind="info" title={`Another tab is at work on ${run.name}`}>
        <p>
          This tab only looks on: its curves follow every few seconds. Pause and stop are in the other tab;
          where that one closes, the run can resume here.
        </p>
      </Notice>
    </section>
  );
}
