/** What the worker tells of runs, worked into what the screens draw from. Pure: the state before, what was told, the state after. */
import { isActive, isComparing, type MetricsPoint, type RunState } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import type { RunEvent } from '../../worker/protocol.ts';
import { lastOf } from './last-of.ts';
import type { Metrics } from './studio-store.ts';
import type { Asked } from '../words.ts';

export interface Told {
  runId: string;
  event: RunEvent;
}

export interface Feed {
  runs: RunRecord[];
  liveRunId: string | null;
  asked: Asked | null;
  metrics: Metrics;
  /** True where the store knows more than was told: its records must be read again. */
  stale: boolean;
}

/** The state after `events`, at the time `now`. Points are appended to the curve in place, under a new version. */
export function hear(before: Omit<Feed, 'stale'>, events: readonly Told[], now: number): Feed {
  const runs = new Map<string, RunRecord>(before.runs.map((run) => [run.id, run]));
  const arrived: MetricsPoint[] = [];
  let { liveRunId, asked } = before;
  let shown = before.metrics;
  let stale = false;
  for (const { runId, event } of events) {
    const run = runs.get(runId);
    if (run === undefined || event.type === 'record' || event.type === 'trimmed' || event.type === 'left')
      stale = true;
    if (run !== undefined) runs.set(runId, told(run, event, now));
    if (event.type === 'metrics' && runId === before.metrics.runId) arrived.push(...event.points);
    if (event.type === 'trimmed' && runId === shown.runId) {
      shown = {
        ...shown,
        points: shown.points.filter(({ step }) => step <= event.step),
        version: shown.version + 1,
      };
    }
    if (event.type === 'left' && liveRunId === runId) {
      liveRunId = null;
      asked = null;
    }
    if (event.type !== 'state') continue;
    if (isActive(event.state)) liveRunId = runId;
    else if (liveRunId === runId) {
      liveRunId = null;
      // Records that are being read just now may be older than its end.
      stale = true;
    }
    if (runId === before.liveRunId && isDone(asked, event.state)) asked = null;
  }
  return { runs: [...runs.values()], liveRunId, asked, metrics: extend(shown, arrived), stale };
}

/** Whether a run has come to what was asked of it, or, where there is no room for that, waits for a person again. */
function isDone(asked: Asked | null, state: RunState): boolean {
  if (!isActive(state)) return true;
  return state.phase === 'paused' && (asked === 'pause' || state.problem !== undefined);
}

/**
 * Whether a worker that has ended was training a run, or at its end comparing it: not where the run was paused, or only
 * compared with what it had kept, which is told and not stored.
 */
export function wasTrained(stored: RunState, told: RunState): boolean {
  if (!isActive(stored) || stored.phase === 'paused') return false;
  const compares = (state: RunState): boolean => state.phase === 'evaluating' && isComparing(state.purpose);
  return !compares(told) || compares(stored);
}

/** A run's record after what was told of it. */
function told(run: RunRecord, event: RunEvent, now: number): RunRecord {
  const heard = { ...run, heartbeatAt: now };
  switch (event.type) {
    case 'state':
      return { ...heard, state: event.state, step: 'step' in event.state ? event.state.step : run.step };
    case 'engine':
      return { ...heard, engine: event.description };
    case 'evaluation': {
      const { evaluation } = event;
      return {
        ...heard,
        evaluations: [...run.evaluations.filter((one) => one.step !== evaluation.step), evaluation],
      };
    }
    case 'trimmed':
      return {
        ...heard,
        step: event.step,
        evaluations: run.evaluations.filter(({ step }) => step <= event.step),
      };
    case 'metrics':
    case 'record':
    case 'left':
      return heard;
    default:
      return event satisfies never;
  }
}

function extend(metrics: Metrics, arrived: readonly MetricsPoint[]): Metrics {
  if (arrived.length === 0) return metrics;
  for (const point of arrived) {
    // The store may have been read after the point was written and before it was told.
    if (point.step > lastStep(metrics)) metrics.points.push(point);
  }
  return { ...metrics, version: metrics.version + 1 };
}

function lastStep(metrics: Metrics): number {
  return lastOf(metrics.points)?.step ?? 0;
}

/**
 * Records as stored, where more is known of some: the live run continues from what was heard of it, and the run that is
 * shown has come as far as its curve. (A state is stored every other second only, a curve's points more often.)
 */
export function withWhatIsKnown(
  stored: readonly RunRecord[],
  { runs, liveRunId, metrics }: Pick<Feed, 'runs' | 'liveRunId' | 'metrics'>,
): RunRecord[] {
  const live = runs.find((run) => run.id === liveRunId);
  return stored.map((run) => {
    const step = run.id === metrics.runId ? Math.max(run.step, lastStep(metrics)) : run.step;
    if (run.id !== live?.id) return step === run.step ? run : { ...run, step };
    return { ...run, state: live.state, step: Math.max(step, live.step), heartbeatAt: live.heartbeatAt };
  });
}

/** A stored curve, with the points that arrived while it was read. */
export function withLatePoints(
  stored: readonly MetricsPoint[],
  shown: readonly MetricsPoint[],
): MetricsPoint[] {
  const last = lastOf(stored)?.step ?? 0;
  return [...stored, ...shown.filter((point) => point.step > last)];
}
