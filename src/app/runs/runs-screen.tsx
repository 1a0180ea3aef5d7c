import { FileInput, FolderInput } from 'lucide-react';
import { useDeferredValue, useMemo, useState, useSyncExternalStore } from 'react';
import { formatCount } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import { ErrorBoundary } from '../frame/error-boundary.tsx';
import { ScreenHead } from '../frame/screen-head.tsx';
import { useKeys } from '../keys/use-keys.ts';
import { DeletedRuns } from '../parts/deleted-runs.tsx';
import { hashOf, onHashChange } from '../routes.ts';
import { keepChoice, readChoice } from '../state/choices.ts';
import { importRun, takeRun, undoLastDelete, useShelf } from '../state/run-actions.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { LinkButton } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { FileButton } from '../ui/file-button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { plural } from '../words.ts';
import { parsePair } from './pair-address.ts';
import { PairView } from './pair-view.tsx';
import { begunColumn, columnsOf, parseColumns, usualColumns } from './run-columns.ts';
import { queryTest } from './run-query.ts';
import { hasGroups, scaleOf, tableRows, type Sorting } from './run-table.ts';
import { RunsFilter } from './runs-filter.tsx';
import styles from './runs-screen.module.css';
import { RunsTable } from './runs-table.tsx';
import { Selection } from './selection.tsx';

/** Every run that is stored in this browser. */
export function RunsScreen() {
  const runs = useStudio((state) => state.runs);
  const request = useStudio((state) => state.requests.runs);
  const pair = parsePair(useSyncExternalStore(onHashChange, () => location.hash));
  const paired = pair?.flatMap((id) => runs.find((run) => run.id === id) ?? []) ?? [];
  useKeys({ 'undo-delete': (event) => !isTyping(event) && undoLastDelete() });
  return (
    <>
      <ScreenHead
        station="Runs"
        actions={
          <>
            <FileButton
              icon={FileInput}
              accept=".zip"
              single
              testId="run-archive"
              onFiles={([first]) => {
                if (first) void importRun(first.file);
              }}
            >
              Import a run
            </FileButton>
            <FileButton
              icon={FolderInput}
              folder
              testId="run-folder"
              onFiles={(files) => void takeRun(files)}
            >
              Import its folder
            </FileButton>
          </>
        }
      >
        {runs.length > 0 && <p>{plural(runs.length, 'run')}</p>}
      </ScreenHead>
      <DeletedRuns />
      {request.progress && (
        <div className={styles['progress']}>
          <Progress label={request.progress.what} {...request.progress} />
        </div>
      )}
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('runs')} />}
      {runs.length === 0 ? (
        <EmptyState
          picture={<EmptyList />}
          action={
            <LinkButton kind="primary" href={hashOf('train')}>
              To training
            </LinkButton>
          }
        >
          Every run is kept here with its curves, its comparison and its weights.
        </EmptyState>
      ) : paired.length >= 2 ? (
        <PairView runs={paired} />
      ) : (
        <ErrorBoundary what="The table of runs">
          <Table runs={runs} />
        </ErrorBoundary>
      )}
    </>
  );
}

/** Where a key belongs to what is typed. */
function isTyping({ target }: KeyboardEvent): boolean {
  return target instanceof Element && target.closest('input:not([type=checkbox]), textarea') !== null;
}

const newestFirst: Sorting = { column: begunColumn, descending: true };

function Table({ runs }: { runs: readonly RunRecord[] }) {
  const ticks = useShelf((state) => state.ticked);
  const [sorting, setSorting] = useState(newestFirst);
  const [query, setQuery] = useState('');
  const [columns, setColumns] = useState(() => parseColumns(readChoice('run-columns')) ?? usualColumns);
  const [isGrouped, setGrouped] = useState(() => readChoice('runs-grouped') !== 'no');
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  // Typing continues while very many runs are searched.
  const settled = useDeferredValue(query);
  const found = useMemo(() => runs.filter(queryTest(settled)), [runs, settled]);
  const canGroup = useMemo(() => hasGroups(runs), [runs]);
  const grouped = canGroup && isGrouped;
  const rows = useMemo(
    () => tableRows(found, { sorting, grouped, closed }),
    [found, sorting, grouped, closed],
  );
  const scale = useMemo(() => scaleOf(runs), [runs]);
  const shownColumns = useMemo(() => columnsOf(columns), [columns]);
  const ticked = useMemo(() => ticks.flatMap((id) => runs.find((run) => run.id === id) ?? []), [ticks, runs]);
  return (
    <div className={styles['columns']}>
      <div className={styles['list']}>
        <RunsFilter
          query={query}
          onQuery={setQuery}
          grouped={canGroup ? isGrouped : null}
          onGrouped={(on) => {
            setGrouped(on);
            keepChoice('runs-grouped', on ? null : 'no');
          }}
          columns={columns}
          onColumns={(ids) => {
            setColumns(ids);
            keepChoice('run-columns', JSON.stringify(ids));
          }}
        />
        <RunsTable
          rows={rows}
          columns={shownColumns}
          scale={scale}
          sorting={sorting}
          onSort={setSorting}
          onToggleGroup={(id) => {
            const next = new Set(closed);
            if (!next.delete(id)) next.add(id);
            setClosed(next);
          }}
        />
        <p className={styles['found']} role="status">
          {found.length === runs.length
            ? 'A press on a name opens the run. Arrows move, space ticks, Shift and arrows tick more.'
            : `${formatCount(found.length)} of ${plural(runs.length, 'run')}`}
        </p>
      </div>
      <ErrorBoundary key={ticks.join(' ')} what="What is ticked">
        <Selection runs={runs} ticked={ticked} />
      </ErrorBoundary>
    </div>
  );
}

function EmptyList() {
  return (
    <svg viewBox="0 0 620 110" width="100%" fill="none" focusable="false">
      {[16, 56, 96].map((y) => (
        <g key={y}>
          <path d={`M40 ${y}h140`} stroke="var(--copper)" strokeWidth="6" />
          <path d={`M230 ${y}h350`} stroke="var(--line)" strokeWidth="2" />
        </g>
      ))}
    </svg>
  );
}
