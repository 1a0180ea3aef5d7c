import { Activity, Square } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { FoundRate, RatePoint } from '../../distill/rate-test.ts';
import { LineChart } from '../charts/line-chart.tsx';
import type { LineSeries } from '../charts/chart.ts';
import { lossText, lossTick } from '../charts/run-axis.ts';
import { numberText } from '../recipe/recipe-draft.ts';
import { timingKey } from '../state/forecast.ts';
import { newRun } from '../state/new-run.ts';
import { measureObstacle } from '../actions/start-training.ts';
import { studio } from '../state/studio.ts';
import { studioStore, useStudio, type StudioState } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import styles from './rate-test.module.css';

/** Tries learning rates on some steps of the run to come, shows what each did to the loss, and suggests one. */
export function RateTest() {
  const { busy, progress, error } = useStudio((state) => state.requests.rates);
  const obstacle = useStudio(measureObstacle);
  const key = useStudio(keyOf);
  const [found, setFound] = useState<{ key: string; rates: FoundRate } | null>(null);
  const test = async (): Promise<void> => {
    const run = newRun(studioStore.getState());
    if (run === null) return;
    const rates = await studio.request('rates', { type: 'test-rates', run });
    if (rates) setFound({ key: timingKey(run), rates });
  };
  const shown = found !== null && found.key === key ? found.rates : null;
  return (
    <section className={styles['test']} aria-label="Learning rates, tried">
      <div className={styles['line']}>
        <Button
          small
          icon={busy ? Square : Activity}
          reason={busy ? null : obstacle}
          onClick={() => {
            if (busy) studio.cancel('rates');
            else void test();
          }}
        >
          {busy ? 'Stop trying' : shown === null ? 'Try learning rates' : 'Try again'}
        </Button>
        <p className={styles['words']}>
          Some steps at rates from 1e-6 up, on a copy of the student, until the loss is driven up.
        </p>
      </div>
      {busy && (
        <Progress
          label={progress?.what ?? 'opening the student'}
          done={progress?.done ?? 0}
          total={progress?.total ?? 0}
        />
      )}
      {error && <ErrorNotice error={error} onDismiss={() => studio.dismiss('rates')} />}
      {shown !== null && <Found rates={shown} />}
      <p className="visually-hidden" role="status">
        {busy ? 'Trying learning rates' : shown === null ? '' : suggestionWords(shown.suggested)}
      </p>
    </section>
  );
}

function suggestionWords(suggested: number | null): string {
  return suggested === null
    ? 'No rate made the loss fall in so few steps: the usual one is the better guess.'
    : `A rate to begin with: ${numberText(suggested)}.`;
}

function Found({ rates: { points, suggested } }: { rates: FoundRate }) {
  const x = useMemo(() => points.map(({ learningRate }) => Math.log10(learningRate)), [points]);
  const series = useMemo(() => seriesOf(points), [points]);
  const taken = useStudio((state) => suggested !== null && Number(state.draft.learningRate) === suggested);
  return (
    <>
      <div className={styles['line']}>
        <p data-testid="suggested-rate">{suggestionWords(suggested)}</p>
        {suggested !== null && (
          <Button
            small
            reason={taken ? 'The recipe has it.' : null}
            onClick={() => studio.setField('learningRate', numberText(suggested))}
          >
            Take {numberText(suggested)}
          </Button>
        )}
      </div>
      <LineChart
        title="Loss by learning rate"
        x={x}
        series={series}
        xName="learning rate"
        xText={(power) => (10 ** power).toExponential(1)}
        xTick={(power) => (Number.isInteger(power) ? `1e${power}` : '')}
        zoom={[x[0] ?? -6, x.at(-1) ?? 0]}
        xMax={x.at(-1) ?? 0}
        now={x.at(-1) ?? 0}
        height={180}
        format={lossText}
        tick={lossTick}
        table={
          <table>
            <caption>Loss by learning rate</caption>
            <thead>
              <tr>
                <th scope="col">learning rate</th>
                <th scope="col">loss, smoothed</th>
              </tr>
            </thead>
            <tbody>
              {points.map(({ learningRate, smoothed }) => (
                <tr key={learningRate}>
                  <td>{learningRate.toExponential(1)}</td>
                  <td>{smoothed.toFixed(4)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        }
      />
    </>
  );
}

function seriesOf(points: readonly RatePoint[]): LineSeries[] {
  return [
    {
      key: 'raw',
      of: 'loss',
      label: '',
      name: 'loss',
      values: points.map(({ loss }) => loss),
      token: '--answer',
      faint: true,
    },
    {
      key: 'loss',
      label: 'loss',
      name: 'loss (smoothed)',
      values: points.map(({ smoothed }) => smoothed),
      token: '--answer',
    },
  ];
}

/** What the rates that were tried hold for; with other rows, students or batches they say nothing. */
function keyOf(state: StudioState): string | null {
  const run = newRun(state);
  return run === null ? null : timingKey(run);
}
