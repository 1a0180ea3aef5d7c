/** What a layout is: how one row of a file looks, and what is taken from it. */
import type { Example } from '../example.ts';

export type JsonObject = Record<string, unknown>;

/** What a dataset's row gives; its place in the file is added by the reader. */
export type ExampleColumns = Omit<Example, 'row'>;

/** What a teacher's row gives. */
export interface RationaleColumns {
  /** Null where the teacher explained nothing. */
  rationale: string | null;
  /** What the teacher answered; may be blank, which counts as wrong. */
  label: string;
}

/** A row, or why it cannot be used: a clause for people, with what to do. */
export type Reading<Row> = { ok: true; row: Row } | { ok: false; reason: string };

interface LayoutBase {
  /** What people call it. */
  title: string;
  /** Columns by which it is recognised; a row without one of them is refused. */
  required: readonly string[];
  optional: readonly string[];
}

export interface DatasetLayout extends LayoutBase {
  kind: 'dataset';
  layout: 'cos-e' | 'rows';
  read(value: JsonObject): Reading<ExampleColumns>;
}

export interface RationalesLayout extends LayoutBase {
  kind: 'rationales';
  layout: 'rationales';
  read(value: JsonObject): Reading<RationaleColumns>;
}

export type AnyLayout = DatasetLayout | RationalesLayout;
