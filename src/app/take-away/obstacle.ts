import type { RunRecord } from '../../store/records.ts';
import { useStudio } from '../state/studio-store.ts';

/** Why a run's student cannot be packed now; null where it can. */
export function useObstacle(run: RunRecord): string | null {
  const hasStudent = useStudio((state) => state.students.some(({ id }) => id === run.studentId));
  const busy = useStudio((state) => state.requests.export.busy);
  if (run.savedStep === null) {
    return 'This run has kept no weights yet: they are kept at the end, on the way, and on Stop and keep.';
  }
  // All that is packed beside the weights is kept with the run; adapters need the student's own weights too.
  if (!hasStudent && (run.keptStudent === undefined || run.recipe.lora !== null)) {
    return `Its student (${run.studentName}) is no longer here; drop its folder again on Student.`;
  }
  return busy ? 'A model is being packed.' : null;
}
