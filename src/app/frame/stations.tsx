import { lazy, Suspense, useRef, useState } from 'react';
import { formatCount } from '../../base/units.ts';
import { hashOf, stations, type Route } from '../routes.ts';
import { useStudio } from '../state/studio-store.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { classes } from '../ui/classes.ts';
import { stationLine } from './station-lines.ts';
import styles from './stations.module.css';

const MoreMenu = lazy(() => import('./more-menu.tsx').then((module) => ({ default: module.MoreMenu })));

/** The stations in the way of the work, each with its state in a line; as many tabs on a phone, and one to all else. */
export function Stations({ route }: { route: Route }) {
  return (
    <nav className={styles['nav']} aria-label="Stations">
      <ol className={styles['list']}>
        {stations.map((station, index) => (
          <li key={station.route}>
            <StationLink {...station} number={index + 1} current={station.route === route} />
          </li>
        ))}
        <li className={styles['more']}>
          <More />
        </li>
      </ol>
    </nav>
  );
}

function More() {
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={styles['station']}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(true)}
      >
        <span className={styles['name']}>More</span>
      </button>
      {isOpen && (
        <Suspense fallback={null}>
          <MoreMenu button={button} onClose={() => setIsOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

function StationLink({
  route,
  name,
  number,
  current,
}: {
  route: Route;
  name: string;
  number: number;
  current: boolean;
}) {
  const line = useStudio((state) => stationLine(route, state).words);
  const asking = useTeacher(({ phase, progress }) =>
    route !== 'teacher' || progress === null || (phase !== 'asking' && phase !== 'pausing')
      ? null
      : `asking, ${formatCount(progress.done)} of ${formatCount(progress.total)}`,
  );
  const words = asking ?? line;
  const reached = useStudio((state) => stationLine(route, state).reached);
  return (
    <a
      className={classes(styles['station'], current && styles['current'], !reached && styles['unreached'])}
      href={hashOf(route)}
      aria-current={current ? 'page' : undefined}
    >
      <span className={styles['number']} aria-hidden="true">
        {number}
      </span>
      <span className={styles['name']}>{name}</span>
      <span className={styles['line']}>{words}</span>
    </a>
  );
}
