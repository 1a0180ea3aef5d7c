import type { RunRecord } from '../../store/records.ts';
import { useStudio } from '../state/studio-store.ts';

/** How many weights a run's student has; null where it is no longer here. */
export function useParameters(run: RunRecord): number | null {
  return useStudio((state) => state.students.find((one) => one.id === run.studentId)?.parameters ?? null);
}
