import { useEffect, useRef, useState } from 'react';
import type { RunRecord } from '../../store/records.ts';
import { readMetrics } from '../../store/runs.ts';
import { lastOf } from '../state/last-of.ts';
import styles from './sparkline.module.css';
import { bucketMeans, sparklinePath } from './sparkline-path.ts';

const width = 132;
const height = 36;
const mostPoints = 66;
/** A run under way is redrawn at every so many parts of it. */
const drawnParts = 50;

interface Curve {
  answer: (number | null)[];
  rationale: (number | null)[];
  first: number | null;
  last: number | null;
}

/** By run, drawn once: a list of many runs reads each curve a single time. */
const known = new Map<string, { at: number; curve: Curve }>();

/** The two losses of a run in small; read when it comes into sight. */
export function Sparkline({ run }: { run: RunRecord }) {
  const place = useRef<SVGSVGElement>(null);
  const [visible, setVisible] = useState(false);
  const at = Math.floor((run.step * drawnParts) / run.recipe.steps);
  const [curve, setCurve] = useState<Curve | null>(() => known.get(run.id)?.curve ?? null);
  useEffect(() => {
    const watch = new IntersectionObserver((entries) =>
      setVisible(entries.some((one) => one.isIntersecting)),
    );
    if (place.current) watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (!visible || known.get(run.id)?.at === at) return;
    let wanted = true;
    // A curve that cannot be read is not drawn; opening the run says why.
    curveOf(run.id).then(
      (read) => {
        known.set(run.id, { at, curve: read });
        if (wanted) setCurve(read);
      },
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [visible, run.id, at]);
  const top = Math.max(
    0,
    ...[...(curve?.answer ?? []), ...(curve?.rationale ?? [])].map((value) => value ?? 0),
  );
  const frame = { width, height, share: run.step / run.recipe.steps, top };
  return (
    <svg
      ref={place}
      className={styles['sparkline']}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={wordsOf(curve)}
    >
      <path className={styles['ground']} d={`M1 ${height - 1}H${width - 1}`} />
      {curve && <path className={styles['rationale']} d={sparklinePath(curve.rationale, frame)} />}
      {curve && <path className={styles['answer']} d={sparklinePath(curve.answer, frame)} />}
    </svg>
  );
}

async function curveOf(runId: string): Promise<Curve> {
  const points = await readMetrics(runId);
  const answer = points.map(({ answerLoss }) => answerLoss);
  return {
    answer: bucketMeans(answer, mostPoints),
    rationale: bucketMeans(
      points.map(({ rationaleLoss }) => rationaleLoss),
      mostPoints,
    ),
    first: answer[0] ?? null,
    last: lastOf(answer) ?? null,
  };
}

function wordsOf(curve: Curve | null): string {
  if (curve === null) return 'Loss curves';
  if (curve.first === null || curve.last === null) return 'No step was taken';
  return `Loss curves; answer loss from ${curve.first.toFixed(2)} to ${curve.last.toFixed(2)}`;
}
