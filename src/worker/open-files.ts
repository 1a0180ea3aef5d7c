/** The files of a dataset, opened: dropped ones and those that are stored. */
import { breathe } from '../base/breathe.ts';
import type { ColumnMap } from '../data/column-map.ts';
import { headOf, layoutKey, type FileHead } from '../data/file-head.ts';
import { readContainer, UnknownLayoutError, type DataFile } from '../data/read-file.ts';
import type { DatasetReading } from '../data/reading.ts';
import type { Split } from '../data/split.ts';
import { openSources } from '../data/sources.ts';
import { readTaught, type TaughtRow } from '../data/taught.ts';
import { readDataFiles } from '../store/datasets.ts';
import type { DataFileRecord, DatasetRecord } from '../store/records.ts';
import { readLarge, type LargeFile, type Staging } from './large-files.ts';

/** Refusals kept in a record: a file of another kind may refuse every row. */
export const refusalsKept = 1000;

/** What one file, or one within an archive, was read as. */
export interface ReadFile {
  /** As people are told it. */
  name: string;
  /** Its name within the archive, where it is in one. */
  within: string | null;
  /** Null until the columns are assigned. */
  parsed: DataFile | null;
  /** Why it is not known; null where it is. */
  unread: string | null;
  map: ColumnMap | null;
  head: FileHead | null;
  /** Of a large file, whose rows are not in `parsed`. */
  large: LargeFile | null;
}

export interface OpenFile extends ReadFile {
  id: string;
  blob: Blob;
  /** What the person said; null leaves it to names and row counts. */
  split: Split | null;
}

/** The reasons that a teacher was asked for in this browser: they are laid over what the files say. */
export interface TaughtFile {
  id: string;
  name: string;
  blob: Blob;
  rows: readonly TaughtRow[];
}

/** All that a dataset is made of. */
export interface Opened {
  files: readonly OpenFile[];
  taught: readonly TaughtFile[];
}

/** What a person said of how files are read, beyond their columns. */
export type ReadBy = Pick<DatasetReading, 'completions' | 'splitColumn'>;

/** Which map a file is read by; null for none. */
type MapOf = (within: string | null, head: FileHead) => ColumnMap | null;

/**
 * What a dropped file holds: one file of rows, or those of an archive.
 * @param wanted Of an archive, the file that is asked for; left out, all.
 * @throws InputError where one cannot be read, with the map that it was given or without one.
 */
export async function openFile(
  name: string,
  blob: Blob,
  mapOf: MapOf,
  staging: Staging,
  { completions, splitColumn }: ReadBy = {},
  wanted?: string | null,
): Promise<ReadFile[]> {
  const how = { splitColumn, ...(completions === undefined ? {} : { completions }) };
  const opened: ReadFile[] = [];
  for (const source of await openSources(name, blob)) {
    await breathe();
    const within = source.file === name ? null : source.file.slice(name.length + 1);
    if (wanted !== undefined && wanted !== within) continue;
    const given = (head: FileHead): ColumnMap | null => mapOf(within, head);
    if (source.kind === 'stream') {
      const large = await readLarge(source.stream, given, staging, how);
      const { data: parsed, unread, map, head } = large;
      opened.push({ name: source.file, within, parsed, unread, map, head, large });
      continue;
    }
    const { container } = source;
    const head = headOf(container);
    const map = head === null ? null : given(head);
    const options = { map, ...how };
    const known = { name: container.file, within, map, head, large: null };
    try {
      opened.push({ ...known, parsed: readContainer(container, options), unread: null });
    } catch (error) {
      if (!(error instanceof UnknownLayoutError) || head === null || head.columns.length === 0) throw error;
      opened.push({ ...known, parsed: null, unread: error.problem });
    }
  }
  return opened;
}

/**
 * What a dataset's stored files hold.
 * @param mapped Another map for the files of one layout of columns; null reads them as they are recognised.
 * @param replaced Names of files that are left out, since others take their place.
 */
export async function reopen(
  record: DatasetRecord,
  staging: Staging,
  mapped: { like: FileHead; map: ColumnMap | null } | null = null,
  replaced: readonly string[] = [],
): Promise<Opened> {
  const blobs = await readDataFiles(record.id);
  const files: OpenFile[] = [];
  const taught: TaughtFile[] = [];
  for (const [index, file] of record.files.entries()) {
    const blob = blobs.get(file.id);
    if (!blob || replaced.includes(file.name)) continue;
    staging.report(`reading ${file.name}`, index, record.files.length);
    if (file.layout === 'taught') {
      const { id, name } = file;
      taught.push({ id, name, blob, rows: readTaught(await blob.text()) });
      continue;
    }
    const name = file.within === undefined ? file.name : file.name.slice(0, -file.within.length - 1);
    const mapOf: MapOf = (within, head) => {
      if (within !== (file.within ?? null)) return null;
      if (mapped !== null && layoutKey(mapped.like) === layoutKey(head)) return mapped.map;
      return file.map ?? null;
    };
    const wanted = file.within ?? null;
    const [opened] = await openFile(name, blob, mapOf, staging, record.reading, wanted);
    if (opened === undefined) continue;
    files.push({ id: file.id, blob, split: file.splitChosen ? file.split : null, ...opened });
  }
  return { files, taught };
}

export function fileRecord(
  { id, blob, split: chosen, name, parsed, within, map, unread, head, large }: OpenFile,
  split: Split | null,
): DataFileRecord {
  return {
    id,
    name,
    sizeBytes: blob.size,
    layout: parsed?.layout ?? 'mapped',
    ...(within === null ? {} : { within }),
    split: parsed === null ? chosen : split,
    splitChosen: chosen !== null,
    rows: large?.count ?? parsed?.rows.length ?? 0,
    refused: parsed?.refused.slice(0, refusalsKept) ?? [],
    ...(map === null ? {} : { map }),
    ...(unread === null ? {} : { unread }),
    ...(head === null ? {} : { head }),
  };
}

export function taughtRecord({ id, name, blob, rows }: TaughtFile): DataFileRecord {
  return {
    id,
    name,
    sizeBytes: blob.size,
    layout: 'taught' as const,
    split: 'train' as const,
    splitChosen: true,
    rows: rows.length,
    refused: [],
  };
}

/** What a dataset of these files is called: as its largest file of rows. */
export function nameOf(files: readonly OpenFile[]): string {
  const rowsOf = ({ parsed }: OpenFile): number =>
    parsed === null || parsed.kind === 'rationales' ? 0 : parsed.positions;
  const [main] = [...files].sort((a, b) => rowsOf(b) - rowsOf(a));
  const name = main?.name ?? 'dataset';
  return name.replace(/\.[a-z]+$/i, '').replace(/[_.-]?(train|test|validation|valid|dev)$/i, '') || name;
}
