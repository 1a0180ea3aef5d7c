import { formatCount } from '../../base/units.ts';
import { hashOf, stations, type Route } from '../routes.ts';
import { useStudio } from '../state/studio-store.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { classes } from '../ui/classes.ts';
import { openPanel } from '../state/panels.ts';
import { stationLine } from './station-lines.ts';
import styles from './stations.module.css';

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
          <button type="button" className={styles['station']} onClick={() => openPanel('palette')}>
            <span className={styles['name']}>More</span>
          </button>
        </li>
      </ol>
    </nav>
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
