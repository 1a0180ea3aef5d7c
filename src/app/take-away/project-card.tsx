import { Boxes } from 'lucide-react';
import { formatBytes } from '../../base/units.ts';
import type { RunRecord } from '../../store/records.ts';
import { ProjectProgress } from '../parts/project-progress.tsx';
import { saveProject } from '../state/project-actions.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import styles from './take-away-screen.module.css';

/** The run as a project in PyTorch, which trains it on more machines than one. */
export function ProjectCard({ run }: { run: RunRecord }) {
  const student = useStudio((state) => state.students.find(({ id }) => id === run.studentId) ?? null);
  const dataset = useStudio((state) => state.datasets.find(({ id }) => id === run.datasetId) ?? null);
  const busy = useStudio((state) => state.requests.project.busy);
  const reason = obstacleOf(run, student !== null, dataset !== null, busy);
  const goesOn = run.savedStep !== null && run.savedStep < run.recipe.steps;
  return (
    <article className={styles['card']}>
      <h3>A project for more machines</h3>
      <p className={styles['words']}>
        A zip with recipe, rows, student and a training loop in PyTorch for one process or many:{' '}
        <code translate="no">torchrun</code>, <code translate="no">accelerate launch</code>, Ray.{' '}
        {goesOn
          ? 'It continues from this run’s newest checkpoint.'
          : 'It takes the same steps, from the first one.'}{' '}
        Its <code translate="no">out/run.zip</code> comes back under Runs.
      </p>
      {student !== null && <p className={styles['size']}>about {formatBytes(student.parameters * 4)}</p>}
      <Button icon={Boxes} reason={reason} onClick={() => void saveProject({ runId: run.id })}>
        Copy as project
      </Button>
      {reason !== null && <p className={styles['hint']}>{reason}</p>}
      <ProjectProgress />
    </article>
  );
}

function obstacleOf(
  { studentName, datasetName }: RunRecord,
  hasStudent: boolean,
  hasRows: boolean,
  busy: boolean,
): string | null {
  if (!hasStudent) return `Its student (${studentName}) is no longer here; drop its folder again on Student.`;
  if (!hasRows) return `Its rows (${datasetName}) are no longer here; add their files again on Data.`;
  return busy ? 'A project is being packed.' : null;
}
