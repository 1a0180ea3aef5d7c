/** Files into datasets: recognised, joined, checked and stored as a whole, so that nothing half-read is ever seen. */
import { InputError } from '../base/errors.ts';
import { missingColumns, parseColumnMap, type ColumnMap } from '../data/column-map.ts';
import { knownMap, type FileHead, type KnownMaps } from '../data/file-head.ts';
import { readingOf } from '../data/reading.ts';
import { writeTaught } from '../data/taught.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { readDataset } from '../store/datasets.ts';
import type { DatasetRecord } from '../store/records.ts';
import { joinAndStore, storeAsItIs } from './dataset-rows.ts';
import { onDataset, requireDataset, staged, unstopped } from './dataset-work.ts';
import type { Staging } from './large-files.ts';
import {
  nameOf,
  openFile,
  reopen,
  type Opened,
  type OpenFile,
  type ReadBy,
  type ReadFile,
  type TaughtFile,
} from './open-files.ts';
import type { CommandOf, Results } from './protocol.ts';
import { withoutFile } from './remove-one.ts';

/** See `import-files` in protocol.ts. @throws InputError where a file cannot be read; the dataset stays as it was. */
export function importFiles(
  command: CommandOf<'import-files'>,
  progress: ReportProgress,
  signal = unstopped,
): Promise<Results['import-files']> {
  const work = () => addFiles(command, progress, signal);
  return command.datasetId === null ? work() : onDataset(command.datasetId, progress, work);
}

async function addFiles(
  { datasetId, files, maps = {}, hub }: CommandOf<'import-files'>,
  progress: ReportProgress,
  signal: AbortSignal,
): Promise<Results['import-files']> {
  const stored = datasetId === null ? null : await readDataset(datasetId);
  const known = stored?.sample === true ? null : stored;
  return staged(known ?? {}, progress, signal, async (staging) => {
    // A file dropped again replaces the one of the same name.
    const names = files.map(({ file }) => file.name);
    const { files: open, taught }: Opened =
      known === null ? { files: [], taught: [] } : await reopen(known, staging, null, names);
    const added: OpenFile[] = [];
    for (const [index, { file, split }] of files.entries()) {
      progress(`reading ${file.name}`, index, files.length);
      for (const opened of await openByKnownMap(file, maps, staging, known?.reading))
        added.push({ id: crypto.randomUUID(), blob: file, split, ...opened });
    }
    const kept = open.filter((old) => !added.some(({ name }) => name === old.name));
    const record: DatasetRecord = {
      id: known === null ? crypto.randomUUID() : known.id,
      name: known === null ? nameOf([...kept, ...added]) : known.name,
      createdAt: known === null ? Date.now() : known.createdAt,
      sample: false,
      // A dataset is from a hub as long as all of its files are.
      ...(hub === undefined || (known !== null && known.hub !== hub) ? {} : { hub }),
      files: [],
      ...(known === null ? {} : undecided(known)),
      splits: { train: null, test: null },
      problems: [],
      lengths: { train: null, test: null },
    };
    const written = await joinAndStore(record, { files: [...kept, ...added], taught }, staging);
    return { datasetId: written.id, problems: written.problems };
  });
}

/** As the same columns were read before; as they are recognised where that map fits no row of this file. */
async function openByKnownMap(
  file: File,
  maps: KnownMaps,
  staging: Staging,
  by?: ReadBy,
): Promise<ReadFile[]> {
  try {
    return await openFile(file.name, file, (_within, head) => knownMap(maps, head), staging, by);
  } catch (error) {
    // Where no map was known it fails again, with the same words.
    if (!(error instanceof InputError)) throw error;
    return openFile(file.name, file, () => null, staging, by);
  }
}

export function removeFile(
  { datasetId, fileId }: CommandOf<'remove-file'>,
  progress: ReportProgress,
  signal = unstopped,
): Promise<Results['remove-file']> {
  return onDataset(datasetId, progress, async () => {
    const record = await requireDataset(datasetId);
    const without = withoutFile(record, fileId);
    if (without !== null) {
      await storeAsItIs({ ...without, ...undecided(without) });
      return null;
    }
    return staged(record, progress, signal, async (staging) => {
      const { files, taught } = await reopen(record, staging);
      const stays = ({ id }: { id: string }): boolean => id !== fileId;
      await joinAndStore(
        { ...record, ...undecided(record) },
        { files: files.filter(stays), taught: taught.filter(stays) },
        staging,
      );
      return null;
    });
  });
}

export function assignSplit(
  { datasetId, fileId, split }: CommandOf<'assign-split'>,
  progress: ReportProgress,
  signal = unstopped,
): Promise<Results['assign-split']> {
  return onDataset(datasetId, progress, async () => {
    const record = await requireDataset(datasetId);
    return staged(record, progress, signal, async (staging) => {
      const { files, taught } = await reopen(record, staging);
      const assigned = files.map((file) => (file.id === fileId ? { ...file, split } : file));
      await joinAndStore({ ...record, ...undecided(record) }, { files: assigned, taught }, staging);
      return null;
    });
  });
}

/** See `map-columns` in protocol.ts. @throws InputError where no row can be read by the map; all stays as it was. */
export function mapColumns(
  { datasetId, fileId, map }: CommandOf<'map-columns'>,
  progress: ReportProgress,
  signal = unstopped,
): Promise<Results['map-columns']> {
  return onDataset(datasetId, progress, async () => {
    const record = await requireDataset(datasetId);
    const like = record.files.find(({ id }) => id === fileId)?.head;
    if (like === undefined)
      throw new InputError('The columns of that file are not known.', 'Drop the file again.');
    return staged(record, progress, signal, async (staging) => {
      await joinAndStore(record, await reopen(record, staging, { like, map }), staging);
      return null;
    });
  });
}

/** What was switched on, without what was decided on an alarm: that was for the files as they were. */
function undecided({ reading }: DatasetRecord): Pick<DatasetRecord, 'reading'> {
  if (reading === undefined) return {};
  const { alarms: _decided, ...others } = reading;
  return { reading: others };
}

/** See `change-reading` in protocol.ts. */
export function changeReading(
  { datasetId, reading }: CommandOf<'change-reading'>,
  progress: ReportProgress,
  signal = unstopped,
): Promise<Results['change-reading']> {
  return onDataset(datasetId, progress, async () => {
    const record = { ...(await requireDataset(datasetId)), reading };
    return staged(record, progress, signal, async (staging) => {
      await joinAndStore(record, await reopen(record, staging), staging);
      return null;
    });
  });
}

/** See `read-as-kept` in protocol.ts. */
export function readAsKept(
  { datasetId, kept }: CommandOf<'read-as-kept'>,
  progress: ReportProgress,
  signal = unstopped,
): Promise<Results['read-as-kept']> {
  return onDataset(datasetId, progress, async () => {
    const known = await requireDataset(datasetId);
    const maps = [kept.map, kept.rationalesMap].flatMap((text) =>
      text === undefined ? [] : [parseColumnMap(text)],
    );
    const files = known.files.map((file) => {
      const map = maps.find((one) => fitsColumns(one, file.head));
      return map === undefined ? file : { ...file, map };
    });
    const record = { ...known, files, reading: readingOf(kept) };
    return staged(record, progress, signal, async (staging) => {
      await joinAndStore(record, await reopen(record, staging), staging);
      return null;
    });
  });
}

/** Whether a file has the columns that a map names. */
function fitsColumns(map: ColumnMap, head: FileHead | undefined): boolean {
  if (head === undefined) return false;
  return (
    missingColumns(
      map,
      head.columns.map(({ name }) => name),
    ).length === 0
  );
}

/** See `take-reasons` in protocol.ts. */
export function takeReasons(
  { datasetId, teacher, rows }: CommandOf<'take-reasons'>,
  progress: ReportProgress,
  signal = unstopped,
): Promise<Results['take-reasons']> {
  return onDataset(datasetId, progress, async () => {
    const known = await requireDataset(datasetId);
    return staged(known, progress, signal, async (staging) => {
      const { files, taught } = await reopen(known, staging);
      const name = `reasons by ${teacher}`;
      const blob = new Blob([writeTaught(rows)], { type: 'application/jsonl' });
      const reasons: TaughtFile = { id: crypto.randomUUID(), name, blob, rows };
      const others = taught.filter((one) => one.name !== name);
      const record = known.sample
        ? {
            ...known,
            id: crypto.randomUUID(),
            name: `The sample, ${name}`,
            createdAt: Date.now(),
            sample: false,
          }
        : known;
      const stored = await joinAndStore(record, { files, taught: [...others, reasons] }, staging);
      return { datasetId: stored.id };
    });
  });
}
