import { expect, it } from 'vitest';
import type { DatasetRecord, StudentRecord } from '../../store/records.ts';
import { bundledStudentId } from '../../worker/protocol.ts';
import { initialState, type StudioState } from '../state/studio-store.ts';
import { readJob } from './train-job.ts';

const file = (name: string, layout: string, split: string | null) => ({ name, layout, split });
const own = {
  id: 'own',
  sample: false,
  files: [
    file('why.json', 'rationales', 'train'),
    file('rows.jsonl', 'cos-e', 'train'),
    file('test.jsonl', 'cos-e', 'test'),
    file('unclear.json', 'rationales', null),
  ],
} as unknown as DatasetRecord;
const sample = { ...own, id: 'sample', sample: true };
const nano = { id: bundledStudentId, name: 'nano', source: 'bundled' } as StudentRecord;
const reduced = { id: 'r', name: 'nano smaller', source: 'reduced' } as StudentRecord;

const state = (keys: Partial<StudioState>): StudioState => ({
  ...initialState(),
  datasets: [own, sample],
  students: [nano, reduced],
  datasetId: 'sample',
  studentId: nano.id,
  ...keys,
});

it('what comes with the studio needs no names', () => {
  expect(readJob(state({})).job).toMatchObject({ student: null, data: null, engine: null, testRows: null });
});

it('files are told by what they are for, the student by its name', () => {
  const { job } = readJob(state({ datasetId: 'own', studentId: 'r', testRows: '20', backend: 'tfjs-wasm' }));
  expect(job).toMatchObject({
    student: 'nano smaller',
    studentIsReduced: true,
    data: { train: 'rows.jsonl', trainRationales: 'why.json', test: 'test.jsonl', testRationales: null },
    testRows: 20,
    engine: 'tfjs',
    backend: 'wasm',
  });
});

it('says why there is no run to tell of', () => {
  const obstacleOf = (keys: Partial<StudioState>) => readJob(state(keys)).obstacle;
  expect(obstacleOf({ draft: { ...initialState().draft, alpha: '2' } })).toContain('Fix the recipe');
  expect(obstacleOf({ testRows: 'some' })).toContain('Fix the recipe');
  expect(obstacleOf({ datasetId: null })).toContain('no rows');
  expect(obstacleOf({ datasets: [{ ...own, files: [] }], datasetId: 'own' })).toContain('no training rows');
  expect(obstacleOf({ studentId: null })).toContain('student');
});
