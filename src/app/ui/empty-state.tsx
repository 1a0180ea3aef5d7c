import type { ReactNode } from 'react';
import styles from './empty-state.module.css';

interface Props {
  /** What the station will look like, faint. */
  picture: ReactNode;
  /** One sentence. */
  children: ReactNode;
  /** One button. */
  action?: ReactNode;
}

/** A station that has nothing yet: what it will show, one sentence, one button. */
export function EmptyState({ picture, children, action }: Props) {
  return (
    <div className={styles['empty']}>
      <div className={styles['picture']} aria-hidden="true">
        {picture}
      </div>
      <p className={styles['words']}>{children}</p>
      {action}
    </div>
  );
}
