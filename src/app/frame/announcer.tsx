import { useEffect, useState } from 'react';
import { currentRun, liveRun, useStudio } from '../state/studio-store.ts';
import { phaseWords } from '../words.ts';

/** Tells a screen reader when a run enters another phase, and only then. */
export function Announcer() {
  const words = useStudio((state) => {
    const run = liveRun(state) ?? currentRun(state);
    return run === null || !state.ready ? '' : `${run.name}: ${phaseWords(run.state)}`;
  });
  const [first, setFirst] = useState<string | null>(null);
  useEffect(() => {
    // What was so when the page opened is no news.
    setFirst((known) => known ?? (words === '' ? null : words));
  }, [words]);
  return (
    <p className="visually-hidden" role="status">
      {first === null || words === first ? '' : words}
    </p>
  );
}
