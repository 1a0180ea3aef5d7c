/** A file as rows of one layout: what was read of it. */
import type { CompletionMode } from './completions.ts';
import type { DatasetLayoutId, Refusal, TeacherLayoutId } from './example.ts';
import type { ExampleColumns, RationaleColumns } from './layouts/layout.ts';
import type { Note } from './notes.ts';
import type { Split } from './split-name.ts';

/** A dataset's row: its position, from 0, and the line on which it begins, from 1. */
export interface ExampleRow extends ExampleColumns {
  row: number;
  line: number;
}

/** A teacher's row: `row` is its position, from 0; `line` is where it begins, from 1. */
export interface RationaleRow extends RationaleColumns {
  row: number;
  line: number;
}

export interface FileBase {
  /** As the person named it. */
  file: string;
  /** How its records are written. */
  container: string;
  /** Why this layout was taken, as a sentence. */
  because: string;
  /** Records in the file, refused ones included. */
  positions: number;
  refused: Refusal[];
  /** What was changed or noticed while it was read. */
  notes: Note[];
}

export interface DatasetFile extends FileBase {
  kind: 'dataset';
  layout: DatasetLayoutId;
  rows: ExampleRow[];
  /** The split of each row by its position, where a column says it. */
  splitOf?: ReadonlyMap<number, Split>;
}

export interface RationalesFile extends FileBase {
  kind: 'rationales';
  layout: TeacherLayoutId | DatasetLayoutId;
  rows: RationaleRow[];
  completions: CompletionMode;
}

export type DataFile = DatasetFile | RationalesFile;
