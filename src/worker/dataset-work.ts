/** What every work on a dataset begins and ends with. */
import { InputError } from '../base/errors.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { readDataset } from '../store/datasets.ts';
import type { Holder } from '../store/holders.ts';
import { holding } from '../store/locks.ts';
import type { DatasetRecord } from '../store/records.ts';
import { sweepRows } from '../store/rows.ts';
import { Staging } from './large-files.ts';

/** What is told of who works on the dataset now. */
const waitingWords: Record<Holder, string> = {
  here: 'waiting for what is read already',
  'another tab': 'waiting for another tab',
  unsure: 'waiting for a page that was closed',
};

/** Work on a dataset, after any that another tab is doing on it. */
export function onDataset<Result>(
  datasetId: string,
  progress: ReportProgress,
  work: () => Promise<Result>,
): Promise<Result> {
  return holding('dataset', datasetId, work, (holder) => progress(waitingWords[holder], 0, 1));
}

/** Never cancelled. */
export const unstopped = new AbortController().signal;

/** Reading of files. What was stored of large ones is removed where nothing comes of it. */
export async function staged<Result>(
  { reading }: Pick<DatasetRecord, 'reading'>,
  progress: ReportProgress,
  signal: AbortSignal,
  work: (staging: Staging) => Promise<Result>,
): Promise<Result> {
  await sweepRows();
  const staging = new Staging(progress, signal, reading?.fixes ?? []);
  try {
    return await work(staging);
  } finally {
    await staging.settle();
  }
}

export async function requireDataset(datasetId: string): Promise<DatasetRecord> {
  const record = await readDataset(datasetId);
  if (record) return record;
  throw new InputError('That dataset is no longer stored.', 'Drop its files again.');
}
