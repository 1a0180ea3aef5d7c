import { formatDuration, formatPercent } from '../../base/units.ts';
import { LineChart } from '../charts/line-chart.tsx';
import { plural } from '../words.ts';
import { Glossary } from './glossary.tsx';
import styles from './recorded-curves.module.css';
import recording from './recording.json';

const lossText = (value: number): string => value.toFixed(2);
const lossTick = (value: number): string => String(Number(value.toPrecision(3)));

/** Before the first run: one that was made earlier and kept with the studio, named as such, and what it shows. */
export function RecordedCurves() {
  const { accuracy, steps, stride, trainRows, elapsedMs, adapter } = recording;
  const share = ({ correct, total }: { correct: number; total: number }): string =>
    formatPercent(correct / total);
  return (
    <section className={styles['recording']} aria-label="A recording">
      <p className={styles['label']}>
        <strong>A recording, not a run of yours.</strong> The bundled student on {plural(trainRows, 'row')} of
        the sample, {steps} steps in {formatDuration(elapsedMs)} on {adapter}. Your own run takes its place
        when it begins.
      </p>
      <LineChart
        title="Loss"
        x={recording.step}
        series={[
          { key: 'answer', label: 'answer', values: recording.answerLoss, token: '--answer' },
          {
            key: 'rationale',
            label: 'rationale',
            values: recording.rationaleLoss,
            token: '--rationale',
            dash: [6, 4],
          },
        ]}
        xMax={steps}
        now={steps}
        height={280}
        format={lossText}
        tick={lossTick}
        table={<RecordedTable />}
      />
      <p className={styles['label']}>
        Each value is the mean of {stride} steps. Right on {accuracy.base.total} test rows:{' '}
        {share(accuracy.base)} before, {share(accuracy.distilled)} after; the teacher{' '}
        {share(accuracy.teacher)}.
      </p>
      <Glossary />
    </section>
  );
}

/** One row in fifteen: enough to follow by ear. */
function RecordedTable() {
  return (
    <table>
      <caption>Losses of the recording by step</caption>
      <thead>
        <tr>
          <th scope="col">step</th>
          <th scope="col">answer loss</th>
          <th scope="col">rationale loss</th>
        </tr>
      </thead>
      <tbody>
        {recording.step.map((step, index) =>
          index % 15 === 0 || index === recording.step.length - 1 ? (
            <tr key={step}>
              <td>{step}</td>
              <td>{recording.answerLoss[index]}</td>
              <td>{recording.rationaleLoss[index]}</td>
            </tr>
          ) : null,
        )}
      </tbody>
    </table>
  );
}
