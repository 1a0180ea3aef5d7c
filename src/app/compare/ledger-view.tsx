import { useWindowVirtualizer } from '@tanstack/react-virtual';
import {
  useCallback,
  useDeferredValue,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { formatCount } from '../../base/units.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { useKeys } from '../keys/use-keys.ts';
import { onHashChange } from '../routes.ts';
import { Notice } from '../ui/notice.tsx';
import { exampleHash, noteAddress, parseExampleAddress } from './example-address.ts';
import { ConfusionTable } from './confusion-table.tsx';
import { LabelTable } from './label-table.tsx';
import { LedgerFilters } from './ledger-filters.tsx';
import { LedgerRow } from './ledger-row.tsx';
import styles from './ledger-view.module.css';
import { everything, filterLedger } from './ledger.ts';

const rowHeight = 41;

/** The ledger: every test row with everybody's answers; only the rows in sight are in the page. */
export function Ledger({ runId, predictions }: { runId: string; predictions: readonly Prediction[] }) {
  const [filter, setFilter] = useState(everything);
  const asked = useAskedRow(runId);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set(asked === null ? [] : [asked]));
  const [active, setActive] = useState<number | null>(null);
  /** The row of the address that was shown already. */
  const shown = useRef<number | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  // Typing continues while very many rows are searched.
  const settled = useDeferredValue(filter);
  const rows = useMemo(() => filterLedger(predictions, settled), [predictions, settled]);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: top,
    getItemKey: (index) => rows[index]?.row ?? index,
  });

  useEffect(() => {
    const measure = (): void => setTop((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, []);

  const move = useCallback(
    (by: number) => {
      const next = Math.max(0, Math.min(rows.length - 1, active === null ? 0 : active + by));
      if (rows.length === 0) return;
      virtualizer.scrollToIndex(next, { align: 'auto' });
      setActive(next);
    },
    [active, rows.length, virtualizer],
  );
  useKeys({ 'next-row': () => move(1), 'previous-row': () => move(-1) });

  const toggle = (row: number): void => {
    const next = new Set(open);
    const closed = next.delete(row);
    if (!closed) next.add(row);
    setOpen(next);
    // Opened here: there is nothing to go to.
    shown.current = closed ? null : row;
    noteAddress(closed ? null : { runId, row });
  };

  // An address that names an example shows it, whatever was shown before.
  useEffect(() => {
    if (asked === null) shown.current = null;
    if (asked === null || top === 0 || shown.current === asked) return;
    const index = predictions.findIndex((prediction) => prediction.row === asked);
    if (index < 0) return;
    shown.current = asked;
    setFilter(everything);
    setOpen((before) => new Set(before).add(asked));
    setActive(index);
    virtualizer.scrollToIndex(index, { align: 'center' });
  }, [asked, predictions, top, virtualizer]);
  const missing = useMemo(
    () => asked !== null && !predictions.some((prediction) => prediction.row === asked),
    [asked, predictions],
  );

  const items = virtualizer.getVirtualItems();
  return (
    <section className={styles['ledger']} aria-label="Answers">
      <LedgerFilters
        predictions={predictions}
        filter={filter}
        onChange={(changed) => {
          setFilter(changed);
          setActive(null);
        }}
      />
      <LabelTable
        predictions={predictions}
        chosen={filter.label}
        onChoose={(label) => {
          setFilter({ ...filter, label });
          setActive(null);
        }}
      />
      <ConfusionTable
        predictions={predictions}
        chosen={filter.cell}
        onChoose={(cell) => {
          setFilter({ ...filter, cell });
          setActive(null);
        }}
      />
      {asked !== null && missing && (
        <Notice kind="info">
          <p>Row {formatCount(asked + 1)} is not among the test rows of this comparison.</p>
        </Notice>
      )}
      <p className={styles['found']} role="status">
        {rows.length === predictions.length
          ? `${formatCount(rows.length)} rows; j and k move, Enter opens`
          : `${formatCount(rows.length)} of ${formatCount(predictions.length)} rows`}
        {filter.label !== null && ` · true answer ${filter.label}`}
        {filter.cell !== null && ` · ${filter.cell.who}: ${filter.cell.name}`}
      </p>
      <div role="table" aria-label="Answers by test row" aria-rowcount={rows.length + 1} data-ledger="">
        <div role="rowgroup" className={styles['heads']}>
          <div role="row" aria-rowindex={1} className={styles['head']}>
            {['question', 'true', 'teacher', 'base', 'distilled'].map((name) => (
              <span key={name} role="columnheader">
                {name}
              </span>
            ))}
          </div>
        </div>
        <div
          role="rowgroup"
          ref={body}
          className={styles['body']}
          style={{ height: virtualizer.getTotalSize() }}
        >
          {items.map((item) => {
            const prediction = rows[item.index];
            if (!prediction) return null;
            return (
              <LedgerRow
                key={item.key}
                ref={virtualizer.measureElement}
                prediction={prediction}
                index={item.index}
                offset={item.start - top}
                open={open.has(prediction.row)}
                focused={active === item.index}
                href={exampleHash({ runId, row: prediction.row })}
                onToggle={() => {
                  setActive(item.index);
                  toggle(prediction.row);
                }}
              />
            );
          })}
        </div>
      </div>
      {rows.length === 0 && <p className={styles['none']}>No row passes these filters.</p>}
    </section>
  );
}

/** The row of this run that the address asks for; null for none. */
function useAskedRow(runId: string): number | null {
  const hash = useSyncExternalStore(onHashChange, () => location.hash);
  const asked = parseExampleAddress(hash);
  return asked?.runId === runId ? asked.row : null;
}
