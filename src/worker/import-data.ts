/** Files into datasets: recognised, joined, checked and stored as a whole, so that nothing half-read is ever seen. */
import { breathe } from '../base/breathe.ts';
import { InputError, reportError, StorageError, type ErrorReport } from '../base/errors.ts';
import { siteUrl } from '../base/site.ts';
import { NumberList } from '../base/text-index.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { missingColumns, parseColumnMap, type ColumnMap } from '../data/column-map.ts';
import { divide, type Divided } from '../data/divide.ts';
import type { Example } from '../data/example.ts';
import { knownMap, type FileHead, type KnownMaps } from '../data/file-head.ts';
import { countAbove, lengthHistogram } from '../data/histogram.ts';
import { readingOf, type DatasetReading } from '../data/reading.ts';
import type { DataFile } from '../data/read-file.ts';
import { pairFiles, splitNames, type Pairing, type BySplit, type Split } from '../data/split.ts';
import { writeTaught } from '../data/taught.ts';
import { explainPrefix, predictPrefix } from '../distill/tasks.ts';
import { LostLabelCount } from '../distill/written-labels.ts';
import { eachExamples, readDataset, writeDataset, writeDatasetRecord } from '../store/datasets.ts';
import { runsAtWorkOn } from '../store/in-use.ts';
import { holding } from '../store/locks.ts';
import { sweepRows } from '../store/rows.ts';
import type { DatasetRecord, LengthReport, SplitSummary } from '../store/records.ts';
import { CoverageCount } from '../student/coverage.ts';
import type { Tokenizer } from '../student/tokenizer.ts';
import { openOutline } from './import-student.ts';
import { joinRows, withReasons, type JoinedSplit } from './join-rows.ts';
import {
  fileRecord,
  nameOf,
  openFile,
  refusalsKept,
  reopen,
  taughtRecord,
  type Opened,
  type OpenFile,
  type ReadBy,
  type ReadFile,
  type TaughtFile,
} from './open-files.ts';
import { Staging, withItsRows } from './large-files.ts';
import { SplitRows } from './split-rows.ts';
import { sampleDatasetId, type CommandOf, type Results } from './protocol.ts';

/** Work on a dataset, after any that another tab is doing on it. */
function onDataset<Result>(
  datasetId: string,
  progress: ReportProgress,
  work: () => Promise<Result>,
): Promise<Result> {
  return holding('dataset', datasetId, work, () => progress('waiting for another tab', 0, 1));
}

/** Never cancelled. */
const unstopped = new AbortController().signal;

/** Reading of files. What was stored of large ones is removed where nothing comes of it. */
async function staged<Result>(
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

/**
 * Counts tokens under a student's tokenizer and keeps the histograms with the dataset. Nobody waits for it: the dataset is
 * held for the writing alone, and where its rows changed meanwhile, they are counted again.
 */
export async function measureLengths(
  { datasetId, studentId, maxInputTokens, maxTargetTokens }: CommandOf<'measure-lengths'>,
  progress: ReportProgress,
): Promise<Results['measure-lengths']> {
  for (;;) {
    const counted = await requireDataset(datasetId);
    const { tokenizer } = await openOutline(studentId);
    const lengths: DatasetRecord['lengths'] = { train: null, test: null };
    for (const split of splitNames) {
      const rows = counted.splits[split]?.rows ?? 0;
      if (rows === 0) continue;
      const work = { examples: eachExamples(datasetId, split), rows, tokenizer };
      const report = await measure(work, { maxInputTokens, maxTargetTokens }, progress);
      lengths[split] = { studentId, ...report };
    }
    const isKept = await onDataset(datasetId, progress, async () => {
      const record = await requireDataset(datasetId);
      if (rowsOf(record) !== rowsOf(counted)) return false;
      await writeDatasetRecord({ ...record, lengths });
      return true;
    });
    if (isKept) return null;
  }
}

/** What a dataset's rows come from, as a text: another one means other rows. */
function rowsOf({ files, splits }: DatasetRecord): string {
  return JSON.stringify([files, splits]);
}

async function measure(
  { examples, rows, tokenizer }: { examples: AsyncIterable<Example[]>; rows: number; tokenizer: Tokenizer },
  limits: { maxInputTokens: number; maxTargetTokens: number },
  progress: ReportProgress,
): Promise<Omit<LengthReport, 'studentId'>> {
  const inputs = new NumberList();
  const labels = new NumberList();
  const rationales = new NumberList();
  const coverage = new CoverageCount(tokenizer);
  const lost = new LostLabelCount(tokenizer, limits);
  const lengthOf = (text: string): number => {
    const ids = tokenizer.encode(text);
    coverage.add(ids);
    return ids.length;
  };
  // Whichever prefix is longer decides whether an input is cut.
  const longer = [predictPrefix, explainPrefix].sort(
    (a, b) => tokenizer.encode(b).length - tokenizer.encode(a).length,
  )[0]!;
  for await (const slice of examples) {
    for (const example of slice) {
      // After each row: a tokenizer that does not come to an end is known by its silence.
      progress('counting tokens', inputs.length, rows);
      if (inputs.length % 200 === 0) await breathe();
      inputs.push(lengthOf(longer + example.input));
      labels.push(lengthOf(example.label));
      lost.add(example.label);
      if (example.rationale !== null) rationales.push(lengthOf(example.rationale));
    }
  }
  return {
    input: lengthHistogram(inputs.view(), 24),
    label: lengthHistogram(labels.view(), 24),
    rationale: rationales.length === 0 ? null : lengthHistogram(rationales.view(), 24),
    truncatedInputs: countAbove(inputs.view(), limits.maxInputTokens),
    truncatedTargets:
      countAbove(labels.view(), limits.maxTargetTokens) +
      countAbove(rationales.view(), limits.maxTargetTokens),
    ...limits,
    coverage: coverage.coverage,
    lostLabels: lost.lost,
  };
}

async function requireDataset(datasetId: string): Promise<DatasetRecord> {
  const record = await readDataset(datasetId);
  if (record) return record;
  throw new InputError('That dataset is no longer stored.', 'Drop its files again.');
}

async function joinAndStore(
  { stored: _before, ...record }: DatasetRecord,
  { files, taught }: Opened,
  staging: Staging,
): Promise<DatasetRecord> {
  staging.report('joining rows', 0, 1);
  const reading = record.reading ?? {};
  const pairing = await pairLarge(files, taught, reading);
  const problems = pairing.leftover.map(({ error }) => reportError(error));
  const stored: Partial<Record<Split, OpenFile>> = {};
  const joined: Partial<Record<Split, JoinedSplit>> = {};
  for (const split of splitNames) {
    const pair = pairing[split];
    if (pair === null) continue;
    const file = files.find(({ parsed }) => parsed === pair.dataset);
    if (file !== undefined && rowsAreStored(file)) {
      stored[split] = file;
      continue;
    }
    const one = await joinRows(pair, split, reading, files, problems);
    joined[split] = split === 'train' ? { ...one, joined: withReasons(one.joined, taught) } : one;
    await breathe();
  }
  const divided = divideRows(joined, pairing.train?.dataset.splitOf, reading, problems);
  const examples: Record<Split, readonly Example[]> = {
    train: divided.train,
    validation: divided.validation ?? [],
    test: divided.test ?? [],
  };
  const rows = new SplitRows(staging);
  const splits: BySplit<SplitSummary> = { train: null, validation: null, test: null };
  for (const split of splitNames) {
    const pair = pairing[split];
    const own = joined[split];
    const large = stored[split];
    if (large?.large?.own) {
      const { notes = [], refused = [] } = large.parsed ?? {};
      splits[split] = {
        ...(await rows.takeStored(split, large.large.own, [...notes, ...large.large.own.notes])),
        refused: refused.map((refusal) => ({ file: large.name, ...refusal })),
      };
      continue;
    }
    if (own === undefined && examples[split].length === 0) continue;
    const { rationales: first = null, others = [] } = pair ?? {};
    const teachers = first === null ? [] : [first, ...others];
    splits[split] = {
      ...(await rows.take(split, examples[split], [
        ...(own?.joined.notes ?? []),
        ...(split === 'train' ? divided.notes : []),
      ])),
      refused: own?.joined.refused.slice(0, refusalsKept) ?? [],
      ...(own?.alarm ? { alarm: own.alarm } : {}),
      ...(teachers.length > 1 ? { teachers: teachers.map(({ file }) => file) } : {}),
      ...(own?.offer ? { offer: own.offer } : {}),
      ...(own === undefined ? { from: divided.drawn.includes(split) ? 'drawn' : 'column' } : {}),
    };
    await breathe();
  }
  await refuseOtherRows(record.id, rows);
  staging.signal.throwIfAborted();
  const written: DatasetRecord = {
    ...record,
    files: [
      ...files.map((file) =>
        fileRecord(file, file.parsed === null ? null : (pairing.splits.get(file.parsed) ?? null)),
      ),
      ...taught.map(taughtRecord),
    ],
    splits,
    ...(Object.keys(rows.stored).length === 0 ? {} : { stored: rows.stored }),
    problems,
    lengths: { train: null, test: null },
  };
  await writeDataset(
    written,
    new Map([...files, ...taught].map(({ id, blob }) => [id, blob])),
    rows.examples,
  );
  await staging.settle(Object.values(rows.stored).map(({ id }) => id));
  staging.report('joining rows', 1, 1);
  return written;
}

/** A large dataset's rows that are stored as they are trained on, and not in memory. */
function rowsAreStored({ parsed, large }: OpenFile): boolean {
  return large !== null && large.own !== null && parsed?.rows.length === 0;
}

/**
 * Which files belong together. Where rows of large files are joined with others or divided, they are read into memory
 * first.
 */
async function pairLarge(
  files: readonly OpenFile[],
  taught: readonly TaughtFile[],
  reading: DatasetReading,
): Promise<Pairing> {
  const parsed = files.flatMap((file) => (file.parsed === null ? [] : [file.parsed]));
  const chosen = new Map<DataFile, Split>();
  for (const file of files)
    if (file.parsed !== null && file.split !== null) chosen.set(file.parsed, file.split);
  const { holdOut, validation, subsample, teachers, fixes = [] } = reading;
  const isPlain =
    taught.length === 0 &&
    parsed.every((file) => file.kind === 'dataset' && file.splitOf === undefined) &&
    [holdOut, validation, subsample, teachers].every((asked) => asked === undefined) &&
    !fixes.includes('drop-leaks');
  if (isPlain) {
    const pairing = pairFiles(parsed, chosen);
    // Pieces of one dataset are put together from their rows.
    const isWhole = splitNames.every(
      (split) => pairing[split] === null || parsed.includes(pairing[split].dataset),
    );
    if (isWhole) return pairing;
  }
  for (const file of files) if (file.parsed !== null) await withItsRows(file.parsed, file.large);
  return pairFiles(parsed, chosen);
}

/** The rows of all splits; where they cannot be divided as asked, as the files have them, and why in `problems`. */
function divideRows(
  { train, validation, test }: Partial<Record<Split, JoinedSplit>>,
  splitOf: ReadonlyMap<number, Split> | undefined,
  reading: DatasetReading,
  problems: ErrorReport[],
): Divided {
  const given = {
    validation: validation?.joined.examples ?? null,
    test: test?.joined.examples ?? null,
  };
  const examples = train?.joined.examples ?? [];
  if (train === undefined) return divide([], given, {});
  try {
    return divide(examples, given, { ...reading, splitOf });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(reportError(error));
    return divide(examples, given, {});
  }
}

/** @throws StorageError where a run is at work on the dataset, in any tab, and these are other rows than it has. */
async function refuseOtherRows(datasetId: string, split: SplitRows): Promise<void> {
  for (const run of await runsAtWorkOn({ datasetId })) {
    if (run.rowsSha256 === null || run.rowsSha256 === (await split.trainSha256())) continue;
    throw new StorageError(
      `${run.name} is at work on this dataset, and its training rows would change.`,
      'Stop that run or wait for its end, then try again; or begin another dataset.',
    );
  }
}
