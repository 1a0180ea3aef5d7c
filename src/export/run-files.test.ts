import { describe, expect, it } from 'vitest';
import type { DataFileRecord, DatasetRecord, StudentRecord } from '../store/records.ts';
import { filesOf } from './run-files.ts';

const file = (name: string, part: Partial<DataFileRecord>): DataFileRecord => ({
  ...{ id: name, name, sizeBytes: 1, layout: 'rows', split: 'train', splitChosen: false, rows: 1 },
  refused: [],
  ...part,
});
const dataset = (sample: boolean, files: DataFileRecord[]): DatasetRecord => ({
  ...{ id: 'd', name: 'd', createdAt: 0, sample, files, problems: [] },
  splits: { train: null, test: null },
  lengths: { train: null, test: null },
});
const student = (source: StudentRecord['source']) => ({ id: 'nano', name: 'my t5', source }) as StudentRecord;

describe('filesOf', () => {
  it('finds the sample and the bundled student where the project has them', () => {
    const files = [file('train.jsonl', {}), file('test.jsonl', { split: 'test' })];
    expect(filesOf(dataset(true, files), student('bundled'))).toEqual({
      student: 'public/students/nano',
      train: 'public/sample/train.jsonl',
      trainRationales: null,
      test: 'public/sample/test.jsonl',
      testRationales: null,
    });
  });

  it('names a person’s own files beside them, rows and rationales apart', () => {
    const files = [file('cot.json', { layout: 'rationales' }), file('-rows.jsonl', { layout: 'cos-e' })];
    expect(filesOf(dataset(false, files), student('folder'))).toMatchObject({
      student: './my t5',
      // A leading dash would be an option.
      train: './-rows.jsonl',
      trainRationales: './cot.json',
      test: null,
    });
  });

  it('is null without rows to train on', () => {
    expect(filesOf(dataset(false, [file('a', { split: null })]), student('bundled'))).toBeNull();
  });
});
