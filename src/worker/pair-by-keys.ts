/** Which files of rows that are not held belong together, by their ids and inputs alone. */
import type { DataFile } from '../data/read-file.ts';
import { ShortKeys } from '../data/short-keys.ts';
import { pairFiles, type Pairing, type Split, type SplitFiles } from '../data/split.ts';
import type { OpenFile } from './open-files.ts';

/** As `pairFiles`, whose files are those of `files`; null where some of them are pieces of one, whose rows are needed. */
export async function pairByKeys(
  files: readonly OpenFile[],
  chosen: ReadonlyMap<DataFile, Split>,
): Promise<Pairing | null> {
  const keys = new ShortKeys();
  const known = new Map<DataFile, DataFile>();
  const chosenKeyed = new Map<DataFile, Split>();
  for (const { parsed, large } of files) {
    if (parsed === null) continue;
    const isHeld = large === null || parsed.rows.length > 0;
    const keyed: DataFile =
      parsed.kind === 'dataset'
        ? {
            ...parsed,
            rows: await mapped(isHeld ? [parsed.rows] : large.eachRows(), ({ row, line, id, input }) => ({
              row,
              line,
              id: keys.of(id),
              input: keys.of(input) ?? '',
              label: null,
              rationale: null,
              teacherLabel: null,
              question: null,
              choices: null,
            })),
          }
        : {
            ...parsed,
            rows: await mapped(
              isHeld ? [parsed.rows] : (large.taught?.each() ?? []),
              ({ row, line, id, input }) => ({
                row,
                line,
                id: keys.of(id),
                input: keys.of(input),
                rationale: null,
                label: null,
                completion: null,
              }),
            ),
          };
    known.set(keyed, parsed);
    const split = chosen.get(parsed);
    if (split !== undefined) chosenKeyed.set(keyed, split);
  }
  const pairing = pairFiles([...known.keys()], chosenKeyed);
  if ([...pairing.pieces.values()].some((pieces) => pieces.length > 1)) return null;
  const own = <File extends DataFile>(file: File): File => known.get(file) as File;
  const pairOf = (pair: SplitFiles | null): SplitFiles | null =>
    pair && {
      dataset: own(pair.dataset),
      rationales: pair.rationales && own(pair.rationales),
      ...(pair.others === undefined ? {} : { others: pair.others.map(own) }),
    };
  return {
    train: pairOf(pairing.train),
    validation: pairOf(pairing.validation),
    test: pairOf(pairing.test),
    splits: new Map([...pairing.splits].map(([file, split]) => [own(file), split])),
    pieces: new Map([...known.values()].map((file) => [file, [file]])),
    leftover: pairing.leftover.map(({ file, error }) => ({ file: own(file), error })),
  };
}

async function mapped<Row, Mapped>(
  slices: Iterable<readonly Row[]> | AsyncIterable<readonly Row[]>,
  map: (row: Row) => Mapped,
): Promise<Mapped[]> {
  const rows: Mapped[] = [];
  for await (const slice of slices) for (const row of slice) rows.push(map(row));
  return rows;
}
