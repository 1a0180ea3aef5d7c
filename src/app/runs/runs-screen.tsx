import { FileInput, FolderInput } from 'lucide-react';
import type { RunRecord } from '../../store/records.ts';
import { ErrorBoundary } from '../frame/error-boundary.tsx';
import { ScreenHead } from '../frame/screen-head.tsx';
import { hashOf } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { FileButton } from '../ui/file-button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { plural } from '../words.ts';
import { DeletedRuns } from '../parts/deleted-runs.tsx';
import { Overlay } from './overlay.tsx';
import { deleteRun, importRun, takeRun } from '../state/run-actions.ts';
import { RunItem } from './run-item.tsx';
import styles from './runs-screen.module.css';

/** Every run that is stored in this browser. */
export function RunsScreen() {
  const runs = useStudio((state) => state.runs);
  const request = useStudio((state) => state.requests.runs);
  return (
    <>
      <ScreenHead
        station="Runs"
        actions={
          <>
            <FileButton
              icon={FileInput}
              accept=".zip"
              single
              testId="run-archive"
              onFiles={([first]) => {
                if (first) void importRun(first.file);
              }}
            >
              Import a run
            </FileButton>
            <FileButton
              icon={FolderInput}
              folder
              testId="run-folder"
              onFiles={(files) => void takeRun(files)}
            >
              Import its folder
            </FileButton>
          </>
        }
      >
        {runs.length > 0 && <p>{plural(runs.length, 'run')}, newest first</p>}
      </ScreenHead>
      <DeletedRuns />
      {request.progress && (
        <div className={styles['progress']}>
          <Progress label={request.progress.what} {...request.progress} />
        </div>
      )}
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('runs')} />}
      {runs.length === 0 ? (
        <EmptyState
          picture={<EmptyList />}
          action={
            <LinkButton kind="primary" href={hashOf('train')}>
              To training
            </LinkButton>
          }
        >
          Every run is kept here with its curves, its comparison and its weights.
        </EmptyState>
      ) : (
        <>
          <ErrorBoundary what="The overlaid curves">
            <Overlay />
          </ErrorBoundary>
          <ul>
            {pinnedFirst(runs).map((run) => (
              <li key={run.id}>
                <ErrorBoundary
                  what={`The run ${run.name}`}
                  actions={<Button onClick={() => void deleteRun(run.id)}>Delete this run</Button>}
                >
                  <RunItem run={run} />
                </ErrorBoundary>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function pinnedFirst(runs: readonly RunRecord[]): RunRecord[] {
  return runs.toSorted((a, b) => Number(b.pinned ?? false) - Number(a.pinned ?? false));
}

function EmptyList() {
  return (
    <svg viewBox="0 0 620 110" width="100%" fill="none" focusable="false">
      {[16, 56, 96].map((y) => (
        <g key={y}>
          <path d={`M40 ${y}h140`} stroke="var(--copper)" strokeWidth="6" />
          <path d={`M230 ${y}h350`} stroke="var(--line)" strokeWidth="2" />
        </g>
      ))}
    </svg>
  );
}
