/** What a layout is: how one row of a file looks, and what is taken from it. */
import type { DatasetLayoutId, TeacherLayoutId } from '../example.ts';

export type JsonObject = Record<string, unknown>;

/** What a dataset's row gives; its place in the file is added by the reader. */
export interface ExampleColumns {
  id: string | null;
  input: string;
  /** Null where the row has no true answer: it cannot be trained on, and is counted. */
  label: string | null;
  rationale: string | null;
  teacherLabel: string | null;
  question: string | null;
  choices: readonly string[] | null;
}

/** What a teacher's row gives. */
export interface RationaleColumns {
  id: string | null;
  /** The input that the teacher's file repeats, where it does. */
  input: string | null;
  /** Null where the teacher explained nothing. */
  rationale: string | null;
  /** What the teacher answered; blank counts as wrong. Null where the file has no answers, only reasons. */
  label: string | null;
  /** The teacher's own words, where reason and answer have to be found in them: see `completions.ts`. */
  completion: string | null;
}

/** A row, or why it cannot be used: a clause for people, with what to do. */
export type Reading<Row> = { ok: true; row: Row } | { ok: false; reason: string };

/** What was changed in a row to read it, or what it says of itself: told with its count, never in silence. */
export type Change =
  | 'label-trimmed'
  | 'label-number'
  | 'label-boolean'
  | 'label-letter'
  | 'list-as-text'
  | 'answer-cut-off'
  /** The row says that its label was given, and the reason for it asked for ("rationalised": true). */
  | 'rationalised';

export interface ReadContext {
  tell(change: Change): void;
  /** Names of classes by column, where the file has them. */
  classLabels: ReadonlyMap<string, readonly string[]>;
  /** Told each column that is used. */
  use(column: string): void;
}

interface LayoutBase {
  /** What people call it. */
  title: string;
  /** Columns by which it is recognised; a row without one of them is refused. */
  required: readonly string[];
  optional: readonly string[];
  /** Further conditions of a record that has the required columns, or a rule in their place. */
  matches?(record: JsonObject): boolean;
}

export interface DatasetLayout extends LayoutBase {
  kind: 'dataset';
  layout: DatasetLayoutId;
  read(value: JsonObject, context: ReadContext): Reading<ExampleColumns>;
}

export interface RationalesLayout extends LayoutBase {
  kind: 'rationales';
  layout: TeacherLayoutId;
  read(value: JsonObject, context: ReadContext): Reading<RationaleColumns>;
}

export type AnyLayout = DatasetLayout | RationalesLayout;
