/** Several files of one kind as one: chunks of a teacher's answers, shards of a dataset. */
import { InputError } from '../base/errors.ts';
import type { DataFile, DatasetFile, RationalesFile } from './read-file.ts';
import type { Split } from './split-name.ts';
import { listed, quoted } from './words.ts';

/** The last number in a file's name, by which chunks follow each other; null where there is none. */
function chunkNumber(file: string): number | null {
  const digits = /(\d+)(?:-of-\d+)?\D*$/.exec(
    file.replace(/^.*[\\/]/, '').replace(/(\.[a-z]\w*)+$/i, ''),
  )?.[1];
  return digits === undefined ? null : Number(digits);
}

/**
 * Files in the order of the numbers in their names, where all have one and all names are alike otherwise; else as they
 * are.
 * @throws InputError naming a number that is missing between others.
 */
export function sortChunks(files: readonly string[]): string[] {
  const chunks = files.map((file) => ({ file, number: chunkNumber(file) }));
  const stem = (file: string): string => file.replace(/\d+/g, '#');
  if (
    files.length < 2 ||
    chunks.some(({ number }) => number === null) ||
    new Set(files.map(stem)).size > 1 ||
    new Set(chunks.map(({ number }) => number)).size < files.length
  )
    return [...files];
  const sorted = chunks.sort((a, b) => a.number! - b.number!);
  for (const [index, { file, number }] of sorted.entries()) {
    const before = sorted[index - 1]?.number;
    if (before === undefined || before === null || number === before + 1) continue;
    throw new InputError(
      `Number ${before + 1} is missing between the files: ${listed(files.map((name) => quoted(name, 60)))}.`,
      'Name all of them; rows would be joined to the wrong ones without it.',
      { file },
    );
  }
  return sorted.map(({ file }) => file);
}

/** A name without its numbers, by which pieces of one file are known; null where it has none. */
export function pieceOf(file: string): string | null {
  return chunkNumber(file) === null ? null : file.replace(/\d+/g, '#');
}

/**
 * The rows of several files, one after the other, their positions counted on.
 * @throws InputError where files of rows and files of rationales are mixed.
 */
export function concatenate(files: readonly DataFile[]): DataFile {
  const [first, ...rest] = files;
  if (rest.length === 0) return first!;
  const other = rest.find(({ kind }) => kind !== first!.kind);
  if (other !== undefined) {
    throw new InputError(
      `This file holds ${other.kind === 'dataset' ? 'rows' : 'a teacher’s rationales'}, but ${first!.file} ${first!.kind === 'dataset' ? 'rows' : 'a teacher’s rationales'}.`,
      'Name files of one kind together.',
      { file: other.file },
    );
  }
  return first!.kind === 'dataset'
    ? joinRows(first!, files as readonly DatasetFile[])
    : joinRows(first!, files as readonly RationalesFile[]);
}

function joinRows<File extends DatasetFile | RationalesFile>(first: File, files: readonly File[]): File {
  let offset = 0;
  const rows: File['rows'][number][] = [];
  const refused: File['refused'] = [];
  const notes: File['notes'] = [];
  const splitOf = new Map<number, Split>();
  for (const file of files) {
    if (file.kind === 'dataset')
      for (const [row, split] of file.splitOf ?? []) splitOf.set(row + offset, split);
    for (const row of file.rows) rows.push({ ...row, row: row.row + offset });
    for (const refusal of file.refused) refused.push({ ...refusal, file: file.file });
    for (const note of file.notes) notes.push({ ...note, rows: note.rows.map((row) => row + offset) });
    offset += file.positions;
  }
  return { ...first, positions: offset, rows, refused, notes, ...(splitOf.size === 0 ? {} : { splitOf }) };
}
