import { expect, test } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type {
  DataFileRecord,
  DatasetRecord,
  RunRecord,
  SplitSummary,
  StudentRecord,
} from '../../store/records.ts';
import { initialState, type StudioState } from '../state/studio-store.ts';
import type { RunState } from '../../distill/run-state.ts';
import { isOffered, obstacleOf } from './action.ts';
import { pauseOrResume, stopAndKeep } from './run-under-way.ts';
import { startTraining } from './start-training.ts';
import { draftOf } from '../recipe/recipe-draft.ts';

const train: SplitSummary = {
  rows: 400,
  rationales: 400,
  refused: [],
  teacher: { correct: 1, total: 2 },
  lint: [],
};

function dataset(part: Partial<DatasetRecord> = {}): DatasetRecord {
  return {
    id: 'd',
    files: [],
    splits: { train, test: null },
    problems: [],
    ...part,
  } as unknown as DatasetRecord;
}

function ready(part: Partial<StudioState> = {}): StudioState {
  return {
    ...initialState(),
    ready: true,
    datasets: [dataset()],
    datasetId: 'd',
    students: [{ id: 's' } as StudentRecord],
    studentId: 's',
    ...part,
  };
}

const startObstacle = (state: StudioState): string | null => obstacleOf(startTraining, state);
const underWay = (state: RunState): StudioState =>
  ready({ runs: [{ id: 'r', name: 'copper-heron', state } as RunRecord], liveRunId: 'r' });
const pauseObstacle = (state: RunState): string | null => obstacleOf(pauseOrResume, underWay(state));
const stopObstacle = (state: RunState): string | null => obstacleOf(stopAndKeep, underWay(state));

test('with rows, a student and a valid recipe nothing stands in the way', () => {
  expect(startObstacle(ready())).toBeNull();
});

test('what is missing is named', () => {
  expect(startObstacle(ready({ ready: false }))).toContain('opening');
  expect(startObstacle(ready({ datasetId: null }))).toContain('no rows');
  expect(startObstacle(ready({ datasets: [dataset({ splits: { train: null, test: train } })] }))).toContain(
    'training rows',
  );
  expect(
    startObstacle(
      ready({
        datasets: [dataset({ problems: [{ name: 'InputError', message: 'x', file: null, line: null }] })],
      }),
    ),
  ).toContain('fit together');
  const alarmed = { ...train, alarm: {} } as SplitSummary;
  expect(startObstacle(ready({ datasets: [dataset({ splits: { train: alarmed, test: null } })] }))).toContain(
    'other rows',
  );
  const unread = { name: 'odd.csv', unread: 'no known layout' } as DataFileRecord;
  expect(startObstacle(ready({ datasets: [dataset({ files: [unread] })] }))).toContain('column of odd.csv');
  expect(startObstacle(ready({ studentId: null }))).toContain('student');
  expect(startObstacle(ready({ draft: { ...draftOf(smallRecipe), alpha: '2' } }))).toContain('alpha');
  expect(startObstacle(ready({ testRows: 'few' }))).toContain('Test rows');
});

test('a method that the rows cannot carry is refused before the start', () => {
  const bare = { ...train, rationales: 0, teacher: null };
  const state = ready({ datasets: [dataset({ splits: { train: bare, test: null } })] });
  expect(startObstacle(state)).toContain('rationale');
  const standard = draftOf({ ...smallRecipe, method: 'standard' });
  expect(startObstacle({ ...state, draft: standard })).toBeNull();
  expect(startObstacle({ ...state, draft: { ...standard, labels: 'teacher' } })).toContain('gold');
});

test('one run at a time', () => {
  const run = { id: 'r', name: 'copper-heron', state: { phase: 'paused', step: 3 } } as RunRecord;
  expect(startObstacle(ready({ runs: [run], liveRunId: 'r' }))).toContain('copper-heron');
});

test('a run can be paused and stopped before it is there, and is not paused twice', () => {
  const beginning = ready({ beginning: true });
  for (const action of [pauseOrResume, stopAndKeep])
    expect([isOffered(action, beginning), obstacleOf(action, beginning)]).toEqual([true, null]);
  expect(isOffered(startTraining, beginning)).toBe(false);
  expect(isOffered(pauseOrResume, ready())).toBe(false);
  expect(obstacleOf(pauseOrResume, { ...beginning, asked: 'pause' })).toMatch(/as soon as it can/);
  expect(obstacleOf(pauseOrResume, { ...underWay({ phase: 'paused', step: 1 }), asked: 'pause' })).toBeNull();
  expect(obstacleOf(pauseOrResume, { ...beginning, asked: 'stop' })).toMatch(/being stopped/);
});

test('pausing is possible while it trains or measures accuracy', () => {
  expect(pauseObstacle({ phase: 'training', step: 1, steps: 2 })).toBeNull();
  for (const purpose of ['accuracy', 'watched'] as const) {
    expect(pauseObstacle({ phase: 'evaluating', purpose, step: 1, done: 0, total: 2 })).toBeNull();
  }
  expect(pauseObstacle({ phase: 'evaluating', purpose: 'base', step: 1, done: 0, total: 2 })).not.toBeNull();
  expect(pauseObstacle({ phase: 'pausing', step: 1 })).not.toBeNull();
  // Both can be pressed while a run is prepared.
  const preparing = { phase: 'preparing', what: 'opening the student', done: 0, total: 1 } as const;
  for (const state of [preparing, { phase: 'compiling' } as const])
    expect([pauseObstacle(state), stopObstacle(state)]).toEqual([null, null]);
  expect(stopObstacle({ phase: 'recovering', step: 1, reason: 'lost' })).toBeNull();
  expect(stopObstacle({ phase: 'idle' })).not.toBeNull();
  expect(pauseObstacle({ phase: 'done', step: 1, stopped: false })).not.toBeNull();
  expect(pauseObstacle({ phase: 'recovering', step: 1, reason: 'lost' })).not.toBeNull();
});
