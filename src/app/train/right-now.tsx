import { formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import { useRunWords } from '../state/use-run-words.ts';
import { lastOf } from '../state/last-of.ts';
import { useStudio } from '../state/studio-store.ts';
import { paceOf } from '../state/pace.ts';
import { numberText } from '../recipe/recipe-draft.ts';
import styles from './right-now.module.css';

/** The run in figures: what it does, how fast, and on what. */
export function RightNow({ run }: { run: RunRecord }) {
  const metrics = useStudio((state) => state.metrics);
  const { hold, words } = useRunWords(run);
  const points = metrics.runId === run.id ? metrics.points : [];
  const last = lastOf(points);
  const pace = paceOf(points, run.recipe.steps);
  const going = hold === 'here' && run.state.phase === 'training';
  const facts: [name: string, value: string, id?: string][] = [
    ['phase', words, 'phase'],
    ['step', `${formatCount(run.step)} of ${formatCount(run.recipe.steps)}`, 'step'],
  ];
  if (last) {
    facts.push(
      ['epoch', epochWords(run)],
      ['answer loss', last.answerLoss.toFixed(3)],
      ['rationale loss', last.rationaleLoss === null ? 'none' : last.rationaleLoss.toFixed(3)],
      ['combined loss', last.loss.toFixed(3)],
      ['learning rate', last.learningRate === 0 ? '0' : numberText(Number(last.learningRate.toPrecision(2)))],
      ['gradient norm', last.gradNorm.toFixed(2)],
    );
  }
  if (pace) {
    facts.push(
      ['steps a second', pace.stepsPerSecond.toFixed(pace.stepsPerSecond < 10 ? 2 : 1)],
      ['tokens a second', formatCount(Math.round(pace.tokensPerSecond))],
    );
  }
  if (last) facts.push(['time in steps', formatDuration(last.elapsedMs)]);
  if (going) facts.push(['time left in steps', pace ? formatDuration(pace.leftMs) : 'after the second step']);
  return (
    <section className={styles['now']} aria-label={going ? 'Right now' : 'This run'}>
      <h2>{going ? 'Right now' : 'This run'}</h2>
      <dl className={styles['facts']}>
        {facts.map(([name, value, id]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd data-testid={id === undefined ? undefined : `now-${id}`}>{value}</dd>
          </div>
        ))}
      </dl>
      {run.engine && (
        <>
          <h2>Engine</h2>
          <dl className={styles['facts']} data-testid="engine">
            <div>
              <dt>engine</dt>
              <dd>{run.engine.engine}</dd>
            </div>
            <div>
              <dt>backend</dt>
              <dd>{run.engine.backend}</dd>
            </div>
            <div>
              <dt>adapter</dt>
              <dd>{run.engine.adapter}</dd>
            </div>
            <div>
              <dt>memory held</dt>
              <dd>{formatBytes(run.engine.bytesHeld)}</dd>
            </div>
          </dl>
          <p className={styles['why']}>{run.engine.reason}</p>
        </>
      )}
    </section>
  );
}

function epochWords(run: RunRecord): string {
  const { batchSize, accumulation } = run.recipe;
  const epochs = (run.step * batchSize * accumulation) / Math.max(1, run.trainRows);
  return epochs.toFixed(epochs < 10 ? 2 : 1);
}
