import { expect, test } from 'vitest';
import type { MetricsPoint, RunState } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { hear, wasTrained, withLatePoints, withWhatIsKnown, type Told } from './run-feed.ts';

function record(part: Partial<RunRecord> = {}): RunRecord {
  return {
    id: 'a',
    state: { phase: 'idle' },
    step: 0,
    heartbeatAt: 1,
    evaluations: [],
    ...part,
  } as RunRecord;
}

function point(step: number): MetricsPoint {
  return {
    step,
    learningRate: 1,
    answerLoss: 1,
    rationaleLoss: 1,
    loss: 1,
    gradNorm: 1,
    tokens: 1,
    elapsedMs: step,
  };
}

function before(runs = [record()], runId = 'a') {
  return {
    runs,
    liveRunId: null as string | null,
    asked: null as 'pause' | 'stop' | null,
    metrics: { runId, points: [] as MetricsPoint[], version: 3 },
  };
}

const training = (step: number): Told => ({
  runId: 'a',
  event: { type: 'state', state: { phase: 'training', step, steps: 9 } },
});

test('a run is live from its first active state to its end', () => {
  const during = hear(before(), [training(1), training(2)], 50);
  expect(during.liveRunId).toBe('a');
  expect(during.runs[0]).toMatchObject({ step: 2, heartbeatAt: 50, state: { phase: 'training', step: 2 } });
  const end: Told = {
    runId: 'a',
    event: { type: 'state', state: { phase: 'done', step: 9, stopped: false } },
  };
  const after = hear(during, [end], 60);
  expect(after.liveRunId).toBeNull();
  // A read under way, begun before the end was stored, would leave it as it was at work.
  expect(after.stale).toBe(true);
  expect(during.stale).toBe(false);
});

test('what was asked of a run stands until the run has come to it', () => {
  const state = (phase: RunState): Told => ({ runId: 'a', event: { type: 'state', state: phase } });
  const asked = (what: 'pause' | 'stop') => ({ ...before(), liveRunId: 'a', asked: what });
  expect(hear(asked('pause'), [training(1)], 1).asked).toBe('pause');
  expect(hear(asked('pause'), [state({ phase: 'paused', step: 1 })], 1).asked).toBeNull();
  expect(hear(asked('stop'), [state({ phase: 'paused', step: 1 })], 1).asked).toBe('stop');
  expect(hear(asked('stop'), [state({ phase: 'done', step: 1, stopped: true })], 1).asked).toBeNull();
  // There was no room for its last weights: it waits for a person again.
  const problem = { name: 'NoRoomError', message: 'No room.', file: null, line: null };
  expect(hear(asked('stop'), [state({ phase: 'paused', step: 1, problem })], 1).asked).toBeNull();
});

test('a run that was paused, had ended or was only compared was not trained by a worker that went', () => {
  const training: RunState = { phase: 'training', step: 3, steps: 9 };
  const paused: RunState = { phase: 'paused', step: 3 };
  const done: RunState = { phase: 'done', step: 3, stopped: true };
  const asks = (purpose: 'accuracy' | 'base'): RunState => ({
    phase: 'evaluating',
    purpose,
    step: 3,
    done: 0,
    total: 2,
  });
  for (const told of [training, asks('accuracy'), asks('base'), paused]) {
    for (const stored of [paused, done]) expect(wasTrained(stored, told)).toBe(false);
  }
  for (const stored of [training, asks('accuracy')]) expect(wasTrained(stored, asks('base'))).toBe(false);
  for (const told of [training, asks('accuracy')]) expect(wasTrained(training, told)).toBe(true);
  expect(wasTrained(asks('base'), asks('base'))).toBe(true);
});

test('a run that was not begun after all is what its record says', () => {
  const during = { ...hear(before(), [training(1)], 50), asked: 'stop' as const };
  const other = hear(during, [{ runId: 'b', event: { type: 'left' } }], 60);
  expect(other).toMatchObject({ liveRunId: 'a', asked: 'stop' });
  const left = hear(during, [{ runId: 'a', event: { type: 'left' } }], 60);
  expect(left).toMatchObject({ liveRunId: null, asked: null, stale: true });
});

test('the end of one run does not end another', () => {
  const state = { ...before([record(), record({ id: 'b' })]), liveRunId: 'b' };
  const failed: Told = {
    runId: 'a',
    event: {
      type: 'state',
      state: { phase: 'failed', step: 1, error: { name: 'E', message: '', file: null, line: null } },
    },
  };
  expect(hear(state, [failed], 1).liveRunId).toBe('b');
});

test('points are taken once, in order, and only those of the run that is shown', () => {
  const state = before();
  const first = hear(state, [{ runId: 'a', event: { type: 'metrics', points: [point(1), point(2)] } }], 1);
  const second = hear(first, [{ runId: 'a', event: { type: 'metrics', points: [point(2), point(3)] } }], 2);
  expect(second.metrics.points.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(second.metrics.version).toBe(5);
  const other = hear(second, [{ runId: 'b', event: { type: 'metrics', points: [point(9)] } }], 3);
  expect(other.metrics).toBe(second.metrics);
});

test('a measurement is told once for each step', () => {
  const at = (correct: number): Told => ({
    runId: 'a',
    event: { type: 'evaluation', evaluation: { step: 5, correct, total: 10 } },
  });
  expect(hear(before(), [at(3), at(4)], 1).runs[0]?.evaluations).toEqual([
    { step: 5, correct: 4, total: 10 },
  ]);
});

test('records are read again after what an event does not carry, and for runs not known yet', () => {
  expect(hear(before(), [training(1)], 1).stale).toBe(false);
  expect(hear(before(), [{ runId: 'a', event: { type: 'record' } }], 1).stale).toBe(true);
  expect(hear(before([]), [training(1)], 1).stale).toBe(true);
});

test('a stored record does not throw the live run back', () => {
  const state = { ...hear(before(), [training(7)], 80), liveRunId: 'a' };
  const [run] = withWhatIsKnown([record({ step: 2, savedStep: 2, heartbeatAt: 10 })], state);
  expect(run).toMatchObject({
    step: 7,
    savedStep: 2,
    heartbeatAt: 80,
    state: { phase: 'training', step: 7 },
  });
});

test('a run that was left has come as far as its curve', () => {
  const state = before();
  state.metrics.points.push(point(1), point(6));
  expect(withWhatIsKnown([record({ step: 4 })], state)[0]?.step).toBe(6);
  expect(withWhatIsKnown([record({ id: 'b', step: 4 })], state)[0]?.step).toBe(4);
});

test('points that arrive while the curve is read are kept', () => {
  const steps = withLatePoints([point(1), point(2)], [point(2), point(3)]).map(({ step }) => step);
  expect(steps).toEqual([1, 2, 3]);
});

test('a run that resumes from an earlier step loses the points after it, and takes them again once', () => {
  const state = before([record({ step: 4, evaluations: [{ step: 4, correct: 1, total: 2 }] })]);
  state.metrics.points.push(point(1), point(2), point(3), point(4));
  const trimmed: Told = { runId: 'a', event: { type: 'trimmed', step: 2 } };
  const again: Told = { runId: 'a', event: { type: 'metrics', points: [point(3)] } };
  const heard = hear(state, [trimmed, again], 5);
  expect(heard.metrics.points.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(heard.runs[0]).toMatchObject({ step: 2, evaluations: [] });
  expect(heard.stale).toBe(true);
});
