import { formatCount } from '../../base/units.ts';
import type { LengthReport } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { currentStudent, useStudio } from '../state/studio-store.ts';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { plural } from '../words.ts';
import { Histogram } from './histogram.tsx';
import styles from './lengths.module.css';

/** Token lengths under the chosen student's tokenizer, and what the recipe's limits would cut. */
export function Lengths({ report }: { report: LengthReport | null }) {
  const request = useStudio((state) => state.requests.lengths);
  const student = useStudio(currentStudent);
  return (
    <section className={styles['lengths']} aria-label="Token lengths">
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('lengths')} />}
      {request.busy && (
        <Progress
          label={request.progress?.what ?? 'counting tokens'}
          done={request.progress?.done ?? 0}
          total={request.progress?.total ?? 0}
        />
      )}
      {report === null ? (
        <p className={styles['note']}>
          {student === null
            ? 'Token lengths follow once a student is chosen: each has its own tokenizer.'
            : null}
        </p>
      ) : (
        <>
          <p className={styles['note']} data-testid="truncation">
            <strong>{plural(report.truncatedInputs, 'input')}</strong> and{' '}
            <strong>{plural(report.truncatedTargets, 'target')}</strong> would be truncated by the recipe’s
            limits ({formatCount(report.maxInputTokens)} and {formatCount(report.maxTargetTokens)} tokens).
          </p>
          <Histogram title="Tokens in an input" histogram={report.input} />
          {report.rationale && <Histogram title="Tokens in a rationale" histogram={report.rationale} />}
          <Histogram title="Tokens in a label" histogram={report.label} />
        </>
      )}
    </section>
  );
}
