import { expect, it } from 'vitest';
import type { RunRecord } from '../../store/records.ts';
import { checkpointObstacle, ownerObstacle, runObstacle, runsAtWork } from './storage-obstacle.ts';

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
  run('ended', 'done'),
];

it('what a run at work uses is refused with its name; what others have used is not', () => {
  const atWork = runsAtWork({ runs, liveRunId: 'here', heldRunIds: new Set(['here', 'other']) }, 99_999);
  expect(atWork.map(({ id }) => id)).toEqual(['here', 'other']);
  expect(ownerObstacle('datasetId', 'data here', atWork)).toBe('run here is at work on it; stop it first.');
  expect(ownerObstacle('studentId', 's', atWork)).toMatch(/^run here/);
  expect(ownerObstacle('datasetId', 'data ended', atWork)).toBeNull();
  expect(runObstacle('other', atWork)).toMatch(/run other is under way/);
  expect(runObstacle('lost', atWork)).toBeNull();
  expect(checkpointObstacle('here', true, atWork)).toMatch(/would resume from it/);
  expect(checkpointObstacle('here', false, atWork)).toBeNull();
  expect(checkpointObstacle('ended', true, atWork)).toBeNull();
});
