import { lazy, Suspense, useRef, useState } from 'react';
import { ArrowRight, Trash2, X } from 'lucide-react';
import { splits as splitNames } from '../../data/split-name.ts';
import type { DatasetRecord, Split } from '../../store/records.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { hashOf } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { currentDataset, useStudio } from '../state/studio-store.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { ActionButton } from '../actions/action-button.tsx';
import { sampleAction } from '../actions/sample-action.ts';
import { alarmed } from '../state/alarmed.ts';
import { ownerObstacle } from '../held-runs.ts';
import { useAtWork } from '../state/use-at-work.ts';
import { usedByWords } from '../parts/used-by.ts';
import { Dialog } from '../ui/dialog.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { plural, splitWords } from '../words.ts';
import styles from './data-screen.module.css';
import { ColumnMapper } from './column-mapper.tsx';
import { Division } from './division.tsx';
import { DropZone } from './drop-zone.tsx';
import { AlarmPanel } from './alarm-panel.tsx';
import { ExamplesPager, type ChosenRows } from './examples-pager.tsx';
import { FilesList } from './files-list.tsx';
import { Lengths } from './lengths.tsx';
import { LintNotes } from './lint-notes.tsx';
import { Refusals } from './refusals.tsx';
import { TeacherChoices } from './teacher-choices.tsx';
import { TeacherScore } from './teacher-score.tsx';

// Few bring rows from the hub: its code comes when this screen is shown.
const HubRows = lazy(() => import('./hub-rows.tsx').then((module) => ({ default: module.HubRows })));

// What of the recipe does not suit the rows is read after them.
const RecipeFit = lazy(() =>
  import('../parts/recipe-fit.tsx').then((module) => ({ default: module.RecipeFit })),
);

/** Files in, rows out: what was recognised, what was refused, and what the rows look like. */
export function DataScreen() {
  const dataset = useStudio(currentDataset);
  const request = useStudio((state) => state.requests.data);
  return (
    <>
      <ScreenHead
        station="Data"
        name={dataset?.name ?? null}
        actions={
          dataset?.splits.train &&
          (alarmed(dataset) ? (
            <Button
              kind="primary"
              icon={ArrowRight}
              reason="Say first what is to be done with the rationales."
              onClick={() => undefined}
            >
              Choose a student
            </Button>
          ) : (
            <LinkButton kind="primary" icon={ArrowRight} href={hashOf('student')}>
              Choose a student
            </LinkButton>
          ))
        }
      >
        {dataset && <p>{gist(dataset)}</p>}
      </ScreenHead>
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('data')} />}
      {request.busy && (
        <div className={styles['busy']}>
          <Progress
            label={request.progress?.what ?? 'reading files'}
            done={request.progress?.done ?? 0}
            total={request.progress?.total ?? 0}
          />
          <Button icon={X} onClick={() => studio.cancel('data')}>
            Cancel
          </Button>
        </div>
      )}
      {dataset === null ? <NoRows /> : <Rows dataset={dataset} />}
      <Suspense fallback={null}>
        <HubRows />
      </Suspense>
    </>
  );
}

function gist(dataset: DatasetRecord): string {
  const { train, test } = dataset.splits;
  const rows = (train?.rows ?? 0) + (test?.rows ?? 0);
  const rationales = (train?.rationales ?? 0) + (test?.rationales ?? 0);
  const joined = rationales > 0 ? `, ${plural(rationales, 'rationale')}` : '';
  return `${plural(dataset.files.length, 'file')} · ${plural(rows, 'row')}${joined}`;
}

function NoRows() {
  return (
    <>
      <DropZone large />
      <OtherDatasets current={null} />
    </>
  );
}

function Rows({ dataset }: { dataset: DatasetRecord }) {
  const [wanted, setSplit] = useState<Split>('train');
  /** The file whose columns are being changed. */
  const [changing, setChanging] = useState<string | null>(null);
  const splits = splitNames.filter((split) => dataset.splits[split]);
  const split = splits.includes(wanted) ? wanted : (splits[0] ?? 'train');
  const summary = dataset.splits[split];
  /** Rows that a note led to. */
  const [chosen, setChosen] = useState<ChosenRows | null>(null);
  const rows = useRef<HTMLElement>(null);
  const show = (positions: readonly number[], words: string): void => {
    setChosen({ rows: positions, words });
    rows.current?.scrollIntoView({ block: 'start' });
    rows.current?.focus({ preventScroll: true });
  };
  const unread = dataset.files.some((file) => file.unread !== undefined);
  return (
    <>
      {dataset.problems.map((problem) => (
        <ErrorNotice key={`${problem.file ?? ''}${problem.message}`} error={problem} />
      ))}
      {splits.map((one) => {
        const alarm = dataset.splits[one]?.alarm;
        return alarm && <AlarmPanel key={one} dataset={dataset} split={one} alarm={alarm} />;
      })}
      <FilesList dataset={dataset} onColumns={setChanging} />
      {dataset.files.map(
        (file) =>
          file.head !== undefined &&
          (file.unread !== undefined || file.id === changing) && (
            <ColumnMapper key={file.id} file={file} head={file.head} onDone={() => setChanging(null)} />
          ),
      )}
      {/* Nothing of rows is known before their columns are. */}
      {(splits.length > 0 || !unread) && (
        <div className={styles['columns']}>
          <section className={styles['rows']} aria-label="Rows" ref={rows} tabIndex={-1}>
            <Division dataset={dataset} />
            {splits.length > 0 && (
              <div className={styles['bar']}>
                <SegmentedControl
                  legend="Which rows"
                  segments={splits.map((value) => ({
                    value,
                    label: splitWords[value],
                    count: dataset.splits[value]?.rows ?? 0,
                  }))}
                  value={split}
                  onChange={(next) => {
                    setSplit(next);
                    setChosen(null);
                  }}
                />
              </div>
            )}
            {summary && summary.rows > 0 ? (
              <ExamplesPager
                key={`${dataset.id}${split}`}
                dataset={dataset}
                split={split}
                total={summary.rows}
                chosen={chosen}
                onAll={() => setChosen(null)}
              />
            ) : (
              <p className="quiet">No row can be used yet.</p>
            )}
            {summary && <Refusals refused={summary.refused} />}
          </section>
          <aside className={styles['margin']} aria-label="About the rows">
            <TeacherScore splits={dataset.splits} />
            {summary && <TeacherChoices dataset={dataset} summary={summary} />}
            {summary && <LintNotes dataset={dataset} summary={summary} onRows={show} />}
            <Lengths report={dataset.lengths[split] ?? null} />
            <Suspense fallback={null}>
              <RecipeFit />
            </Suspense>
          </aside>
        </div>
      )}
      <OtherDatasets current={dataset} />
    </>
  );
}

/** The ways to other rows: the sample, a dataset from before, or none. */
function OtherDatasets({ current }: { current: DatasetRecord | null }) {
  const datasets = useStudio((state) => state.datasets);
  const runs = useStudio((state) => state.runs);
  const atWork = useAtWork();
  const [asking, setAsking] = useState(false);
  const others = datasets.filter((dataset) => dataset.id !== current?.id && !dataset.sample);
  return (
    <div className={styles['others']}>
      {!current?.sample && <ActionButton action={sampleAction} />}
      {others.map((dataset) => (
        <Button key={dataset.id} onClick={() => void studio.selectDataset(dataset.id)}>
          Back to {dataset.name}
        </Button>
      ))}
      {current && (
        <Button
          icon={Trash2}
          kind="danger"
          reason={ownerObstacle('datasetId', current.id, atWork)}
          onClick={() => setAsking(true)}
        >
          Remove these rows
        </Button>
      )}
      {asking && current && (
        <Dialog
          title={`Remove ${current.name}?`}
          onClose={() => setAsking(false)}
          confirm={{ label: 'Remove it', act: () => void studio.removeDataset() }}
        >
          <p>
            Its files and rows are removed from this browser; your own copies stay where they are.{' '}
            {usedByWords('dataset', current.id, runs)}
          </p>
        </Dialog>
      )}
    </div>
  );
}
