import { Upload } from 'lucide-react';
import { takeFiles } from '../frame/take-files.ts';
import { studio } from '../state/studio.ts';
import { FileButton } from '../ui/file-button.tsx';
import styles from './drop-zone.module.css';

/** Where files are dropped or picked; `large` while there are no rows and it is the page. */
export function DropZone({ large = false }: { large?: boolean }) {
  return (
    <div className={large ? styles['large'] : undefined}>
      <FileButton
        icon={Upload}
        look="zone"
        testId="data-files"
        onFiles={(files) => void takeFiles(files).catch((error: unknown) => studio.fail('data', error))}
      >
        {large ? (
          <span className={styles['words']}>
            <strong className={styles['call']}>Drop your rows and the teacher’s rationales here</strong>
            <span>
              CSV, JSON, Parquet or Arrow, also gzipped or in a zip: questions with their answers, and what
              the teacher wrote. Columns may have any names. Or press to pick files.
            </span>
          </span>
        ) : (
          'Add files'
        )}
      </FileButton>
    </div>
  );
}
