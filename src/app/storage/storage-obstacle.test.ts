import { expect, it } from 'vitest';
import type { RunRecord } from '../../store/records.ts';
import { ownerObstacle, runObstacle, runsAtWork } from '../held-runs.ts';
import { checkpointObstacle } from './storage-obstacle.ts';

const run = (id: string, phase: 'training' | 'done'): RunRecord =>
  ({
    id,
    name: `run ${id}`,
    state: { phase },
    heartbeatAt: 0,
    datasetId: `data ${id}`,
    studentId: 's',
  }) as RunRecord;
const runs = [
  run('here', 'training'),
  run('other', 'training'),
  run('lost', 'training'),
  run('ending', 'training'),
  run('ended', 'done'),
];

it('what a run at work uses is refused with its name; what others have used is not', () => {
  const heldRuns = new Map([
    ['here', 'here'],
    ['other', 'another tab'],
    ['ending', 'unsure'],
  ] as const);
  const atWork = runsAtWork({ runs, liveRunId: 'here', heldRuns, openedAt: 0 }, 99_999);
  expect(atWork.map(({ run: { id } }) => id)).toEqual(['here', 'other', 'ending']);
  expect(ownerObstacle('datasetId', 'data here', atWork)).toBe('run here is under way; stop it first.');
  expect(ownerObstacle('studentId', 's', atWork)).toMatch(/^run here/);
  expect(ownerObstacle('datasetId', 'data ended', atWork)).toBeNull();
  expect(runObstacle('other', atWork)).toMatch(/run other is at work in another tab; stop it there/);
  expect(runObstacle('ending', atWork)).toMatch(/not known yet whether run ending/);
  expect(runObstacle('lost', atWork)).toBeNull();
  expect(checkpointObstacle('here', true, atWork)).toMatch(/run here is under way/);
  expect(checkpointObstacle('here', false, atWork)).toBeNull();
  expect(checkpointObstacle('ended', true, atWork)).toBeNull();
});
