import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react';
import { openRun } from '../actions/open-run.ts';
import { ErrorBoundary } from '../frame/error-boundary.tsx';
import { keysOf, readPress } from '../keys/keys.ts';
import { clearTicks, tick, useShelf } from '../state/run-actions.ts';
import { Icon } from '../ui/icon.tsx';
import { accuracyColumn, begunColumn, nameColumn, type RunColumn } from './run-columns.ts';
import { GroupRow, LostRow, RunRow } from './run-row.tsx';
import type { Sorting, TableRow } from './run-table.ts';
import styles from './runs-table.module.css';

const rowHeight = 32;
const narrow = '(max-width: 760px)';

interface Props {
  rows: readonly TableRow[];
  columns: readonly RunColumn[];
  scale: { from: number; to: number };
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
  onToggleGroup: (id: string) => void;
}

/** Runs and their groups; only the rows in sight are in the page. */
export function RunsTable({ rows, columns, scale, sorting, onSort, onToggleGroup }: Props) {
  const ticked = useShelf((state) => state.ticked);
  const isTicked = useMemo(() => new Set(ticked), [ticked]);
  const isNarrow = useNarrow();
  const shown = isNarrow ? [] : columns;
  const scroll = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  /** A row that gets the focus once it is drawn. */
  const wanted = useRef<number | null>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const active = Math.min(current, Math.max(0, rows.length - 1));
  useEffect(() => {
    if (wanted.current === null) return;
    const box = scroll.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"] input`);
    if (!box) return;
    wanted.current = null;
    box.focus();
  });

  const idsOf = (row: TableRow): string[] =>
    row.kind === 'run' ? [row.run.id] : row.group.runs.map(({ id }) => id);
  const move = (by: number, ticks: boolean): void => {
    const next = Math.max(0, Math.min(rows.length - 1, active + by));
    const [from, to] = [rows[active], rows[next]];
    if (ticks && from && to) tick([...idsOf(from), ...idsOf(to)], true);
    wanted.current = next;
    virtualizer.scrollToIndex(next);
    setCurrent(next);
  };
  const press = (event: KeyboardEvent): void => {
    const read = readPress(event, keysOf('Runs'));
    if (read === null || !('id' in read)) return;
    const row = rows[active];
    switch (read.id) {
      case 'next-run':
        move(1, false);
        break;
      case 'previous-run':
        move(-1, false);
        break;
      case 'tick-next':
        move(1, true);
        break;
      case 'tick-previous':
        move(-1, true);
        break;
      case 'clear-ticks':
        clearTicks();
        break;
      case 'open-run':
        // A button has Enter to itself.
        if (row?.kind !== 'run' || (event.target as Element).closest('button')) return;
        openRun(row.run.id);
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const template = [
    '24px',
    isNarrow ? 'minmax(96px, 1fr)' : 'minmax(168px, 1fr)',
    ...shown.map(({ isNumber, head }) => `${isNumber ? Math.max(52, 8 * head.length + 16) : 128}px`),
    isNarrow ? '64px' : '72px',
    isNarrow ? '84px' : '96px',
    ...(isNarrow ? [] : ['48px']),
  ].join(' ');
  return (
    <div ref={scroll} className={styles['scroll']}>
      {/* Arrows move through the rows; `data-keys` keeps the page's own shortcuts off. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the controls are in its rows; the keys move between them */}
      <div
        role="table"
        tabIndex={-1}
        aria-label="Runs"
        aria-rowcount={rows.length + 1}
        className={styles['table']}
        style={{ ['--columns' as string]: template }}
        data-keys=""
        data-narrow={isNarrow || undefined}
        onKeyDown={press}
        onFocus={(event) => {
          const row = (event.target as Element).closest('[data-row]')?.getAttribute('data-row');
          if (row !== null && row !== undefined) setCurrent(Number(row));
        }}
      >
        <div role="rowgroup" className={styles['heads']}>
          <div role="row" aria-rowindex={1} className={styles['head']}>
            <span role="columnheader">
              <span className="visually-hidden">tick</span>
            </span>
            {[nameColumn, ...shown, accuracyColumn].map((column) => (
              <Head key={column.id} column={column} sorting={sorting} onSort={onSort} />
            ))}
            <span role="columnheader" className={styles['ends']}>
              <span className="visually-hidden">accuracy from </span>
              <span>{Math.round(scale.from * 100)}</span>
              <span>{Math.round(scale.to * 100)} %</span>
            </span>
            {!isNarrow && <Head column={begunColumn} sorting={sorting} onSort={onSort} />}
          </div>
        </div>
        <div role="rowgroup" className={styles['body']} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            const ids = idsOf(row);
            const props = {
              columns: shown,
              scale,
              index,
              isCurrent: index === active,
              style: { translate: `0 ${start}px` },
              isTicked: ids.every((id) => isTicked.has(id)),
              onTick: (on: boolean) => tick(ids, on),
            };
            return row.kind === 'run' ? (
              <ErrorBoundary key={row.run.id} instead={<LostRow run={row.run} style={props.style} />}>
                <RunRow {...props} run={row.run} isMember={row.isMember} />
              </ErrorBoundary>
            ) : (
              <GroupRow
                key={row.group.id}
                {...props}
                group={row.group}
                isOpen={row.isOpen}
                onToggle={() => onToggleGroup(row.group.id)}
              />
            );
          })}
        </div>
      </div>
      {rows.length === 0 && <p className={styles['none']}>No run fits what is searched for.</p>}
    </div>
  );
}

function Head({ column, sorting, onSort }: { column: RunColumn } & Pick<Props, 'sorting' | 'onSort'>) {
  const isSorted = sorting.column.id === column.id;
  const { descending } = sorting;
  return (
    <span
      role="columnheader"
      className={column.isNumber ? styles['number'] : undefined}
      aria-sort={isSorted ? (descending ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        className={styles['sort']}
        data-sorted={isSorted || undefined}
        // Numbers are sought from the largest down, words from a to z.
        onClick={() => onSort({ column, descending: isSorted ? !descending : column.isNumber })}
      >
        {column.head}
        {isSorted && <Icon of={descending ? ArrowDown : ArrowUp} size={12} />}
      </button>
    </span>
  );
}

function useNarrow(): boolean {
  return useSyncExternalStore(onWidth, () => matchMedia(narrow).matches);
}

function onWidth(changed: () => void): () => void {
  const query = matchMedia(narrow);
  query.addEventListener('change', changed);
  return () => query.removeEventListener('change', changed);
}
