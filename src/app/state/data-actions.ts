/** What a person does with rows. */
import { deleteDataset } from '../../store/datasets.ts';
import type { KeptReading } from '../../data/kept-reading.ts';
import { changedReading, type ReadingChange } from '../../data/reading.ts';
import type { Split } from '../../store/records.ts';
import type { ColumnMap } from '../../data/column-map.ts';
import { InputError } from '../../base/errors.ts';
import { OutOfTimeError } from '../../worker/aside.ts';
import type { CommandOf } from '../../worker/protocol.ts';
import { keepChoice, readChoice } from './choices.ts';
import { keptMaps, keepMap } from './kept-maps.ts';
import type { RecordActions } from './records.ts';
import type { Requests } from './requests.ts';
import { askToPersist } from './room.ts';
import { staleLengths } from './stale-lengths.ts';
import { currentDataset } from './studio-store.ts';

/** Said instead of counting what did not come to an end before. */
function notCounted(): InputError {
  return new InputError(
    'Tokens are not counted: with these rows the student’s tokenizer did not come to an end before.',
    'Choose another student, or other rows.',
  );
}

export type DataActions = ReturnType<typeof dataActions>;

export function dataActions(
  { get, request, succeeds, fail, whenBegun }: Requests,
  { readRecords, choose }: RecordActions,
) {
  /** Files that are dropped while the studio opens wait for what is stored: they may belong to a dataset of it. */
  let importing: Promise<unknown> = whenBegun();
  /** How rows are read by a `run.json` that came before them. */
  let kept: KeptReading | null = null;
  /** What token lengths were last asked for, so that a failing request is not repeated for ever. */
  let measured = '';

  /** Counts tokens again where dataset, student or the recipe's limits changed since. */
  const measureLengths = async (): Promise<void> => {
    const command = staleLengths(get());
    const wanted = JSON.stringify(command);
    if (command === null || wanted === measured) return;
    measured = wanted;
    if (readChoice('uncounted') === wanted) {
      fail('lengths', notCounted());
      return;
    }
    const { rows: _rows, ...limits } = command;
    if (await succeeds('lengths', { type: 'measure-lengths', ...limits })) await readRecords();
    // What never came to an end is not begun again by itself, also at the next opening.
    else if (get().requests.lengths.error?.name === OutOfTimeError.name) keepChoice('uncounted', wanted);
  };

  const selectDataset = async (datasetId: string): Promise<void> => {
    await readRecords();
    choose('dataset', datasetId);
    void measureLengths();
  };

  const importInTurn = async (files: readonly File[], split: Split | null, hub?: string): Promise<void> => {
    if (files.length === 0) return;
    void askToPersist();
    const known = currentDataset(get());
    const result = await request('data', {
      type: 'import-files',
      datasetId: known === null || known.sample ? null : known.id,
      files: files.map((file) => ({ file, split })),
      maps: keptMaps(),
      hub,
    });
    if (!result) return;
    await selectDataset(result.datasetId);
    if (kept !== null) await applyKept(kept);
  };

  /** Reads the dataset that is shown as a run's was; where there is none of the person's yet, the next one. */
  const applyKept = async (wanted: KeptReading): Promise<void> => {
    const dataset = currentDataset(get());
    kept = dataset === null || dataset.sample ? wanted : null;
    if (dataset === null || dataset.sample) return;
    const command = {
      type: 'read-as-kept' as const,
      datasetId: dataset.id,
      kept: wanted,
    };
    if (await succeeds('data', command)) await selectDataset(dataset.id);
  };

  const sampleInTurn = async (): Promise<void> => {
    const result = await request('data', { type: 'load-sample' });
    if (!result) return;
    keepChoice('sample-offered', 'yes');
    await selectDataset(result.datasetId);
  };

  /** Files that are dropped meanwhile are shown after it. */
  const showSample = (): Promise<void> => {
    const shown = importing.then(sampleInTurn);
    importing = shown;
    return shown;
  };

  const removeInTurn = async (datasetId: string): Promise<void> => {
    try {
      await deleteDataset(datasetId);
      await readRecords();
      if (get().datasetId === datasetId) choose('dataset', null);
    } catch (error) {
      fail('data', error);
    }
  };

  /** Removes the dataset that is shown. Runs keep their curves and answers; comparing again needs the dataset. */
  const removeDataset = (): Promise<void> => {
    const { datasetId } = get();
    if (datasetId === null) return Promise.resolve();
    // Files that are dropped meanwhile belong to the next dataset.
    const removed = importing.then(() => removeInTurn(datasetId));
    importing = removed;
    return removed;
  };

  return {
    measureLengths,
    selectDataset,
    removeDataset,

    /** Adds files to the person's dataset; beside the sample they begin a new one. */
    /** @param hub Where all of them are from, as in `DatasetRecord`. */
    importFiles: (files: readonly File[], split: Split | null = null, hub?: string): Promise<void> => {
      // One drop after the other: the second belongs to the dataset that the first has made.
      const imported = importing.then(() => importInTurn(files, split, hub));
      importing = imported;
      return imported;
    },

    removeFile: async (fileId: string): Promise<void> => {
      const { datasetId } = get();
      if (datasetId === null) return;
      if (currentDataset(get())?.files.length === 1) return removeDataset();
      if (await succeeds('data', { type: 'remove-file', datasetId, fileId })) await selectDataset(datasetId);
    },

    assignSplit: async (fileId: string, split: Split): Promise<void> => {
      const { datasetId } = get();
      if (datasetId === null) return;
      if (await succeeds('data', { type: 'assign-split', datasetId, fileId, split }))
        await selectDataset(datasetId);
    },

    /** Reads a file by a map, or (null) as it is recognised. True once it is read; the same columns are read so from now on. */
    mapColumns: async (fileId: string, map: ColumnMap | null): Promise<boolean> => {
      const dataset = currentDataset(get());
      if (dataset === null) return false;
      const done = await succeeds('data', { type: 'map-columns', datasetId: dataset.id, fileId, map });
      if (!done) return false;
      const head = dataset.files.find(({ id }) => id === fileId)?.head;
      if (head !== undefined) keepMap(head, map);
      await selectDataset(dataset.id);
      return true;
    },

    /** A teacher's reasons become the dataset's own; of the sample, a copy's. */
    takeReasons: async (teacher: string, rows: CommandOf<'take-reasons'>['rows']): Promise<void> => {
      const { datasetId } = get();
      if (datasetId === null) return;
      const result = await request('data', { type: 'take-reasons', datasetId, teacher, rows });
      if (result) await selectDataset(result.datasetId);
    },

    /** How rows were read, by a `run.json`: after drops that came before it. */
    readAsKept: (wanted: KeptReading): Promise<void> => {
      const read = importing.then(() => applyKept(wanted));
      importing = read;
      return read;
    },

    /** Reads and joins again with something switched on, off (undefined) or decided. */
    changeReading: async (part: ReadingChange): Promise<void> => {
      const dataset = currentDataset(get());
      if (dataset === null) return;
      const command = {
        type: 'change-reading' as const,
        datasetId: dataset.id,
        reading: changedReading(dataset.reading, part),
      };
      if (await succeeds('data', command)) await selectDataset(dataset.id);
    },

    useSample: showSample,

    /** The sample, where no rows were added, not even while the studio opened. */
    offerSample: async (): Promise<void> => {
      await importing;
      if (get().datasets.length === 0 && readChoice('sample-offered') === null) await showSample();
    },
  };
}
