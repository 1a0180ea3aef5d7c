import { Plus } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { formatCount } from '../../base/units.ts';
import { ErrorBoundary } from '../frame/error-boundary.tsx';
import { ScreenHead } from '../frame/screen-head.tsx';
import { onHashChange } from '../routes.ts';
import { LinkButton } from '../ui/button.tsx';
import { classes } from '../ui/classes.ts';
import { experimentHash, newExperimentHash, parseExperiment } from './experiment-address.ts';
import { ExperimentView } from './experiment-view.tsx';
import styles from './experiments.module.css';
import { useFreshLab, useLab } from './lab-store.ts';
import { NewExperiment } from './new-experiment.tsx';
import { countWords } from './standing.ts';

/** Many runs that differ in what is varied, and what they came to. */
export function ExperimentsScreen() {
  useFreshLab();
  const experiments = useLab((state) => state.experiments);
  const asked = parseExperiment(useSyncExternalStore(onHashChange, () => location.hash));
  if (experiments === null) {
    return (
      <>
        <ScreenHead station="Experiments" />
        <p className={styles['note']}>Reading the experiments …</p>
      </>
    );
  }
  const chosen =
    asked === 'new'
      ? null
      : asked === null
        ? (experiments[0] ?? null)
        : (experiments.find(({ id }) => id === asked.id) ?? null);
  return (
    <>
      <ScreenHead
        station="Experiments"
        name={chosen?.name ?? null}
        actions={
          chosen && (
            <LinkButton href={newExperimentHash} icon={Plus}>
              New experiment
            </LinkButton>
          )
        }
      >
        {chosen && <p>{countWords(chosen.runs)}</p>}
      </ScreenHead>
      {experiments.length > (chosen === null ? 0 : 1) && (
        <nav className={styles['list']} aria-label="Experiments">
          {experiments.map(({ id, name, runs }) => (
            <a
              key={id}
              href={experimentHash(id)}
              className={classes(styles['entry'], id === chosen?.id && styles['current'])}
              aria-current={id === chosen?.id ? 'page' : undefined}
            >
              {name} <span className={styles['quiet']}>{formatCount(runs.length)}</span>
            </a>
          ))}
        </nav>
      )}
      {asked !== null && asked !== 'new' && chosen === null && (
        <p className={styles['note']}>That experiment is no longer stored; its runs are under Runs.</p>
      )}
      {chosen === null ? (
        <NewExperiment taken={experiments.map(({ name }) => name)} />
      ) : (
        <ErrorBoundary key={chosen.id} what="The experiment">
          <ExperimentView experiment={chosen} />
        </ErrorBoundary>
      )}
    </>
  );
}
