import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { changeExperiment, deleteExperiment, listExperiments, writeExperiment } from './experiments.ts';
import type { ExperimentRecord } from './records.ts';

const record = (id: string, createdAt: number) => ({ id, createdAt }) as ExperimentRecord;

it('experiments are listed newest first, and one that is gone is not changed', async () => {
  for (const one of [record('a', 2), record('b', 3), record('c', 1)]) await writeExperiment(one);
  expect((await listExperiments()).map(({ id }) => id)).toEqual(['b', 'a', 'c']);
  const later = (one: ExperimentRecord) => ({ ...one, createdAt: 4 });
  expect(await changeExperiment('a', later)).toEqual(record('a', 4));
  await deleteExperiment('b');
  expect(await changeExperiment('b', later)).toBeNull();
  expect((await listExperiments()).map(({ id }) => id)).toEqual(['a', 'c']);
});
