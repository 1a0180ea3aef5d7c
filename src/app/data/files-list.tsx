import { X } from 'lucide-react';
import { formatBytes, formatCount } from '../../base/units.ts';
import { splits as splitNames } from '../../data/split-name.ts';
import type { DataFileRecord, DatasetRecord, Split } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { layoutWords, plural, splitWords } from '../words.ts';
import { DropZone } from './drop-zone.tsx';
import styles from './files-list.module.css';

/** The files as they were recognised, and room for more. */
export function FilesList({
  dataset,
  onColumns,
}: {
  dataset: DatasetRecord;
  /** Asked to change which column is what. */
  onColumns: (fileId: string) => void;
}) {
  return (
    <section aria-label="Files">
      <ul className={styles['list']}>
        {dataset.files.map((file) => (
          <li key={file.id} className={styles['file']}>
            <FileCard file={file} fixed={dataset.sample} onColumns={() => onColumns(file.id)} />
          </li>
        ))}
        <li className={styles['add']}>
          <DropZone />
        </li>
      </ul>
    </section>
  );
}

function FileCard({
  file,
  fixed,
  onColumns,
}: {
  file: DataFileRecord;
  fixed: boolean;
  onColumns: () => void;
}) {
  const busy = useStudio((state) => state.requests.data.busy);
  return (
    <>
      <p className={styles['name']}>{file.name}</p>
      <p className={styles['facts']}>
        {file.unread === undefined
          ? `${layoutWords(file.layout)} · ${plural(file.rows, 'row')}`
          : 'columns not known yet'}
        {file.refused.length > 0 && `, ${formatCount(file.refused.length)} left out`} ·{' '}
        {formatBytes(file.sizeBytes).replace(' ', '\u00a0')}
      </p>
      {fixed ? (
        <p className={styles['facts']}>
          {file.split === null ? '' : splitWords[file.split]} rows of the sample
        </p>
      ) : (
        <p className={styles['controls']}>
          {/* Native, as SelectField says. */}
          <select
            className={styles['split']}
            aria-label={`${file.name} is for`}
            value={file.split ?? ''}
            disabled={busy}
            onChange={(event) => void studio.assignSplit(file.id, event.target.value as Split)}
          >
            {file.split === null && <option value="">Choose …</option>}
            {splitNames.map((split) => (
              <option key={split} value={split}>
                {splitWords[split]}
              </option>
            ))}
          </select>
          {file.head !== undefined && file.unread === undefined && file.layout !== 'taught' && (
            <Button small kind="quiet" label={`Change columns of ${file.name}`} onClick={onColumns}>
              Columns
            </Button>
          )}
          <Button
            small
            kind="quiet"
            icon={X}
            label={`Remove ${file.name}`}
            reason={busy ? 'The files are being read.' : null}
            onClick={() => void studio.removeFile(file.id)}
          >
            Remove
          </Button>
        </p>
      )}
    </>
  );
}
