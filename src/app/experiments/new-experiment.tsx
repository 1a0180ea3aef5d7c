import { FlaskConical, Gauge, Plus, Square, X } from 'lucide-react';
import { useState } from 'react';
import { formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import { metricIds, metricWords, type MetricId } from '../../data/metrics/metrics.ts';
import { hashOf } from '../routes.ts';
import { engineRequest } from '../state/machine-choice.ts';
import { measureObstacle, startObstacle } from '../actions/start-training.ts';
import { freeBytes, useRoom } from '../state/room.ts';
import { studio } from '../state/studio.ts';
import { workOf } from '../state/rehearsal-store.ts';
import { useRemembered } from '../state/remembered-times.ts';
import { currentDataset, currentStudent, studioStore, useStudio } from '../state/studio-store.ts';
import { readDraft, readTestRows } from '../recipe/recipe-draft.ts';
import { Button } from '../ui/button.tsx';
import { ChecksField } from '../ui/check-field.tsx';
import { SelectField, TextField } from '../ui/field.tsx';
import { ErrorNotice, Notice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { plural } from '../words.ts';
import styles from './experiments.module.css';
import { beginExperiment } from './lab-store.ts';
import { expectedBytes, expectedMs, measureKinds, roughTrainingMs } from './plan-forecast.ts';
import { PlanSentence } from './plan-sentence.tsx';
import {
  anotherGrid,
  choicesOf,
  firstRows,
  firstText,
  labelOf,
  nameOf,
  planOf,
  valuesIn,
  varyKeys,
  type ExperimentPlan,
  type PlanFault,
  type VaryGrid,
  type VaryKey,
} from './vary-draft.ts';

/** What varies, of the present rows and recipe; what that takes; and the button that begins it. */
export function NewExperiment({ taken }: { taken: readonly string[] }) {
  const [grids, setGrids] = useState<readonly VaryGrid[]>([firstRows]);
  const [metric, setMetric] = useState<MetricId | null>(null);
  const [ownName, setOwnName] = useState<string | null>(null);
  const dataset = useStudio(currentDataset);
  const student = useStudio(currentStudent);
  const students = useStudio((state) => state.students);
  const { recipe } = readDraft(useStudio((state) => state.draft));
  const obstacle = useStudio(startObstacle);
  if (dataset === null || student === null || recipe === null) {
    return (
      <p className={styles['note']}>
        {obstacle ?? 'Fix the recipe first.'} An experiment takes the rows, the student and the recipe that{' '}
        <a href={hashOf('train')}>Train</a> has.
      </p>
    );
  }
  const plan = planOf(grids, recipe, student.id, metric);
  const fault = 'runs' in plan ? null : plan;
  const name = ownName ?? nameOf(grids, taken);
  const several = grids.length > 1;
  return (
    <form
      className={styles['form']}
      aria-label="A new experiment"
      onSubmit={(event) => event.preventDefault()}
    >
      <PlanSentence
        plan={'runs' in plan ? plan.runs : []}
        students={students}
        datasetName={dataset.name}
        trainRows={dataset.splits.train?.rows ?? 0}
        metric={metric}
      />
      {grids.map((rows, index) => (
        <GridFields
          key={index}
          rows={rows}
          title={several ? `Set ${index + 1}` : null}
          fault={fault?.grid === index ? fault : null}
          first={(key) => firstText(key, recipe, student.id)}
          onChange={(next) => setGrids(grids.with(index, next))}
          onRemove={() => setGrids(grids.filter((_, at) => at !== index))}
        />
      ))}
      <div className={styles['actions']}>
        <Button small icon={Plus} onClick={() => setGrids([...grids, anotherGrid(grids)])}>
          Add a set of runs
        </Button>
        <span className={styles['note']}>
          {several
            ? 'A run that two sets have is trained once.'
            : 'Other runs to compare these with, with their own settings.'}
        </span>
      </div>
      <div className={styles['rows']}>
        <SelectField
          label="Answers are judged"
          value={metric ?? ''}
          options={[
            { value: '', label: 'as suits the labels' },
            ...metricIds.map((id) => ({ value: id, label: `right if ${metricWords[id]}` })),
          ]}
          onChange={(chosen) => setMetric(metricIds.find((id) => id === chosen) ?? null)}
        />
        <TextField
          label="Name"
          meaning="Its runs have it as their tag."
          value={name}
          error={nameFault(name)}
          onChange={setOwnName}
        />
      </div>
      {fault !== null && fault.key === null && (
        <Notice kind="warning" title="This is no experiment yet">
          <p>{fault.problem}</p>
        </Notice>
      )}
      {'runs' in plan && <Beginning plan={plan} name={name} />}
      <p className={styles['note']}>
        What does not vary is as <a href={hashOf('train')}>Train</a> has it. Each run is compared at its end.
      </p>
    </form>
  );
}

/** What one set of runs varies. */
function GridFields({
  rows,
  title,
  fault,
  first,
  onChange,
  onRemove,
}: {
  rows: VaryGrid;
  /** Null where it is the only one. */
  title: string | null;
  fault: PlanFault | null;
  /** What a key is first tried with. */
  first: (key: VaryKey) => string;
  onChange: (rows: VaryGrid) => void;
  onRemove: () => void;
}) {
  const students = useStudio((state) => state.students);
  const left = varyKeys.filter((key) => !rows.some((row) => row.key === key));
  return (
    <div className={styles['rows']} {...(title === null ? {} : { role: 'group', 'aria-label': title })}>
      {title !== null && (
        <p className={styles['grid-head']}>
          {title}
          <Button small kind="quiet" icon={X} label={`Leave out ${title.toLowerCase()}`} onClick={onRemove}>
            Leave out
          </Button>
        </p>
      )}
      {rows.map(({ key, text }) => (
        <div key={key} className={styles['vary']}>
          <ValuesField
            rowKey={key}
            text={text}
            choices={choicesOf(key, students)}
            error={fault?.key === key ? fault.problem : null}
            onChange={(next) => onChange(rows.map((row) => (row.key === key ? { key, text: next } : row)))}
          />
          <Button
            small
            kind="quiet"
            icon={X}
            label={`Leave out ${labelOf(key)}`}
            reason={rows.length === 1 ? 'One thing has to vary.' : null}
            onClick={() => onChange(rows.filter((row) => row.key !== key))}
          >
            Leave out
          </Button>
        </div>
      ))}
      <SelectField
        label="Vary something else too"
        value=""
        options={[
          { value: '', label: 'Choose …' },
          ...left.map((key) => ({ value: key, label: labelOf(key) })),
        ]}
        onChange={(chosen) => {
          const key = left.find((one) => one === chosen);
          if (key !== undefined) onChange([...rows, { key, text: first(key) }]);
        }}
      />
    </div>
  );
}

function nameFault(name: string): string | null {
  if (name.trim() === '') return 'An experiment needs a name.';
  return name.length > 40 ? 'A name has at most 40 characters.' : null;
}

function ValuesField({
  rowKey,
  text,
  choices,
  error,
  onChange,
}: {
  rowKey: VaryKey;
  text: string;
  choices: ReturnType<typeof choicesOf>;
  error: string | null;
  onChange: (text: string) => void;
}) {
  if (choices === null) {
    const meaning =
      rowKey === 'fraction'
        ? 'Shares of the training rows, drawn by the seed.'
        : 'Values with commas between.';
    return (
      <TextField label={labelOf(rowKey)} meaning={meaning} value={text} error={error} onChange={onChange} />
    );
  }
  return (
    <ChecksField
      label={labelOf(rowKey)}
      options={choices}
      values={valuesIn(text)}
      error={error}
      onChange={(values) => onChange(values.join(', '))}
    />
  );
}

function timeWords(totalMs: number | null, roughMs: number | null): string {
  if (totalMs !== null) return `: about ${formatDuration(totalMs)} by measured steps and answers.`;
  if (roughMs === null) return '. How long they will take is known once a step was measured here.';
  return `: roughly ${formatDuration(roughMs)} of steps, by what was trained here; answers come on top.`;
}

/** How many runs, how long, how much room; and the button. */
function Beginning({ plan: { spec, runs }, name }: { plan: ExperimentPlan; name: string }) {
  const dataset = useStudio(currentDataset);
  const students = useStudio((state) => state.students);
  const backend = useStudio((state) => state.backend);
  const limit = readTestRows(useStudio((state) => state.testRows)) ?? null;
  const rehearsal = useStudio((state) => state.requests.rehearsal);
  const obstacle = useStudio(startObstacle);
  const cannotMeasure = useStudio(measureObstacle);
  const known = useRemembered((state) => state.times);
  const free = freeBytes(useRoom());
  if (dataset === null) return null;
  const around = { datasetId: dataset.id, testRows: limit, ...engineRequest(backend) };
  const stored = dataset.splits.test?.rows ?? 0;
  const testRows = limit === null ? stored : Math.min(limit, stored);
  const totalMs = expectedMs(runs, around, testRows, known);
  const roughMs =
    totalMs === null
      ? roughTrainingMs(runs, around, known, (run) => workOf(studioStore.getState(), run))
      : null;
  const bytes = expectedBytes(runs, students, testRows);
  const lacksTest =
    stored === 0 ? 'Runs are compared on test rows, and there are none; add them under Data.' : null;
  return (
    <div className={styles['beginning']}>
      {rehearsal.error && (
        <ErrorNotice error={rehearsal.error} onDismiss={() => studio.dismiss('rehearsal')} />
      )}
      {rehearsal.busy ? (
        <Progress
          label={
            rehearsal.progress === null ? 'Getting ready to measure' : `Measuring: ${rehearsal.progress.what}`
          }
          done={rehearsal.progress?.done ?? 0}
          total={rehearsal.progress?.total ?? 0}
        />
      ) : (
        <p data-testid="experiment-forecast" role="status">
          {plural(runs.length, 'run')}
          {timeWords(totalMs, roughMs)} {runs.length === 1 ? 'It takes' : 'They take'} at most{' '}
          {formatBytes(bytes)} of this browser’s storage
          {free === null ? '.' : `; it allows ${formatBytes(free)} more.`}
        </p>
      )}
      {free !== null && bytes > free && (
        <Notice kind="warning" title="These runs may not fit">
          <p>
            A run that cannot keep a checkpoint pauses, and the experiment with it.{' '}
            <a href={hashOf('storage')}>Make room under Storage</a>.
          </p>
        </Notice>
      )}
      <div className={styles['actions']}>
        <Button
          kind="primary"
          icon={FlaskConical}
          reason={obstacle ?? lacksTest ?? nameFault(name)}
          onClick={() => void beginExperiment({ ...around, name: name.trim(), spec })}
        >
          {`Begin ${formatCount(runs.length)} ${runs.length === 1 ? 'run' : 'runs'}`}
        </Button>
        <Button
          icon={rehearsal.busy ? Square : Gauge}
          reason={rehearsal.busy ? null : cannotMeasure}
          onClick={() => {
            if (rehearsal.busy) studio.cancel('rehearsal');
            else void measureKinds(runs, around);
          }}
        >
          {rehearsal.busy ? 'Stop measuring' : 'Measure a step'}
        </Button>
      </div>
    </div>
  );
}
