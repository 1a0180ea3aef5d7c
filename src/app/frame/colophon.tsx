import { formatBytes } from '../../base/units.ts';
import { perform } from '../actions/action.ts';
import { findOrDo, showKeys, thisMachine } from '../actions/anywhere.ts';
import { ariaKey, keyWords } from '../keys/keys.ts';
import { useOffline } from '../offline/offline.ts';
import { hashOf, useRoute } from '../routes.ts';
import { useRoom } from '../state/room.ts';
import { useStudio } from '../state/studio-store.ts';
import { hostAsked, useTeacher } from '../state/teacher-store.ts';
import { applyTheme, themes, useTheme } from '../theme.ts';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { backendWords } from './machine-words.ts';
import styles from './colophon.module.css';

/** Below the stations: the runs, the machine, what the keys open, the theme, and the promise. */
export function Colophon() {
  const route = useRoute();
  const runs = useStudio((state) => state.runs.length);
  const backend = useStudio((state) => state.machine?.backend ?? null);
  const usageBytes = useRoom((state) => state.usageBytes);
  const theme = useTheme();
  const offline = useOffline((state) => state.ready);
  const host = useTeacher(hostAsked);
  return (
    <section className={styles['colophon']} aria-label="Runs, this machine and theme">
      <a className={styles['row']} href={hashOf('runs')} aria-current={route === 'runs' ? 'page' : undefined}>
        <span>Runs</span>
        <span className={styles['value']}>{runs}</span>
      </a>
      <a
        className={styles['row']}
        href={hashOf('experiments')}
        aria-current={route === 'experiments' ? 'page' : undefined}
      >
        <span>Experiments</span>
      </a>
      <a
        className={styles['row']}
        href={hashOf('storage')}
        aria-current={route === 'storage' ? 'page' : undefined}
      >
        <span>Storage</span>
        <span className={styles['value']}>{usageBytes === null ? '' : formatBytes(usageBytes)}</span>
      </a>
      <button className={styles['row']} type="button" onClick={() => perform(thisMachine)}>
        <span>This machine</span>
        <span className={styles['value']}>{backend === null ? '…' : backendWords[backend].short}</span>
      </button>
      <KeyRow of={findOrDo} />
      <KeyRow of={showKeys} />
      <div className={styles['theme']}>
        <SegmentedControl legend="Theme" segments={themes} value={theme} onChange={applyTheme} />
      </div>
      <p className={styles['promise']}>
        <span className={styles['dot']} aria-hidden="true" />
        {host === null
          ? `Everything stays on this machine.${offline ? ' Ready to work offline.' : ''}`
          : `Prompts go to ${host}. All else stays on this machine.`}
      </p>
    </section>
  );
}

/** A button with the key that does the same. */
function KeyRow({ of: action }: { of: typeof findOrDo | typeof showKeys }) {
  return (
    <button
      className={styles['row']}
      type="button"
      aria-haspopup="dialog"
      aria-keyshortcuts={ariaKey(action.key)}
      onClick={() => perform(action)}
    >
      <span>{action.label()}</span>
      <kbd className={styles['key']} aria-hidden="true">
        {keyWords(action.key)}
      </kbd>
    </button>
  );
}
