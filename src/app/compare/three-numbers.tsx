import { useMemo } from 'react';
import { formatCount } from '../../base/units.ts';
import type { Tally } from '../../data/example.ts';
import { metricWords, type MetricId } from '../../data/metrics/metrics.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { wilsonInterval } from '../../distill/score.ts';
import type { Recipe } from '../../distill/recipe.ts';
import { measuredRecipe, type Comparison } from '../../store/records.ts';
import { generationText, generationWords } from '../recipe/generation-draft.ts';
import { classes } from '../ui/classes.ts';
import { againstDistilled } from './ledger.ts';
import { distillationWords, teacherWords } from './paired-words.ts';
import styles from './three-numbers.module.css';

type Who = 'base' | 'distilled' | 'teacher';

const notes: Record<Who, string> = {
  base: 'before distillation, the bare question',
  distilled: 'after distillation',
  teacher: 'labels that came with the rows',
};

/** The three accuracies, each with n and its 95 % interval, and what distillation fixed and broke. */
export function ThreeNumbers({
  comparison,
  recipe,
  predictions,
}: {
  /** Without a step: counted from a file of answers. */
  comparison: Omit<Comparison, 'step'> & { step?: number };
  /** Of the run; null where only answers are known. */
  recipe: Recipe | null;
  predictions: readonly Prediction[] | null;
}) {
  const answers =
    recipe === null
      ? ''
      : generationText(measuredRecipe({ recipe, comparison: { step: 0, ...comparison } }).generation ?? null);
  return (
    <section className={styles['numbers']} aria-label="Accuracy">
      <Number who="base" tally={comparison.base} />
      <Number who="distilled" tally={comparison.distilled} />
      {comparison.teacher && comparison.teacher.total > 0 && (
        <Number who="teacher" tally={comparison.teacher} />
      )}
      <div className={styles['said']}>
        {predictions && predictions.length > 0 && (
          <Tests predictions={predictions} withTeacher={comparison.teacher !== null} />
        )}
        <p>
          {comparison.step !== undefined && `Weights of step ${formatCount(comparison.step)}. `}An answer is
          right when it {rightWords(comparison.metrics?.main ?? 'exact')}
          {comparison.rawText && ', as far as the student’s tokenizer can write it'}.
          {answers !== '' && ` Answers: ${generationWords(answers)}.`}
        </p>
        {comparison.rawText && (
          <p data-testid="raw-text">
            By raw text, with what the tokenizer loses: base {tallyWords(comparison.rawText.base)}, distilled{' '}
            {tallyWords(comparison.rawText.distilled)}.
          </p>
        )}
      </div>
    </section>
  );
}

function rightWords(metric: MetricId): string {
  return metric === 'exact' ? 'equals the true one exactly' : `is ${metricWords[metric]}`;
}

function tallyWords({ correct, total }: Tally): string {
  return `${formatCount(correct)} of ${formatCount(total)}`;
}

/** What distillation fixed and broke, and whether that is more than chance. */
function Tests({ predictions, withTeacher }: { predictions: readonly Prediction[]; withTeacher: boolean }) {
  const base = useMemo(() => againstDistilled(predictions, 'base'), [predictions]);
  const teacher = useMemo(() => againstDistilled(predictions, 'teacher'), [predictions]);
  return (
    <>
      <p>
        <strong>{formatCount(base.won)} fixed</strong> and <strong>{formatCount(base.lost)} broken</strong> by
        distillation.
      </p>
      <p data-testid="paired-test">
        <strong>McNemar’s test, exact:</strong> {distillationWords(base)}
      </p>
      {withTeacher && <p>{teacherWords(teacher)}</p>}
    </>
  );
}

function Number({ who, tally }: { who: Who; tally: Tally }) {
  const { share, low, high } = wilsonInterval(tally);
  const percent = (value: number): string => (value * 100).toFixed(1);
  return (
    <div className={styles[who]} data-testid={`accuracy-${who}`}>
      <h2 className={styles['who']}>{who}</h2>
      <p className={styles['value']}>
        {share === 0 || share === 1 ? share * 100 : percent(share)}
        <span className={styles['percent']}> %</span>
      </p>
      <div className={styles['line']} aria-hidden="true">
        <span
          className={styles['interval']}
          style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }}
        />
        <span className={styles['dot']} style={{ left: `${share * 100}%` }} />
      </div>
      <p className={styles['facts']}>
        {formatCount(tally.correct)} of {formatCount(tally.total)} · 95 % between {percent(low)} and{' '}
        {percent(high)}
      </p>
      <p className={classes(styles['facts'], styles['note'])}>{notes[who]}</p>
    </div>
  );
}
