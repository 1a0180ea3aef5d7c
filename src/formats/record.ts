/** What a file holds, before anyone asks what it means: records, in order, each with its place in the file. */

export type FileRecord =
  | { kind: 'value'; line: number; value: unknown }
  /** A record that could not be read. It keeps its position, so that joins by position stay right. */
  | { kind: 'refused'; line: number; reason: string }
  /** Something wrong between or after the records. It takes no position. */
  | { kind: 'stray'; line: number; reason: string };

/** How the records are written down. */
export type ContainerKind = 'json' | 'jsonl' | 'csv' | 'tsv' | 'parquet' | 'arrow';

/** Something about a file that a person should know and that stops nothing. */
export interface FormatNote {
  /** A short name of the kind, the same for every file. */
  kind: string;
  /** A sentence. */
  text: string;
}
