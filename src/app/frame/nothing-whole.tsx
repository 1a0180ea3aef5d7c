import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Dialog } from '../ui/dialog.tsx';

/** Asks before a run whose checkpoints are all damaged begins again with step 1: its curve goes then. */
export function NothingWhole() {
  const asked = useStudio((state) => state.nothingWhole);
  if (asked === null) return null;
  return (
    <Dialog
      title="Start again from step 1?"
      onClose={() => studio.forgetNothingWhole()}
      confirm={{
        label: 'Start again',
        act: () => void studio.resumeRun(asked.runId, asked.engine, true),
      }}
    >
      <p>{asked.words}</p>
    </Dialog>
  );
}
