import { clipped } from '../words.ts';
import styles from './column-mapper.module.css';
import type { ReadByMap } from './read-by-map.ts';

/** A row as it will be learned; a row that cannot be used says why. */
export function MappedRow({ read: { reading } }: { read: ReadByMap }) {
  if (reading === null) return <p className={styles['refused']}>The input names no column yet.</p>;
  if (!reading.ok) return <p className={styles['refused']}>This row is left out: {reading.reason}.</p>;
  const { input, label, rationale, teacherLabel, id } = reading.row;
  return (
    <dl className={styles['row']} translate="no" data-testid="mapped-row">
      {input !== null && (
        <>
          <dt>input</dt>
          <dd className={styles['input']}>{clipped(input)}</dd>
        </>
      )}
      <dt>label</dt>
      <dd>
        {label === null ? (
          <span className={styles['hint']}>none yet: the row cannot be trained on</span>
        ) : (
          <strong className={styles['label']}>{clipped(label)}</strong>
        )}
        {teacherLabel !== null && (
          <span className={styles['hint']}>
            {' '}
            teacher: {teacherLabel.trim() === '' ? 'nothing' : clipped(teacherLabel)}
          </span>
        )}
      </dd>
      {rationale !== null && (
        <>
          <dt>rationale</dt>
          <dd className={styles['rationale']}>{clipped(rationale)}</dd>
        </>
      )}
      {id !== null && (
        <>
          <dt>id</dt>
          <dd>{clipped(id)}</dd>
        </>
      )}
    </dl>
  );
}
