import { useEffect } from 'react';
import { formatPercent } from '../../base/units.ts';
import { nameOfRoute, useRoute } from '../routes.ts';
import { liveRun, useStudio } from '../state/studio-store.ts';
import styles from './run-bar.module.css';

/** How far the run under way is: a line under the header, and the page's title. */
export function RunBar() {
  const route = useRoute();
  const run = useStudio(liveRun);
  const share = run === null ? 0 : run.step / run.recipe.steps;
  const name = run?.name ?? null;
  const percent = formatPercent(share, 0);
  useEffect(() => {
    const place = `${nameOfRoute(route)} · Stillroom`;
    document.title = name === null ? place : `${percent} ${name} · ${place}`;
  }, [route, name, percent]);
  if (run === null) return null;
  return (
    <progress
      className={styles['bar']}
      aria-label={`${run.name}: steps taken`}
      value={run.step}
      max={run.recipe.steps}
    />
  );
}
