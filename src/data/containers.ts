/** Opens a dropped or named file: which container it is, by its bytes, and the records in it. No record is understood here. */
import { InputError } from '../base/errors.ts';
import { detectEncoding, TextStream } from '../formats/encoding.ts';
import { splitRecords } from '../formats/json-records.ts';
import type { ContainerKind, FileRecord, FormatNote } from '../formats/record.ts';
import { whyUnreadable } from './unreadable.ts';

export interface Container {
  /** As people are told it; within an archive with the archive before it: `data.zip/train.csv`. */
  file: string;
  kind: ContainerKind;
  packed: 'gzip' | 'zstd' | 'zip' | null;
  /** The text's encoding by its WHATWG label; null where the container is no text. */
  encoding: string | null;
  /** Where the container itself names columns (the head of a CSV, a schema), their names in order. */
  columns: string[] | null;
  /**
   * Names of a column's classes, by column, where the file says them: the number n in a row means the nth name, from 0.
   * What counts as no label there (-1) is a number without a name.
   */
  classLabels?: Record<string, string[]>;
  /** In order. `line` is the line of a text file, or the number of the row, from 1. */
  records: FileRecord[];
  notes: FormatNote[];
  /** The text, kept where it is one JSON object: a list inside can be split with its lines (`splitListUnder`). */
  text: string | null;
}

export interface OpenOptions {
  /** The encoding of texts that carry no byte order mark. */
  encoding?: string;
}

/**
 * Opens a file by what is in it, never by its name. A file that holds several (a zip) gives several.
 *
 * @param file What people call the file.
 * @throws InputError which says what the file is, and what to do, where there are no records to be had.
 */
export async function openContainers(
  file: string,
  content: Uint8Array | Blob,
  options: OpenOptions = {},
): Promise<Container[]> {
  const bytes = content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : content;
  const { encoding, markBytes, note } = detectEncoding(file, bytes, options.encoding);
  const unreadable = encoding === 'utf-8' ? whyUnreadable(new TextDecoder().decode(bytes)) : null;
  if (unreadable !== null) throw new InputError(unreadable.problem, unreadable.remedy, { file });
  const stream = new TextStream(file, encoding);
  const text = stream.next(bytes.subarray(markBytes)) + stream.next();
  const records = splitRecords(text);
  const [first] = records;
  const kind = records.length > 1 && first?.kind === 'value' && !/^\s*\[/.test(text) ? 'jsonl' : 'json';
  return [
    {
      file,
      kind,
      packed: null,
      encoding,
      columns: null,
      records,
      notes: note === null ? [] : [note],
      text: records.length === 1 && first?.kind === 'value' ? text : null,
    },
  ];
}
