/** The sample that comes with the studio, as a dataset. */
import { InputError } from '../base/errors.ts';
import { siteUrl } from '../base/site.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { readDataset } from '../store/datasets.ts';
import type { DatasetRecord } from '../store/records.ts';
import { joinAndStore } from './dataset-rows.ts';
import { onDataset, staged, unstopped } from './dataset-work.ts';
import type { Staging } from './large-files.ts';
import { openFile, type OpenFile } from './open-files.ts';
import { sampleDatasetId, type CommandOf, type Results } from './protocol.ts';

/** Stores the sample that comes with the studio, once. */
export function loadSample(
  _command: CommandOf<'load-sample'>,
  progress: ReportProgress,
): Promise<Results['load-sample']> {
  return onDataset(sampleDatasetId, progress, () => staged({}, progress, unstopped, fetchSample));
}

async function fetchSample(staging: Staging): Promise<Results['load-sample']> {
  const known = await readDataset(sampleDatasetId);
  if (known) return { datasetId: known.id };
  const files: OpenFile[] = [];
  for (const split of ['train', 'test'] as const) {
    const name = `${split}.jsonl`;
    const response = await fetch(siteUrl(`sample/${name}`));
    if (!response.ok) {
      throw new InputError(`the sample could not be fetched (${response.status}).`, 'Reload the page.', {
        file: name,
      });
    }
    const blob = await response.blob();
    const [opened] = await openFile(name, blob, () => null, staging);
    files.push({ id: split, blob, split, ...opened! });
  }
  const record: DatasetRecord = {
    id: sampleDatasetId,
    name: 'The sample',
    createdAt: Date.now(),
    sample: true,
    files: [],
    splits: { train: null, test: null },
    problems: [],
    lengths: { train: null, test: null },
  };
  await joinAndStore(record, { files, taught: [] }, staging);
  return { datasetId: record.id };
}
