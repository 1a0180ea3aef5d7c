import { Play } from 'lucide-react';
import type { RunRecord } from '../../store/records.ts';
import { navigate } from '../routes.ts';
import { studio } from '../studio.ts';
import { useStudio } from '../studio-store.ts';
import { busyObstacle } from '../train/obstacles.ts';
import { Button } from '../ui/button.tsx';

/** Goes on with a run, and shows it. */
export function GoOnButton({ run, label, primary }: { run: RunRecord; label: string; primary?: boolean }) {
  const obstacle = useStudio(busyObstacle);
  return (
    <Button
      kind={primary ? 'primary' : 'plain'}
      icon={Play}
      label={`${label}: ${run.name}`}
      reason={obstacle}
      onClick={() => {
        void studio.resumeRun(run.id);
        navigate('train');
      }}
    >
      {label}
    </Button>
  );
}
