import { ChevronDown, ChevronRight } from 'lucide-react';
import type { CSSProperties, ReactNode } from 'react';
import { formatCount } from '../../base/units.ts';
import { isActive } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { openRun } from '../actions/open-run.ts';
import { deleteRuns } from '../state/run-actions.ts';
import { useStudio } from '../state/studio-store.ts';
import { shortPlaceWords } from '../held-runs.ts';
import { useRunWords } from '../state/use-run-words.ts';
import { Button } from '../ui/button.tsx';
import { classes } from '../ui/classes.ts';
import { Icon } from '../ui/icon.tsx';
import { plural } from '../words.ts';
import { finalOf } from './finals.ts';
import { accuracyColumn, begunColumn, type RunColumn } from './run-columns.ts';
import { RunMark } from './run-mark.tsx';
import type { RunGroup } from './run-table.ts';
import { ShareScale } from './share-scale.tsx';
import styles from './runs-table.module.css';

export interface RowProps {
  columns: readonly RunColumn[];
  scale: { from: number; to: number };
  style: CSSProperties;
  /** Its place among the rows, the head left out. */
  index: number;
  isTicked: boolean;
  /** The one row whose controls the Tab key reaches. */
  isCurrent: boolean;
  onTick: (on: boolean) => void;
}

function Cells({ children, ...row }: RowProps & { children: ReactNode; className: string | undefined }) {
  return (
    <div
      role="row"
      aria-rowindex={row.index + 2}
      aria-selected={row.isTicked}
      data-row={row.index}
      className={classes(styles['row'], row.className, row.isTicked && styles['ticked'])}
      style={row.style}
    >
      {children}
    </div>
  );
}

function TickCell({ isTicked, isCurrent, onTick, label }: RowProps & { label: string }) {
  return (
    <span role="cell">
      <input
        type="checkbox"
        className={styles['box']}
        checked={isTicked}
        tabIndex={isCurrent ? 0 : -1}
        aria-label={label}
        onChange={(event) => onTick(event.target.checked)}
      />
    </span>
  );
}

/** A run: its tick, its name, the chosen columns, and how right it is. */
export function RunRow({ run, isMember, ...row }: RowProps & { run: RunRecord; isMember: boolean }) {
  const { columns, scale, isCurrent } = row;
  const shown = useStudio((state) => state.runId === run.id);
  const { hold, words } = useRunWords(run);
  const { distilled } = finalOf(run);
  const unfinished = hold === 'interrupted' || run.state.phase === 'failed';
  const said = unfinished
    ? words
    : isActive(run.state)
      ? `step ${formatCount(run.step)} of ${formatCount(run.recipe.steps)}${shortPlaceWords(hold)}`
      : distilled === null
        ? 'not measured'
        : null;
  return (
    <Cells {...row} className={shown ? styles['shown'] : undefined}>
      <TickCell {...row} label={`Tick ${run.name}`} />
      <span role="rowheader" className={classes(styles['name'], isMember && styles['member'])}>
        <RunMark run={run} />
        <button
          type="button"
          className={styles['open']}
          tabIndex={isCurrent ? 0 : -1}
          title={run.name}
          aria-label={`Open ${run.name}`}
          onClick={() => openRun(run.id)}
        >
          {run.name}
        </button>
        {run.pinned && <span className={styles['pinned']}>pinned</span>}
      </span>
      {columns.map((column) => (
        <span key={column.id} role="cell" className={column.isNumber ? styles['number'] : styles['words']}>
          {column.text(run)}
        </span>
      ))}
      {said === null ? (
        <>
          <span role="cell" className={styles['number']}>
            <strong>{accuracyColumn.text(run)}</strong>
          </span>
          <span role="cell">{distilled !== null && <ShareScale value={distilled} scale={scale} />}</span>
        </>
      ) : (
        <span role="cell" className={unfinished ? styles['stopped'] : styles['state']} title={words}>
          {said}
        </span>
      )}
      <span role="cell" className={classes(styles['number'], styles['begun'])}>
        {begunColumn.text(run)}
      </span>
    </Cells>
  );
}

/** A run whose record cannot be drawn: the others are there as they are, and it can be removed. */
export function LostRow({ run, style }: { run: RunRecord; style: CSSProperties }) {
  return (
    <div role="row" className={classes(styles['row'], styles['lost'])} style={style}>
      <span role="cell">
        The run {run.name} could not be drawn.{' '}
        <Button kind="danger" small onClick={() => void deleteRuns([run.id])}>
          Delete this run
        </Button>
      </span>
    </div>
  );
}

/** Runs that differ in their seed alone: their mean, and the interval of it. */
export function GroupRow({
  group,
  isOpen,
  onToggle,
  ...row
}: RowProps & { group: RunGroup; isOpen: boolean; onToggle: () => void }) {
  const { columns, scale, isCurrent } = row;
  const { mean } = group;
  return (
    <Cells {...row} className={styles['group']}>
      <TickCell {...row} label={`Tick all of ${group.name}`} />
      <span role="rowheader" className={styles['name']}>
        <button
          type="button"
          className={styles['fold']}
          tabIndex={isCurrent ? 0 : -1}
          aria-expanded={isOpen}
          title={group.name}
          onClick={onToggle}
        >
          <Icon of={isOpen ? ChevronDown : ChevronRight} size={14} />
          <span>{group.name}</span>
        </button>
      </span>
      {columns.map((column) => (
        <span key={column.id} role="cell" className={column.isNumber ? styles['number'] : styles['words']}>
          {rangeOf(group.runs, column)}
        </span>
      ))}
      {mean === null ? (
        <span role="cell" className={styles['state']}>
          not measured
        </span>
      ) : (
        <>
          <span role="cell" className={styles['number']}>
            <span className="visually-hidden">mean </span>
            <strong>{(mean.share * 100).toFixed(1)}</strong>
          </span>
          <span role="cell">
            <ShareScale value={mean} scale={scale} isMean />
          </span>
        </>
      )}
      <span role="cell" className={classes(styles['number'], styles['begun'])}>
        {plural(group.runs.length, 'run')}
      </span>
    </Cells>
  );
}

/** What all runs of a group have in a column: one value, or from where to where; nothing where that says nothing. */
function rangeOf(runs: readonly RunRecord[], column: RunColumn): string {
  const texts = new Set(runs.map(column.text));
  if (texts.size === 1) return [...texts][0]!;
  if (!column.isNumber) return '';
  const values = runs.map(column.sortValue).filter((value) => typeof value === 'number');
  if (values.length === 0) return '';
  const of = (value: number): string => {
    const run = runs.find((one) => column.sortValue(one) === value);
    return run === undefined ? '' : column.text(run);
  };
  return `${of(Math.min(...values))}–${of(Math.max(...values))}`;
}
