/** The files of a dataset as rows of its splits: paired, joined, divided, counted and stored. */
import { breathe } from '../base/breathe.ts';
import { InputError, reportError, StorageError, type ErrorReport } from '../base/errors.ts';
import { dividePlaces, type DividedPlaces, type DivideOptions } from '../data/divide.ts';
import { KeyTexts, RowKeys } from '../data/row-keys.ts';
import type { Example } from '../data/example.ts';
import type { DataFile } from '../data/read-file.ts';
import type { DatasetReading } from '../data/reading.ts';
import type { Note } from '../data/notes.ts';
import {
  pairFiles,
  splitNames,
  type BySplit,
  type Pairing,
  type Split,
  type SplitFiles,
} from '../data/split.ts';
import { digestRows } from '../distill/checkpoint.ts';
import { readDataFiles, readExamples, trainSha256, writeDataset } from '../store/datasets.ts';
import { runsAtWorkOn } from '../store/in-use.ts';
import type { DatasetRecord, SplitSummary } from '../store/records.ts';
import { joinRows, withReasons, type JoinedSplit } from './join-rows.ts';
import { joinLarge, largePair, type StoredJoin } from './join-large.ts';
import { holdRows, type CountedRows, type Staging } from './large-files.ts';
import {
  fileRecord,
  refusalsKept,
  taughtRecord,
  type Opened,
  type OpenFile,
  type TaughtFile,
} from './open-files.ts';
import { pairByKeys } from './pair-by-keys.ts';
import { rowsAt, rowsInMemory, rowsInStore, rowsOfPieces, type RowStream } from './row-stream.ts';
import { SplitRows } from './split-rows.ts';

/** Where a split's rows are from, before they are divided. */
interface SplitSource {
  rows: RowStream;
  /** Rows of one file that are stored already as they are trained on; null where they are not. */
  counted: CountedRows | null;
  notes: readonly Note[];
  refused: SplitSummary['refused'];
  /** What a person is asked about how they were joined. */
  joined: Pick<JoinedSplit, 'alarm' | 'offer'> | null;
}

export async function joinAndStore(
  { stored: _before, ...record }: DatasetRecord,
  { files, taught }: Opened,
  staging: Staging,
): Promise<DatasetRecord> {
  staging.report('joining rows', 0, 1);
  const reading = record.reading ?? {};
  const pairing = await pairLarge(files, taught, reading);
  const problems = pairing.leftover.map(({ error }) => reportError(error));
  const sources: Partial<Record<Split, SplitSource>> = {};
  for (const split of splitNames) {
    const pair = pairing[split];
    if (pair === null) continue;
    const large = largePair(pair, split, reading, files);
    sources[split] =
      storedSource(pair, pairing.pieces.get(pair.dataset) ?? [], files) ??
      (large === null
        ? null
        : largeSource(pair, await joinLarge(large, split, reading, problems, staging))) ??
      joinedSource(await joinRows(pair, split, reading, files, problems), split === 'train' ? taught : []);
    await breathe();
  }
  const divided = await divideRows(sources, pairing.train?.dataset.splitOf, reading, problems, staging);
  const rows = new SplitRows(staging);
  const splits: BySplit<SplitSummary> = { train: null, validation: null, test: null };
  for (const split of splitNames) {
    const own = sources[split];
    const part = divided === null ? own && 'whole' : partOf(split, divided, sources);
    if (part === undefined || part === null) continue;
    const notes = [...(own?.notes ?? []), ...(split === 'train' ? (divided?.notes ?? []) : [])];
    const isWhole = part === 'whole' || part === own?.rows;
    const { rationales: first = null, others = [] } = pairing[split] ?? {};
    const teachers = first === null ? [] : [first, ...others];
    const { alarm, offer } = own?.joined ?? {};
    splits[split] = {
      ...(isWhole && own?.counted
        ? await rows.takeStored(split, own.counted, notes)
        : await rows.take(split, part === 'whole' ? own!.rows : part, notes)),
      refused: own?.refused.slice(0, refusalsKept) ?? [],
      ...(alarm ? { alarm } : {}),
      ...(teachers.length > 1 ? { teachers: teachers.map(({ file }) => file) } : {}),
      ...(offer ? { offer } : {}),
      ...(own === undefined ? { from: divided?.drawn.includes(split) ? 'drawn' : 'column' } : {}),
    };
    await breathe();
  }
  await refuseOtherRows(record.id, () => rows.trainSha256());
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

/** Stores a dataset of fewer files, whose rows stay as they are stored. @throws StorageError as `refuseOtherRows`. */
export async function storeAsItIs(record: DatasetRecord): Promise<void> {
  const { id, splits, stored = {} } = record;
  const blobs = await readDataFiles(id);
  const examples: Record<Split, Example[]> = { train: [], validation: [], test: [] };
  for (const split of splitNames)
    if (splits[split] && stored[split] === undefined) examples[split] = await readExamples(id, split);
  await refuseOtherRows(id, () => (splits.train === null ? digestRows([]) : trainSha256(record)));
  const files = record.files.map((file): [string, Blob] => [file.id, blobs.get(file.id) ?? new Blob()]);
  await writeDataset(record, new Map(files), examples);
}

/** Which files belong together. Where rows of large files are needed all at once, they are read into memory first. */
async function pairLarge(
  files: readonly OpenFile[],
  taught: readonly TaughtFile[],
  reading: DatasetReading,
): Promise<Pairing> {
  const parsed = files.flatMap((file) => (file.parsed === null ? [] : [file.parsed]));
  const chosen = new Map<DataFile, Split>();
  for (const file of files)
    if (file.parsed !== null && file.split !== null) chosen.set(file.parsed, file.split);
  const pairing = pairFiles(parsed, chosen);
  if (pairing.leftover.length === 0 && canStay(pairing, files, taught, reading)) return pairing;
  // Files without a place may find one by their rows.
  if (pairing.leftover.length > 0 && files.some(({ large }) => large !== null)) {
    const byKeys = await pairByKeys(files, chosen);
    if (byKeys !== null && canStay(byKeys, files, taught, reading)) return byKeys;
  }
  await holdRows(files);
  return pairFiles(parsed, chosen);
}

/** Whether rows of large files can be put together and joined without being held. */
function canStay(
  pairing: Pairing,
  files: readonly OpenFile[],
  taught: readonly TaughtFile[],
  reading: DatasetReading,
): boolean {
  const isLarge = (data: DataFile): boolean =>
    files.some((file) => file.parsed === data && file.large !== null);
  if (!files.some(({ large }) => large !== null)) return true;
  if (taught.length > 0 || typeof reading.teachers === 'string') return false;
  const { fixes = [] } = reading;
  return splitNames.every((split) => {
    const pair = pairing[split];
    if (pair === null) return true;
    const { dataset, rationales, others = [] } = pair;
    const pieces = pairing.pieces.get(dataset) ?? [];
    if (rationales === null) {
      if (pieces.length === 1 || !pieces.some(isLarge)) return true;
      // What repeats in another piece is found among the rows of both.
      return pieces.every(isLarge) && !fixes.includes('drop-repeated');
    }
    const taughtPieces = [rationales, ...others].flatMap((one) => pairing.pieces.get(one) ?? []);
    if (![...pieces, ...taughtPieces].some(isLarge)) return true;
    return largePair(pair, split, reading, files) !== null;
  });
}

/** Rows that were stored while their files were read; null where they are in memory, or have a teacher's file. */
function storedSource(
  { dataset, rationales }: SplitFiles,
  pieces: readonly DataFile[],
  files: readonly OpenFile[],
): SplitSource | null {
  if (rationales !== null) return null;
  const found = pieces.map((piece) => files.find(({ parsed }) => parsed === piece));
  const stored = found.flatMap((file) => {
    const own = file?.large?.own ?? null;
    return own !== null && file?.parsed?.rows.length === 0 ? [{ own, positions: file.parsed.positions }] : [];
  });
  if (stored.length === 0 || stored.length < pieces.length) return null;
  let offset = 0;
  const notes = [...dataset.notes];
  const parts: { rows: RowStream; offset: number }[] = [];
  for (const { own, positions } of stored) {
    const here = offset;
    parts.push({ rows: rowsInStore(own.stored), offset: here });
    notes.push(...own.notes.map((note) => ({ ...note, rows: note.rows.map((row) => row + here) })));
    offset += positions;
  }
  const [first] = stored;
  const isOne = stored.length === 1;
  return {
    rows: isOne ? parts[0]!.rows : rowsOfPieces(parts),
    counted: isOne ? first!.own : null,
    notes,
    refused: dataset.refused.map((refusal) => ({ ...refusal, file: refusal.file ?? dataset.file })),
    joined: null,
  };
}

function largeSource(
  { dataset, rationales }: SplitFiles,
  { counted, notes, alarm, offer }: StoredJoin,
): SplitSource {
  const of = offer === null && rationales !== null ? [dataset, rationales] : [dataset];
  return {
    rows: rowsInStore(counted.stored),
    counted,
    notes,
    refused: of.flatMap((data) =>
      data.refused.map((refusal) => ({ ...refusal, file: refusal.file ?? data.file })),
    ),
    joined: { alarm, offer },
  };
}

function joinedSource(one: JoinedSplit, taught: readonly TaughtFile[]): SplitSource {
  const joined = withReasons(one.joined, taught);
  const { examples, notes, refused } = joined;
  return { rows: rowsInMemory(examples), counted: null, notes, refused, joined: one };
}

/** Which rows are for what; null where each file's are for one. Where they cannot be divided as asked, why is in `problems`. */
async function divideRows(
  sources: Partial<Record<Split, SplitSource>>,
  splitOf: ReadonlyMap<number, Split> | undefined,
  { holdOut, validation, subsample, fixes = [] }: DatasetReading,
  problems: ErrorReport[],
  staging: Staging,
): Promise<DividedPlaces | null> {
  const drawn = [holdOut, validation, subsample].some((asked) => asked !== undefined);
  if (sources.train === undefined || !(drawn || splitOf !== undefined || fixes.includes('drop-leaks')))
    return null;
  const texts = new KeyTexts();
  const keysOf = async (source: SplitSource | undefined): Promise<RowKeys | null> => {
    if (source === undefined) return null;
    const keys = new RowKeys(texts);
    for await (const examples of source.rows.each()) {
      for (const example of examples) keys.add(example);
      staging.report('dividing rows', keys.length, source.rows.length);
      staging.signal.throwIfAborted();
    }
    return keys;
  };
  const train = await keysOf(sources.train);
  const given = { validation: await keysOf(sources.validation), test: await keysOf(sources.test) };
  const options: DivideOptions = { splitOf, holdOut, validation, subsample, fixes };
  try {
    return dividePlaces(train!, given, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(reportError(error));
    return null;
  }
}

/** The rows of a split; null where it has none. */
function partOf(
  split: Split,
  divided: DividedPlaces,
  sources: Partial<Record<Split, SplitSource>>,
): RowStream | null {
  if (split === 'train') return rowsAt(sources.train!.rows, divided.train);
  const part = divided[split];
  if (part === null) return null;
  return rowsAt(sources[part.of === 'own' ? split : 'train']!.rows, part.places);
}

/** @throws StorageError where a run is at work on the dataset, in any tab, and these are other rows than it has. */
async function refuseOtherRows(datasetId: string, trainSha256: () => Promise<string>): Promise<void> {
  for (const run of await runsAtWorkOn({ datasetId })) {
    if (run.rowsSha256 === null || run.rowsSha256 === (await trainSha256())) continue;
    throw new StorageError(
      `${run.name} is at work on this dataset, and its training rows would change.`,
      'Stop that run or wait for its end, then try again; or begin another dataset.',
    );
  }
}
