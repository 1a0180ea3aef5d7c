import { useEffect, useRef, type ReactNode } from 'react';
import { hashOf } from '../routes.ts';
import { isRunHere, liveRun, useStudio } from '../state/studio-store.ts';
import { studio } from '../state/studio.ts';
import { ErrorNotice } from '../ui/notice.tsx';
import { RunControls } from './run-controls.tsx';
import styles from './screen-head.module.css';
import { beginningWords } from '../words.ts';
import { useRunWords } from '../state/use-run-words.ts';

interface Props {
  /** The station's name, for the heading's beginning. */
  station: string;
  /** What the screen is about, if it has its own name. */
  name?: string | null;
  /** A line beside the heading. */
  children?: ReactNode;
  /** Buttons for when no run is under way; the run's own take their place while one is. */
  actions?: ReactNode;
}

let opened = false;

const shared = ['studio', 'machine', 'run'] as const;

/** A screen's heading, the state of the run under way, and the main buttons. Takes the focus when the screen opens. */
export function ScreenHead({ station, name, children, actions }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const live = useStudio(liveRun);
  const isHere = useStudio(isRunHere);
  useEffect(() => {
    // Not on the first screen of a visit: a page that just opened begins at its top.
    if (opened) heading.current?.focus({ preventScroll: true });
    opened = true;
    window.scrollTo(0, 0);
  }, []);
  useEffect(() => {
    // Buttons come and go with a run: a focus that went with them begins again at the heading.
    if (opened && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [isHere]);
  return (
    <>
      <div className={styles['head']}>
        <h1 className={styles['title']} ref={heading} tabIndex={-1}>
          {name === null || name === undefined ? (
            station
          ) : (
            <>
              <span className="visually-hidden">{station}: </span>
              {name}
            </>
          )}
        </h1>
        <div className={styles['line']}>
          {isHere && live === null ? <BeginningLine /> : children}
          {live !== null && live.name !== name && <LiveLine />}
        </div>
        <div className={styles['actions']}>{isHere ? <RunControls /> : actions}</div>
      </div>
      <Failures />
    </>
  );
}

/** What failed of requests that every screen can make. */
function Failures() {
  const requests = useStudio((state) => state.requests);
  return shared.map((slot) => {
    const { error } = requests[slot];
    return error && <ErrorNotice key={slot} error={error} onDismiss={() => studio.dismiss(slot)} />;
  });
}

/** A run that is not there yet. */
function BeginningLine() {
  const asked = useStudio((state) => state.asked);
  return <p className={styles['live']}>{beginningWords(asked)}</p>;
}

/** The run under way, on screens that are not about it. */
function LiveLine() {
  const live = useStudio(liveRun);
  const { words } = useRunWords(live);
  if (live === null) return null;
  return (
    <p className={styles['live']}>
      <span className={styles['dot']} aria-hidden="true" />
      <a href={hashOf('train')}>{live.name}</a> {words}
    </p>
  );
}
