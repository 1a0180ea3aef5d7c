import { beforeEach, expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { MetricsPoint } from '../../distill/run-state.ts';
import { rehearsalKey, timingKey } from './forecast.ts';
import { newRun } from './new-run.ts';
import { expectedStepMs, rehearseNext, workOf } from './rehearsal-store.ts';
import { stepWork, useRemembered } from './remembered-times.ts';
import { studioStore } from './studio-store.ts';
import { dataset, emptyStore, openedPage, run, stored, student } from './testing/opened-studio.ts';

const found = { stepMs: 20, rowMs: 3, engine: { engine: 'plan', adapter: 'a GPU' } };

beforeEach(async () => {
  await emptyStore();
  useRemembered.setState({ times: new Map() });
});

const opened = async (answer: () => unknown = () => found) => {
  await stored('datasets', dataset('own'));
  await stored('students', student('mine', { parameters: 1000 }));
  return openedPage(({ type }) => (type === 'rehearse' ? answer() : null));
};
const { maxInputTokens, maxTargetTokens } = smallRecipe;
const work = stepWork(1000, smallRecipe, { inputTokens: maxInputTokens, targetTokens: maxTargetTokens });
const times = () => [...useRemembered.getState().times];

it('the run that the form describes is timed, and that is remembered for it', async () => {
  const { state, wire } = await opened();
  await rehearseNext();
  const described = newRun(state())!;
  expect(wire.of('rehearse')).toEqual([{ run: described }]);
  expect(times()).toEqual([
    [
      rehearsalKey(described),
      { stepMs: 20, rowMs: 3, source: { kind: 'measured', engine: 'plan, a GPU' }, work },
    ],
  ]);
});

it('nothing is timed without a run, and nothing remembered where that failed', async () => {
  const { studio, wire } = await opened(() => {
    throw new Error('no memory');
  });
  await rehearseNext();
  expect(times()).toEqual([]);
  studio.setTestRows('few');
  await rehearseNext();
  expect(wire.of('rehearse')).toHaveLength(1);
});

it('the work of a step needs the student, and takes the limits where the rows are gone', async () => {
  const { state } = await opened();
  const of = { studentId: 'mine', datasetId: 'gone', recipe: smallRecipe };
  expect(workOf(state(), of)).toBe(work);
  expect(workOf(state(), { ...of, studentId: 'gone' })).toBeNull();
});

it('a step is expected to take what one like it took, else roughly what its work says', async () => {
  const { state } = await opened();
  const past = run('r', { studentId: 'mine', datasetId: 'own', engineChoice: null, backend: null });
  expect(expectedStepMs(state(), past, new Map())).toBeNull();
  const time = { stepMs: 8, rowMs: null, source: { kind: 'run', name: 'x' } as const, work: work / 2 };
  expect(expectedStepMs(state(), past, new Map([['another', time]]))).toBe(16);
  const key = timingKey({ ...past, engine: null });
  expect(expectedStepMs(state(), past, new Map([[key, { ...time, stepMs: 5 }]]))).toBe(5);
  expect(expectedStepMs(state(), { ...past, studentId: 'gone' }, new Map([['another', time]]))).toBeNull();
});

it('the pace of the live run is remembered as it settles, and not with every point', async () => {
  await opened();
  const live = run('r', {
    studentId: 'mine',
    datasetId: 'own',
    engineChoice: null,
    backend: null,
    name: 'Quiet Alder',
  });
  const point = (step: number) => ({ step, elapsedMs: step * 40, tokens: 5 }) as MetricsPoint;
  const show = (count: number, runId = 'r') => {
    const points = Array.from({ length: count }, (_, at) => point(at + 1));
    studioStore.setState({ metrics: { runId, points, version: count } });
  };
  studioStore.setState({ runs: [live], liveRunId: null });
  show(2);
  expect(times()).toEqual([]);
  studioStore.setState({ liveRunId: 'r' });
  show(5, 'another');
  show(1);
  expect(times()).toEqual([]);
  show(2);
  expect(times()).toMatchObject([
    [
      timingKey({ ...live, engine: null }),
      { stepMs: 40, rowMs: null, source: { kind: 'run', name: 'Quiet Alder' }, work },
    ],
  ]);
  const kept: number[] = [];
  for (let count = 3; count <= 120; count += 1) {
    const before = useRemembered.getState().times;
    show(count);
    if (useRemembered.getState().times !== before) kept.push(count);
  }
  expect(kept).toEqual([5, 10, 30, 100]);
});
