import styles from './share-scale.module.css';

/** A share on the scale that all rows of the table have, with its interval. The number stands beside it. */
export function ShareScale({
  value,
  scale: { from, to },
  isMean = false,
}: {
  value: { share: number; low: number; high: number };
  scale: { from: number; to: number };
  isMean?: boolean;
}) {
  const place = (share: number): number => 100 * Math.min(1, Math.max(0, (share - from) / (to - from)));
  const [low, high] = [place(value.low), place(value.high)];
  return (
    <span className={styles['scale']} aria-hidden="true">
      <span className={styles['interval']} style={{ left: `${low}%`, width: `${high - low}%` }} />
      <span className={isMean ? styles['mean'] : styles['dot']} style={{ left: `${place(value.share)}%` }} />
    </span>
  );
}
