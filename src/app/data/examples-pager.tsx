import { ArrowLeft, ArrowRight } from 'lucide-react';
import { useState } from 'react';
import { formatCount } from '../../base/units.ts';
import type { DatasetRecord, Split } from '../../store/records.ts';
import { Button } from '../ui/button.tsx';
import { ExampleCard } from './example-card.tsx';
import styles from './examples-pager.module.css';
import { useExamples } from './use-examples.ts';

const pageLength = 4;

/** The rows, a few at a time. */
export function ExamplesPager({
  dataset,
  split,
  total,
}: {
  dataset: DatasetRecord;
  split: Split;
  total: number;
}) {
  const [first, setFirst] = useState(0);
  const start = Math.min(first, Math.max(0, total - 1));
  const examples = useExamples(dataset.id, split, start, pageLength, dataset.files);
  const end = Math.min(start + pageLength, total);
  return (
    <div className={styles['pager']}>
      <ol className={styles['cards']} translate="no">
        {examples?.map((example) => (
          <li key={example.row} className={styles['card']}>
            <ExampleCard example={example} />
          </li>
        ))}
      </ol>
      <div className={styles['foot']}>
        <p className="numbers">
          rows {formatCount(start + 1)} to {formatCount(end)} of {formatCount(total)}
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
          reason={end >= total ? 'These are the last rows.' : null}
          onClick={() => setFirst(start + pageLength)}
        >
          Next
        </Button>
        <label className={styles['jump']}>
          Go to row
          <input
            className={styles['number']}
            type="number"
            min={1}
            max={total}
            value={start + 1}
            onChange={(event) => {
              const row = event.target.valueAsNumber;
              if (Number.isInteger(row) && row >= 1) setFirst(Math.min(row, total) - 1);
            }}
          />
        </label>
      </div>
    </div>
  );
}
