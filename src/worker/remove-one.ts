/** A dataset without one of its files, where the others need not be read again for it. */
import { pairFiles, splitNames, type Split } from '../data/split.ts';
import type { DatasetFile } from '../data/read-file.ts';
import type { DataFileRecord, DatasetRecord } from '../store/records.ts';

/**
 * The record without a file and its rows; null where other rows may come of it: where files are joined, divided or
 * fixed by each other, or one of them would be for something else.
 */
export function withoutFile(record: DatasetRecord, fileId: string): DatasetRecord | null {
  const { files, splits, stored = {}, lengths, reading = {}, problems } = record;
  const removed = files.find(({ id }) => id === fileId);
  const others = files.filter(({ id }) => id !== fileId);
  if (removed === undefined || others.length === 0 || problems.length > 0) return null;
  const { holdOut, validation, subsample, teachers, fixes = [] } = reading;
  if ([holdOut, validation, subsample, teachers].some((asked) => asked !== undefined)) return null;
  if (fixes.includes('drop-leaks')) return null;
  // Each split has the rows of one file alone.
  const read = files.filter(({ unread }) => unread === undefined);
  const ofSplit = (split: Split): DataFileRecord[] => read.filter((file) => file.split === split);
  const isPlain = splitNames.every((split) => {
    const summary = splits[split] ?? null;
    return ofSplit(split).length === (summary === null ? 0 : 1) && summary?.from === undefined;
  });
  if (!isPlain || read.some(({ split, layout }) => split === null || layout === 'taught')) return null;
  if (!areForTheSame(read.filter(({ id }) => id !== fileId))) return null;
  if (removed.unread !== undefined || removed.split === null) return { ...record, files: others };
  const { split } = removed;
  const without = <Value>(of: Partial<Record<Split, Value>>): Partial<Record<Split, Value>> =>
    Object.fromEntries(Object.entries(of).filter(([one]) => one !== split));
  const left = without(stored);
  const { stored: _stored, ...rest } = record;
  return {
    ...rest,
    files: others,
    splits: Object.fromEntries(
      splitNames.map((one) => {
        const summary = splits[one] ?? null;
        if (one === split || summary === null) return [one, null];
        // They were found among the training rows.
        const lint =
          split === 'train' ? summary.lint.filter(({ kind }) => kind !== 'input-leaks') : summary.lint;
        return [one, { ...summary, lint }];
      }),
    ) as DatasetRecord['splits'],
    ...(Object.keys(left).length === 0 ? {} : { stored: left }),
    lengths: { ...lengths, [split]: null },
  };
}

/** Whether files are for what they were for, also without the one that is removed. */
function areForTheSame(files: readonly DataFileRecord[]): boolean {
  const known = files.map((record) => {
    const data: DatasetFile = {
      kind: 'dataset',
      layout: 'mapped',
      file: record.name,
      container: '',
      because: '',
      positions: record.rows + record.refused.length,
      refused: [],
      notes: [],
      rows: [],
    };
    return { record, data };
  });
  const chosen = new Map(
    known.flatMap(({ record: { split, splitChosen }, data }) =>
      splitChosen && split !== null ? [[data, split] as const] : [],
    ),
  );
  const { splits } = pairFiles(
    known.map(({ data }) => data),
    chosen,
  );
  return known.every(({ record, data }) => splits.get(data) === record.split);
}
