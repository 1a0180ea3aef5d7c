import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { formatCount } from '../../base/units.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { isFree } from '../frame/use-run-shortcut.ts';
import { LedgerFilters } from './ledger-filters.tsx';
import { LedgerRow } from './ledger-row.tsx';
import styles from './ledger-view.module.css';
import { everything, filterLedger } from './ledger.ts';

const rowHeight = 41;

/** The ledger: every test row with everybody's answers; only the rows in sight are in the page. */
export function Ledger({ predictions }: { predictions: readonly Prediction[] }) {
  const [filter, setFilter] = useState(everything);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [active, setActive] = useState<number | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const rows = useMemo(() => filterLedger(predictions, filter), [predictions, filter]);
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
  useLedgerKeys(move);

  const toggle = (row: number): void => {
    const next = new Set(open);
    if (!next.delete(row)) next.add(row);
    setOpen(next);
  };

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
      <p className={styles['found']} role="status">
        {rows.length === predictions.length
          ? `${formatCount(rows.length)} rows; j and k move, Enter opens`
          : `${formatCount(rows.length)} of ${formatCount(predictions.length)} rows`}
      </p>
      <div role="table" aria-label="Answers by test row" aria-rowcount={rows.length + 1} data-ledger="">
        <div role="rowgroup">
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

/** `j` and `k` move through the rows, wherever no field has the focus. */
function useLedgerKeys(move: (by: number) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const by = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0;
      const inside = event.target instanceof Element && event.target.closest('[data-ledger]') !== null;
      if (by === 0 || event.ctrlKey || event.metaKey || event.altKey || !(inside || isFree(event))) return;
      event.preventDefault();
      move(by);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [move]);
}
