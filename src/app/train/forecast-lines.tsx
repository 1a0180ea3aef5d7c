import { Gauge, Square } from 'lucide-react';
import { formatBytes, formatDuration } from '../../base/units.ts';
import type { Relief, RowLengths } from '../../distill/memory-of-run.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { StudentRecord } from '../../store/records.ts';
import { defaultLora } from '../../student/lora/lora.ts';
import type { NewRun } from '../../worker/protocol.ts';
import { hashOf } from '../routes.ts';
import { RunRoom } from '../parts/run-room.tsx';
import { longestRow } from '../state/longest-row.ts';
import { studio } from '../state/studio.ts';
import {
  currentDataset,
  currentRun,
  currentStudent,
  useStudio,
  type StudioState,
} from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { plural } from '../words.ts';
import {
  forecast,
  rehearsalKey,
  timesOfRun,
  timingKey,
  type Forecast,
  type KnownTimes,
} from '../state/forecast.ts';
import styles from './forecast-lines.module.css';
import { newRun } from '../state/new-run.ts';
import { useRunMemory } from '../state/use-run-memory.ts';
import { loraText } from '../recipe/lora-draft.ts';
import { measureObstacle } from '../actions/start-training.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import { rehearseNext } from '../state/rehearsal-store.ts';
import { useRemembered } from '../state/remembered-times.ts';

/** What the run to come takes, before it is started: memory, storage, and time once a step was measured. */
export function ForecastLines() {
  return (
    <div className={styles['forecast']}>
      <MemoryLine />
      <RunRoom />
      <TimeLine />
    </div>
  );
}

function MemoryLine() {
  const student = useStudio(currentStudent);
  const dataset = useStudio(currentDataset);
  const { recipe } = readDraft(useStudio((state) => state.draft));
  if (student === null || recipe === null) return null;
  return <MemoryWords student={student} recipe={recipe} lengths={longestRow(dataset, student, recipe)} />;
}

function MemoryWords(props: { student: StudentRecord; recipe: Recipe; lengths: RowLengths }) {
  const { student, recipe, lengths } = props;
  const [memory] = useRunMemory([student.config], recipe, lengths) ?? [];
  return (
    <>
      <p className={styles['line']} data-testid="forecast-memory" aria-busy={memory === undefined}>
        {memory === undefined ? (
          'Counting the memory that training takes …'
        ) : (
          <>
            Training it takes about {formatBytes(memory.steadyBytes)} of memory, and at most{' '}
            {formatBytes(memory.peakBytes)}, <a href={hashOf('student')}>counted on its plan</a>
            {memory.microBatches > recipe.accumulation &&
              `; each step is cut into ${plural(memory.microBatches, 'pass', 'passes')}`}
            .
          </>
        )}
      </p>
      {memory !== undefined && memory.problem !== null && (
        <div className={styles['line']} role="status">
          <p>
            That is more than there is: {memory.problem}{' '}
            {memory.reliefs.length === 0 &&
              'A student with fewer pieces or layers would fit, or shorter texts.'}
          </p>
          {memory.reliefs.map(({ key, words, steadyBytes }) => (
            <Button key={key} small onClick={() => takeRelief(key, recipe)}>
              Take {words}: {formatBytes(steadyBytes)}
            </Button>
          ))}
        </div>
      )}
    </>
  );
}

function takeRelief(key: Relief['key'], { lora }: Recipe): void {
  if (key === 'optimizer') studio.setField(key, 'adafactor');
  else if (key === 'lora') studio.setField(key, loraText(defaultLora));
  else studio.setField('lora', loraText({ ...(lora ?? defaultLora), baseDtype: 'float16' }));
}

function TimeLine() {
  const { busy, progress, error } = useStudio((state) => state.requests.rehearsal);
  const obstacle = useStudio(measureObstacle);
  const times = useKnownTimes();
  const { recipe } = readDraft(useStudio((state) => state.draft));
  const rows = useTestRows();
  if (recipe === null) return null;
  return (
    <>
      {error && <ErrorNotice error={error} onDismiss={() => studio.dismiss('rehearsal')} />}
      <div className={styles['time']}>
        {busy ? (
          <div className={styles['measuring']}>
            <Progress
              label={progress === null ? 'Getting ready to measure' : `Measuring: ${progress.what}`}
              done={progress?.done ?? 0}
              total={progress?.total ?? 0}
            />
          </div>
        ) : (
          <p className={styles['line']} data-testid="forecast-time">
            {times === null ? (
              'How long it will take is known once a step was measured here.'
            ) : (
              <TimeWords
                times={times}
                steps={recipe.steps}
                expected={forecast(times, recipe, rows)}
                measuresAccuracy={recipe.evalEvery > 0 && rows > 0}
              />
            )}
          </p>
        )}
        {/* One button under three names, so that it keeps the focus. */}
        <Button
          small
          kind="quiet"
          icon={busy ? Square : Gauge}
          reason={busy ? null : obstacle}
          onClick={() => {
            if (busy) studio.cancel('rehearsal');
            else void rehearseNext();
          }}
        >
          {busy ? 'Stop measuring' : times === null ? 'Measure a step' : 'Measure again'}
        </Button>
        <p className="visually-hidden" role="status">
          {busy
            ? 'Measuring a step'
            : times?.source.kind === 'measured'
              ? `A step takes ${formatDuration(times.stepMs)}`
              : ''}
        </p>
      </div>
    </>
  );
}

function TimeWords({
  times,
  steps,
  expected: { trainingMs, accuracy, totalMs },
  measuresAccuracy,
}: {
  times: KnownTimes;
  steps: number;
  expected: Forecast;
  measuresAccuracy: boolean;
}) {
  const from =
    times.source.kind === 'run' ? `as in ${times.source.name}` : `measured on ${times.source.engine}`;
  return (
    <>
      About <strong>{formatDuration(totalMs)}</strong>: {plural(steps, 'step')} of{' '}
      {formatDuration(times.stepMs)} ({from}
      {accuracy !== null && `; ${formatDuration(trainingMs)} in all`})
      {accuracy !== null &&
        `, and accuracy measured ${accuracy.times === 1 ? 'once' : `${accuracy.times} times`}, ${formatDuration(accuracy.eachMs)} each`}
      . The {measuresAccuracy && accuracy === null ? 'measurements of accuracy and the ' : ''}comparison at
      the end come{measuresAccuracy && accuracy === null ? '' : 's'} on top.
    </>
  );
}

/** What is known about the time of a step of the run to come: measured for it, or seen in the run that is shown. */
function useKnownTimes(): KnownTimes | null {
  const known = useRemembered((state) => state.times);
  const wanted = useStudio((state) => keyOf(state, timingKey));
  const wantedHere = useStudio((state) => keyOf(state, rehearsalKey));
  const run = useStudio(currentRun);
  const metrics = useStudio((state) => state.metrics);
  if (wanted === null) return null;
  const measured = wantedHere === null ? undefined : known.get(wantedHere);
  if (measured !== undefined) return measured;
  const shown = run === null || metrics.runId !== run.id ? null : timesOfRun(run, metrics.points, wanted);
  return shown ?? known.get(wanted) ?? null;
}

function keyOf(state: StudioState, keyIn: (run: NewRun) => string): string | null {
  const run = newRun(state);
  return run === null ? null : keyIn(run);
}

/** Rows that each measurement of accuracy answers. */
function useTestRows(): number {
  const rows = useStudio((state) => currentDataset(state)?.splits.test?.rows ?? 0);
  const limit = useStudio((state) => newRun(state)?.testRows ?? null);
  return limit === null ? rows : Math.min(rows, limit);
}
