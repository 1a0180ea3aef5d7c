import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';

/** How far the packing of a project is, and what kept it from being packed. */
export function ProjectProgress() {
  const { busy, progress, error } = useStudio((state) => state.requests.project);
  if (error !== null) return <ErrorNotice error={error} onDismiss={() => studio.dismiss('project')} />;
  if (!busy) return null;
  return (
    <Progress
      label={progress?.what ?? 'packing the project'}
      done={progress?.done ?? 0}
      total={progress?.total ?? 0}
    />
  );
}
