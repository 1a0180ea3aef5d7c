import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { readDataset, readExamples } from '../store/datasets.ts';
import { loadSample } from './sample-data.ts';
import { emptyStore } from './testing/tiny-store.ts';

withWebLocks();
beforeEach(emptyStore);
afterEach(() => {
  vi.unstubAllGlobals();
});

/** The studio's origin with this many rows in each file; of a status where it has none. */
function serving(status: number): string[] {
  const asked: string[] = [];
  vi.stubGlobal('self', { location: { href: 'http://studio.test/' } });
  vi.stubGlobal('fetch', (url: URL) => {
    asked.push(url.pathname);
    const split = url.pathname.includes('train') ? 'train' : 'test';
    const row = (at: number) => JSON.stringify({ input: `${split} ${at}`, label: 'l', rationale: 'r' });
    const rows = split === 'train' ? [row(0), row(1), row(2)] : [row(0)];
    return Promise.resolve(new Response(rows.join('\n'), { status }));
  });
  return asked;
}
const load = () => loadSample({ type: 'load-sample' }, () => undefined);

it('is fetched from the studio once, each file for what it is called', async () => {
  const asked = serving(200);
  const { datasetId } = await load();
  expect(asked).toEqual(['/sample/train.jsonl', '/sample/test.jsonl']);
  expect(await readDataset(datasetId)).toMatchObject({ name: 'The sample', sample: true, problems: [] });
  expect(await readExamples(datasetId, 'train')).toHaveLength(3);
  expect(await readExamples(datasetId, 'test')).toHaveLength(1);
  expect(await load()).toEqual({ datasetId });
  expect(asked).toHaveLength(2);
});

it('that does not come is refused with the file and what the host said, and nothing is stored', async () => {
  serving(503);
  await expect(load()).rejects.toThrow(
    'train.jsonl: the sample could not be fetched (503). Reload the page.',
  );
  serving(200);
  const { datasetId } = await load();
  expect(await readExamples(datasetId, 'train')).toHaveLength(3);
});
