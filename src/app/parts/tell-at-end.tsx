import { setTelling, useTelling, type Telling } from '../frame/presence.ts';
import { CheckField } from '../ui/check-field.tsx';
import styles from './tell-at-end.module.css';

const meanings: Record<Exclude<Telling, 'not here'>, string> = {
  off: 'A notification of this browser, while this page is hidden.',
  on: 'A notification of this browser, while this page is hidden.',
  refused: 'This browser refuses notifications of this page; its settings for the page change that.',
};

/** Whether the person wants to be told when a run has ended, or a teacher's. */
export function TellAtEnd() {
  const telling = useTelling((state) => state.telling);
  if (telling === 'not here') return null;
  return (
    <div className={styles['tell']}>
      <CheckField
        label="Tell me when it ends"
        meaning={meanings[telling]}
        checked={telling === 'on'}
        onChange={(on) => void setTelling(on)}
      />
    </div>
  );
}
