import { expect, it } from 'vitest';
import type { RunRecord } from '../../store/records.ts';
import { usedByWords } from './used-by.ts';

const runs = Array.from({ length: 7 }, (_, index) => ({
  id: String(index),
  name: `run-${index}`,
  datasetId: 'd',
  studentId: index === 0 ? 's' : 'other',
})) as RunRecord[];

it('names the runs that a removal touches, the first of many', () => {
  expect(usedByWords('student', 's', runs)).toMatch(/^1 run was trained with it: run-0\. They keep/);
  expect(usedByWords('dataset', 'd', runs)).toMatch(/^7 runs were .*run-0, .*run-4 and 2 more\./);
  expect(usedByWords('dataset', 'none', runs)).toBe('No run needs it.');
});
