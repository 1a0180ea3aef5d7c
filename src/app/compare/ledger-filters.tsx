import { useMemo, useRef } from 'react';
import type { Prediction } from '../../distill/run-state.ts';
import { useKeys } from '../keys/use-keys.ts';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import styles from './ledger-filters.module.css';
import { countViews, type Answerer, type Judgement, type LedgerFilter, type LedgerView } from './ledger.ts';

const views: readonly { value: LedgerView; label: string }[] = [
  { value: 'all', label: 'all' },
  { value: 'fixed', label: 'fixed by distillation' },
  { value: 'broken', label: 'broken by distillation' },
  { value: 'distilled-wrong', label: 'distilled wrong' },
  { value: 'beats-teacher', label: 'beats the teacher' },
];

const answerers: readonly Answerer[] = ['teacher', 'base', 'distilled'];
const judgements: readonly Judgement[] = ['any', 'right', 'wrong'];

interface Props {
  predictions: readonly Prediction[];
  filter: LedgerFilter;
  onChange: (filter: LedgerFilter) => void;
}

/** Fixed and broken first, then right or wrong in each column, then words. `/` goes to the search. */
export function LedgerFilters({ predictions, filter, onChange }: Props) {
  const counts = useMemo(() => countViews(predictions), [predictions]);
  const search = useRef<HTMLInputElement>(null);
  useKeys({ 'search-rows': () => search.current?.focus() });
  return (
    <div className={styles['filters']}>
      <SegmentedControl
        legend="Rows to show"
        look="chips"
        segments={views.map((view) => ({ ...view, count: counts[view.value] }))}
        value={filter.view}
        onChange={(view) => onChange({ ...filter, view })}
      />
      <div className={styles['more']}>
        {answerers.map((answerer) => (
          <label key={answerer} className={styles['column']}>
            {answerer}
            {/* Native, as SelectField says. */}
            <select
              className={styles['select']}
              value={filter.columns[answerer]}
              onChange={(event) =>
                onChange({
                  ...filter,
                  columns: { ...filter.columns, [answerer]: event.target.value as Judgement },
                })
              }
            >
              {judgements.map((judgement) => (
                <option key={judgement} value={judgement}>
                  {judgement}
                </option>
              ))}
            </select>
          </label>
        ))}
        <input
          ref={search}
          className={styles['search']}
          type="search"
          placeholder="Search  /"
          aria-label="Search questions, answers and rationales"
          value={filter.search}
          onChange={(event) => onChange({ ...filter, search: event.target.value })}
        />
      </div>
    </div>
  );
}
