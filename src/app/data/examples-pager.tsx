import { ArrowLeft, ArrowRight, X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { formatCount } from '../../base/units.ts';
import type { DatasetRecord, Split } from '../../store/records.ts';
import { Button } from '../ui/button.tsx';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { plural } from '../words.ts';
import { ExampleCard } from './example-card.tsx';
import styles from './examples-pager.module.css';
import { useExamples } from './use-examples.ts';

const pageLength = 25;

/** Rows that a note leads to, by their position in the file. */
export interface ChosenRows {
  rows: readonly number[];
  words: string;
}

/** The rows, a page at a time: all, those of a note, those with certain words. */
export function ExamplesPager({
  dataset,
  split,
  total,
  chosen,
  onAll,
}: {
  dataset: DatasetRecord;
  split: Split;
  total: number;
  chosen: ChosenRows | null;
  /** Asked to show more than the chosen rows. */
  onAll: () => void;
}) {
  const [wanted, setFirst] = useState(0);
  const [text, setText] = useState('');
  const [only, setOnly] = useState<'all' | 'teacher-wrong'>('all');
  const filter = useMemo(
    () => ({ text, only, rows: chosen === null ? null : new Set(chosen.rows) }),
    [text, only, chosen],
  );
  // Another filter begins at its first row.
  const [seen, setSeen] = useState(filter);
  if (seen !== filter) {
    setSeen(filter);
    setFirst(0);
  }
  const first = seen === filter ? wanted : 0;
  const from = { datasetId: dataset.id, split, total };
  const found = useExamples(from, filter, first, pageLength, dataset.files);
  const count = found?.total ?? total;
  const start = Math.min(first, Math.max(0, count - 1));
  const end = Math.min(start + pageLength, count);
  const teacher = dataset.splits[split]?.teacher ?? null;
  const all = text.trim() === '' && only === 'all' && chosen === null;
  return (
    <div className={styles['pager']}>
      <div className={styles['filters']}>
        {teacher !== null && teacher.total > 0 && (
          <SegmentedControl
            legend="Show"
            look="chips"
            segments={[
              { value: 'all', label: 'all', count: total },
              { value: 'teacher-wrong', label: 'teacher wrong', count: teacher.total - teacher.correct },
            ]}
            value={only}
            onChange={setOnly}
          />
        )}
        <input
          type="search"
          className={styles['search']}
          aria-label="Search rows"
          placeholder="Search rows"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      {chosen !== null && (
        <p className={styles['chosen']}>
          <span>Shown: {chosen.words}</span>
          <Button small kind="quiet" icon={X} onClick={onAll}>
            Show all rows
          </Button>
        </p>
      )}
      <ol className={styles['cards']} translate="no">
        {found?.examples.map((example) => (
          <li key={example.row} className={styles['card']}>
            <ExampleCard example={example} />
          </li>
        ))}
      </ol>
      <div className={styles['foot']}>
        <p className="numbers" role="status">
          {count === 0
            ? found?.searching
              ? 'searching …'
              : 'No row has that.'
            : all
              ? `rows ${formatCount(start + 1)} to ${formatCount(end)} of ${formatCount(total)}`
              : `${formatCount(start + 1)} to ${formatCount(end)} of ${plural(count, 'row')} found${found?.searching ? ', searching …' : ''}`}
        </p>
        <Button
          icon={ArrowLeft}
          reason={start === 0 ? 'These are the first rows.' : null}
          onClick={() => setFirst(Math.max(0, start - pageLength))}
        >
          Previous
        </Button>
        <Button
          icon={ArrowRight}
          reason={end >= count ? 'These are the last rows.' : null}
          onClick={() => setFirst(start + pageLength)}
        >
          Next
        </Button>
        <label className={styles['jump']}>
          {all ? 'Go to row' : 'Go to the nth found'}
          <input
            className={styles['number']}
            type="number"
            min={1}
            max={count}
            value={start + 1}
            onChange={(event) => {
              const row = event.target.valueAsNumber;
              if (Number.isInteger(row) && row >= 1) setFirst(Math.min(row, count) - 1);
            }}
          />
        </label>
      </div>
    </div>
  );
}
