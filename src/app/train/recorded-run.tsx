import { useEffect, useState } from 'react';
import { formatDuration, formatPercent } from '../../base/units.ts';
import { shareOf } from '../../distill/score.ts';
import { lastOf } from '../state/last-of.ts';
import { plural, recipeWords } from '../words.ts';
import { Curves } from './curves.tsx';
import { EmptyCurves } from './empty-curves.tsx';
import { fetchRecording, type Recording } from './recording.ts';
import styles from './recorded-run.module.css';

/** In the charts until a person's own run begins: a real run of the sample, and plainly said to be a recording. */
export function RecordedRun() {
  const [recording, setRecording] = useState<Recording | null | undefined>(undefined);
  useEffect(() => {
    let here = true;
    void fetchRecording().then((found) => {
      if (here) setRecording(found);
    });
    return () => {
      here = false;
    };
  }, []);
  // Its place is kept while it is fetched, so that nothing jumps.
  if (recording === undefined) return <div className={styles['coming']} />;
  if (recording === null) return <EmptyCurves />;
  const { run, metrics } = recording;
  return (
    <section className={styles['recorded']} aria-labelledby="recording-title">
      <div className={styles['head']}>
        <h2 className={styles['title']} id="recording-title">
          <span className={styles['tag']}>Recording</span> What a run looks like
        </h2>
        <p className={styles['words']}>
          {wordsOf(recording)} Your own run takes its place as soon as it begins.
        </p>
      </div>
      <Curves run={run} recorded={metrics} />
    </section>
  );
}

function wordsOf({ run, metrics: { points } }: Recording): string {
  const before = run.comparison?.base;
  const after = run.comparison?.distilled;
  const took = formatDuration(lastOf(points)?.elapsedMs ?? 0);
  const learnt =
    before && after && before.total > 0
      ? ` It answered ${formatPercent(shareOf(before), 0)} of ${plural(after.total, 'test row')} before, and ${formatPercent(shareOf(after), 0)} after.`
      : '';
  return `A real run, made earlier, without a GPU: ${run.studentName} on the sample, ${recipeWords(run.recipe)}, ${took}.${learnt}`;
}
