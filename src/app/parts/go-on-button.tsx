import { Play } from 'lucide-react';
import type { RunRecord } from '../../store/records.ts';
import type { NewRun } from '../../worker/protocol.ts';
import { navigate } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { busyObstacle } from '../actions/start-training.ts';
import { Button } from '../ui/button.tsx';

/** Goes on with a run, and shows it. */
export function GoOnButton({
  run,
  label,
  primary,
  engine = null,
}: {
  run: RunRecord;
  label: string;
  primary?: boolean;
  /** Another engine than the run had. */
  engine?: NewRun['engine'];
}) {
  const obstacle = useStudio(busyObstacle);
  return (
    <Button
      kind={primary ? 'primary' : 'plain'}
      icon={Play}
      label={`${label}: ${run.name}`}
      reason={obstacle}
      onClick={() => {
        void studio.resumeRun(run.id, engine);
        navigate('train');
      }}
    >
      {label}
    </Button>
  );
}
