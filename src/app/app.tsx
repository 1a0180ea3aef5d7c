/** The frame and the screen that is asked for. */
import { lazy, Suspense, type ComponentType } from 'react';
import { ErrorBoundary } from './frame/error-boundary.tsx';
import { Announcer } from './frame/announcer.tsx';
import { Colophon } from './frame/colophon.tsx';
import { DropAnywhere } from './frame/drop-anywhere.tsx';
import styles from './frame/frame.module.css';
import { Mark } from './frame/mark.tsx';
import { Panels } from './frame/panels-view.tsx';
import { RunBar } from './frame/run-bar.tsx';
import { Stations } from './frame/stations.tsx';
import { NothingWhole, RunEnded, SilentWorker } from './frame/run-notices.tsx';
import { OtherVersion } from './frame/other-version.tsx';
import { NewVersion } from './offline/new-version.tsx';
import { useRoute, type Route } from './routes.ts';
import { useStudio } from './state/studio-store.ts';

const screens: Record<Route, ComponentType> = {
  data: lazy(() => import('./data/data-screen.tsx').then((module) => ({ default: module.DataScreen }))),
  teacher: lazy(() =>
    import('./teacher/teacher-screen.tsx').then((module) => ({ default: module.TeacherScreen })),
  ),
  student: lazy(() =>
    import('./student/student-screen.tsx').then((module) => ({ default: module.StudentScreen })),
  ),
  train: lazy(() => import('./train/train-screen.tsx').then((module) => ({ default: module.TrainScreen }))),
  compare: lazy(() =>
    import('./compare/compare-screen.tsx').then((module) => ({ default: module.CompareScreen })),
  ),
  'take-away': lazy(() =>
    import('./take-away/take-away-screen.tsx').then((module) => ({ default: module.TakeAwayScreen })),
  ),
  runs: lazy(() => import('./runs/runs-screen.tsx').then((module) => ({ default: module.RunsScreen }))),
  experiments: lazy(() =>
    import('./experiments/experiments-screen.tsx').then((module) => ({ default: module.ExperimentsScreen })),
  ),
  storage: lazy(() =>
    import('./storage/storage-screen.tsx').then((module) => ({ default: module.StorageScreen })),
  ),
  bench: lazy(() => import('./bench/bench-screen.tsx').then((module) => ({ default: module.BenchScreen }))),
};

export function App() {
  const route = useRoute();
  const ready = useStudio((state) => state.ready);
  const Screen = screens[route];
  return (
    <div className={styles['frame']}>
      <a className={styles['skip']} href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      <header className={styles['rail']}>
        <Mark />
        <Stations route={route} />
        <Colophon />
      </header>
      <main className={styles['main']} id="main" tabIndex={-1}>
        <RunBar />
        <NewVersion />
        <OtherVersion />
        <SilentWorker />
        <RunEnded route={route} />
        <ErrorBoundary key={route}>
          <Suspense fallback={<p className={styles['opening']}>Opening …</p>}>
            {ready ? <Screen key={route} /> : <p className={styles['opening']}>Opening the studio …</p>}
          </Suspense>
        </ErrorBoundary>
        <Announcer />
      </main>
      <DropAnywhere />
      <Panels />
      <NothingWhole />
    </div>
  );
}

/** The address belongs to the screens: the skip link moves the focus and leaves it alone. */
function skipToMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
