/** Which files belong together, and which are for training and which for testing. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { countMismatch } from './join.ts';
import type { DataFile, DatasetFile, RationalesFile } from './read-file.ts';
import { concatenate, pieceOf, sortChunks } from './several-files.ts';
import { guessSplit, splits as splitNames, type BySplit, type Split } from './split-name.ts';

export { guessSplit, splitNames, type BySplit, type Split };

export interface SplitFiles {
  dataset: DatasetFile;
  rationales: RationalesFile | null;
  /** Of other teachers, to the same rows. */
  others?: readonly RationalesFile[];
}

export interface Pairing {
  train: SplitFiles | null;
  validation: SplitFiles | null;
  test: SplitFiles | null;
  /** The split of every file as far as it is known, those that were left over included. */
  splits: Map<DataFile, Split | null>;
  /** The pieces of a dataset or a teacher's file that is put together of several, in their order; a whole file is its own. */
  pieces: ReadonlyMap<DataFile, readonly DataFile[]>;
  /** A file that was left over, and why, with what to do. */
  leftover: { file: DataFile; error: InputError }[];
}

/**
 * Sorts files into a train, a validation and a test split, each a dataset with its rationales where there are any. Files
 * that are called validation are for testing where no dataset is called test. Files whose names differ in a number alone
 * are pieces of one, unless each of them answers a whole dataset: then they are several teachers'.
 * A name that tells the split decides; then equal numbers of rows, where they leave no doubt; then the larger dataset
 * is for training. Never throws: what finds no place is in `leftover`.
 *
 * @param chosen What the person decided; it goes before the names.
 */
export function pairFiles(
  files: readonly DataFile[],
  chosen: ReadonlyMap<DataFile, Split> = new Map(),
): Pairing {
  const leftover: Pairing['leftover'] = [];
  const given = files.filter((file) => file.kind === 'dataset');
  const wholes = joinPieces(given, chosen, leftover);
  const datasets = wholes.map(({ whole }) => whole);
  const answers = joinPieces(
    files.filter((file) => file.kind === 'rationales'),
    chosen,
    leftover,
    (file) => datasets.some((dataset) => fits(dataset, file)),
  );
  const rationales = answers.map(({ whole }) => whole);
  const all: { whole: DataFile; pieces: readonly DataFile[] }[] = [...wholes, ...answers];
  const splits = new Map<DataFile, Split | null>();
  const said = ({ pieces }: { pieces: readonly DataFile[] }): Split | undefined => chosen.get(pieces[0]!);
  for (const one of all) splits.set(one.whole, said(one) ?? guessSplit(one.whole.file));
  if (!datasets.some((dataset) => splits.get(dataset) === 'test')) {
    for (const one of all)
      if (said(one) === undefined && splits.get(one.whole) === 'validation') splits.set(one.whole, 'test');
  }

  settleDatasets(datasets, rationales, splits);
  const taken: Record<Split, DatasetFile | null> = { train: null, validation: null, test: null };
  for (const dataset of datasets) {
    const split = splits.get(dataset) ?? null;
    const earlier = split === null ? null : taken[split];
    if (split !== null && earlier === null) taken[split] = dataset;
    else leftover.push({ file: dataset, error: surplusDataset(dataset, split, earlier) });
  }

  const pairs: Record<Split, SplitFiles | null> = { train: null, validation: null, test: null };
  for (const split of splitNames) {
    const dataset = taken[split];
    if (dataset !== null) pairs[split] = { dataset, rationales: null };
  }
  // Those whose split is known come first, so that a nameless file cannot take their place.
  const ordered = [...rationales].sort(
    (a, b) => Number(splits.get(a) === null) - Number(splits.get(b) === null),
  );
  for (const file of ordered) {
    const known = splits.get(file) ?? null;
    const possible = (known === null ? splitNames : [known]).filter((split) => pairs[split] !== null);
    const equal = possible.filter((split) => pairs[split]?.dataset.positions === file.positions);
    const fitting = equal.length > 0 ? equal : possible.filter((split) => fits(pairs[split]!.dataset, file));
    const free = fitting.filter((split) => pairs[split]?.rationales === null);
    // Where every dataset that it fits has answers, it is another teacher's.
    const candidates = free.length > 0 ? free : fitting;
    const only = candidates.length === 1 ? candidates[0]! : null;
    if (only !== null) {
      const pair = pairs[only]!;
      if (pair.rationales === null) pair.rationales = file;
      else pair.others = [...(pair.others ?? []), file];
      splits.set(file, only);
    } else leftover.push({ file, error: leftoverRationales(file, known, pairs) });
  }
  for (const { whole, pieces } of all)
    for (const piece of pieces) splits.set(piece, splits.get(whole) ?? null);
  return { ...pairs, splits, pieces: new Map(all.map(({ whole, pieces }) => [whole, pieces])), leftover };
}

/** Whether a teacher's file may answer a dataset: as many rows, or most of its rows by their ids or inputs. */
function fits(dataset: DatasetFile, file: RationalesFile): boolean {
  if (file.positions === dataset.positions) return true;
  const keys: readonly ((row: { id: string | null; input: string | null }) => string | null)[] = [
    ({ id }) => id,
    ({ input }) => input,
  ];
  return keys.some((keyOf) => {
    if (file.rows.length === 0 || keyOf(file.rows[0]!) === null || dataset.rows.length === 0) return false;
    const mine = new Set(dataset.rows.map(keyOf));
    mine.delete(null);
    return file.rows.filter((row) => mine.has(keyOf(row))).length * 2 >= file.rows.length;
  });
}

/**
 * Files of which some are pieces of one, in their order: names that differ in a number alone, and one split.
 * @param isWhole Whether a file is one by itself.
 */
function joinPieces<File extends DatasetFile | RationalesFile>(
  files: readonly File[],
  chosen: ReadonlyMap<DataFile, Split>,
  leftover: Pairing['leftover'],
  isWhole: (file: File) => boolean = () => false,
): { whole: File; pieces: readonly File[] }[] {
  const groups = new Map<string, File[]>();
  for (const file of files) {
    const stem = isWhole(file) ? null : pieceOf(file.file);
    const key = stem === null ? `=${groups.size}` : JSON.stringify([stem, file.layout, chosen.get(file)]);
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.values()].flatMap((pieces) => {
    const alone = pieces.map((file) => ({ whole: file, pieces: [file] }));
    if (pieces.length === 1) return alone;
    try {
      const order = sortChunks(pieces.map(({ file }) => file));
      const sorted = order.map((name) => pieces.find(({ file }) => file === name)!);
      return [{ whole: concatenate(sorted) as File, pieces: sorted }];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      leftover.push({ file: pieces[0]!, error });
      return alone;
    }
  });
}

/** Gives datasets whose names say nothing a split: from rationales of the same length, else what is free. */
function settleDatasets(
  datasets: readonly DatasetFile[],
  rationales: readonly RationalesFile[],
  splits: Map<DataFile, Split | null>,
): void {
  const silent = (): DatasetFile[] => datasets.filter((dataset) => splits.get(dataset) === null);
  const free = (): Split[] =>
    (['train', 'test'] as const).filter(
      (split) => !datasets.some((dataset) => splits.get(dataset) === split),
    );

  for (const dataset of silent()) {
    const told = new Set(
      rationales
        .filter((file) => file.positions === dataset.positions)
        .map((file) => splits.get(file) ?? null),
    );
    told.delete(null);
    const split = told.size === 1 ? [...told][0]! : null;
    const alone = datasets.filter((other) => other.positions === dataset.positions).length === 1;
    if (split !== null && alone && free().includes(split)) splits.set(dataset, split);
  }
  const rest = silent().sort((a, b) => b.positions - a.positions);
  const room = free();
  // With more datasets than places any choice would be a guess: then the person decides.
  if (rest.length <= room.length) rest.forEach((dataset, index) => splits.set(dataset, room[index]!));
}

function surplusDataset(dataset: DatasetFile, split: Split | null, earlier: DatasetFile | null): InputError {
  if (split === null || earlier === null) {
    return new InputError(
      'It is not clear whether this file is for training or for testing.',
      'Say which it is, or put “train” or “test” into its name.',
      { file: dataset.file },
    );
  }
  return new InputError(
    `${earlier.file} is the ${split} file already.`,
    'Remove one of the two, or say that this one is for the other split.',
    { file: dataset.file },
  );
}

function leftoverRationales(
  file: RationalesFile,
  known: Split | null,
  pairs: Record<Split, SplitFiles | null>,
): InputError {
  const where = { file: file.file };
  const count = formatCount(file.positions);
  const named = known === null ? null : pairs[known];
  const present = [pairs.train, pairs.validation, pairs.test].filter((pair) => pair !== null);
  if (present.length === 0 || (known !== null && named === null)) {
    return new InputError(
      `These are rationales for ${count} rows${known === null ? '' : ` (${known})`}, but the dataset that they explain is not here.`,
      `Add the ${known === null ? '' : `${known} `}dataset that they were made from.`,
      where,
    );
  }
  const fitting = present.filter(
    (pair) => pair.dataset.positions === file.positions && (named === null || named === pair),
  );
  if (fitting.length > 1) {
    return new InputError(
      `Both datasets have ${count} rows, so that it is not clear which of them these rationales explain.`,
      'Say which it is, or put “train” or “test” into the file’s name.',
      where,
    );
  }
  if (present.length === 1 || named !== null) return countMismatch((named ?? present[0]!).dataset, file);
  return new InputError(
    `These are rationales for ${count} rows, but the datasets have ${present
      .map((pair) => formatCount(pair.dataset.positions))
      .join(' and ')}.`,
    'Choose the rationales that were made from one of these datasets, whole and in its order.',
    where,
  );
}
