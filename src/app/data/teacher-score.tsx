import { formatCount, formatPercent } from '../../base/units.ts';
import { splits as splitNames } from '../../data/split-name.ts';
import type { DatasetRecord } from '../../store/records.ts';
import styles from './teacher-score.module.css';

/** How often the teacher was right, by split. */
export function TeacherScore({ splits }: { splits: DatasetRecord['splits'] }) {
  const known = splitNames.flatMap((split) => {
    const teacher = splits[split]?.teacher;
    return teacher && teacher.total > 0 ? [{ split, teacher }] : [];
  });
  if (known.length === 0) return null;
  return (
    <section aria-label="The teacher" className={styles['scores']}>
      {known.map(({ split, teacher }) => (
        <p key={split} className={styles['score']} data-testid={`teacher-${split}`}>
          <span className={styles['share']}>{formatPercent(teacher.correct / teacher.total)}</span>
          <span className={styles['words']}>
            of the teacher’s {split} labels are right ({formatCount(teacher.correct)} of{' '}
            {formatCount(teacher.total)})
          </span>
        </p>
      ))}
    </section>
  );
}
