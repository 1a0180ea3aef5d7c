import { Columns3 } from 'lucide-react';
import { useRef, useState } from 'react';
import { bindingOf, keyWords } from '../keys/keys.ts';
import { useKeys } from '../keys/use-keys.ts';
import { Button } from '../ui/button.tsx';
import { CheckField, ChecksField } from '../ui/check-field.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { moreColumns } from './run-columns.ts';
import styles from './runs-screen.module.css';

interface Props {
  query: string;
  onQuery: (query: string) => void;
  /** Null where no two runs differ in their seed alone. */
  grouped: boolean | null;
  onGrouped: (grouped: boolean) => void;
  columns: readonly string[];
  onColumns: (ids: readonly string[]) => void;
}

/** What of the runs is shown: searched, grouped over seeds, and with which columns. */
export function RunsFilter({ query, onQuery, grouped, onGrouped, columns, onColumns }: Props) {
  const search = useRef<HTMLInputElement>(null);
  const [choosing, setChoosing] = useState(false);
  useKeys({ 'search-runs': () => search.current?.focus() });
  return (
    <div className={styles['filter']}>
      <input
        ref={search}
        className={styles['search']}
        type="search"
        aria-label="Search the runs"
        placeholder={`Name, tag or setting, as alpha:0.1 (${keyWords(bindingOf('search-runs'))})`}
        title="Words in name, note, tags, student or data; alpha:0.1 or seed:2 for a setting; tag:paper; >90 for accuracy"
        value={query}
        onChange={(event) => onQuery(event.target.value)}
      />
      {grouped !== null && <CheckField label="Group over seeds" checked={grouped} onChange={onGrouped} />}
      <Button small icon={Columns3} onClick={() => setChoosing(true)}>
        Columns
      </Button>
      {choosing && (
        <Dialog title="Columns of the table" wide onClose={() => setChoosing(false)}>
          <ChecksField
            label="Beside name, accuracy and date"
            options={moreColumns.map(({ id, head }) => ({ value: id, label: head }))}
            values={columns}
            onChange={onColumns}
          />
        </Dialog>
      )}
    </div>
  );
}
