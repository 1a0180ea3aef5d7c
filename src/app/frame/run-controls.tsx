import { ActionButton } from '../actions/action-button.tsx';
import { isRunComparing, pauseOrResume, skipMeasurement, stopAndKeep } from '../actions/run-under-way.ts';
import { liveRun, useStudio } from '../state/studio-store.ts';

/** What can be asked of the run under way. */
export function RunControls() {
  const paused = useStudio((state) => liveRun(state)?.state.phase === 'paused');
  const comparing = useStudio(isRunComparing);
  return (
    <>
      <ActionButton action={skipMeasurement} />
      {!comparing && <ActionButton action={pauseOrResume} kind={paused ? 'primary' : 'plain'} />}
      {!comparing && <ActionButton action={stopAndKeep} />}
    </>
  );
}
