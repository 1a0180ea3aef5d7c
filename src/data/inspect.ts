/** What `headless inspect` prints of a file, as JSON. */
import type { Layout, Refusal, Tally } from './example.ts';
import {
  joinTeacher,
  teacherFiles,
  type JoinKey,
  type Joined,
  type JoinOptions,
  type Teachers,
} from './join.ts';
import { lint } from './lint.ts';
import type { Note } from './notes.ts';
import { asDataset, type DataFile } from './read-file.ts';

/** One row as it would be learned; `row` is its position in the file, from 0. */
export interface InspectedRow {
  row: number;
  id: string | null;
  input: string | null;
  label: string | null;
  rationale: string | null;
  teacherLabel: string | null;
  choices: readonly string[] | null;
}

export interface Inspection {
  layout: Layout;
  container: string;
  /** Rows that were read, those without a true answer counted. */
  rows: number;
  /** Of both files, each with its name and the line. */
  refused: (Refusal & { file: string })[];
  notes: Note[];
  /** Null without a teacher's file. */
  join: { by: JoinKey; moved: number } | null;
  teacher: Tally | null;
  examples: InspectedRow[];
}

/** Rows that are shown where no number is given. */
const examplesShown = 3;

/**
 * Sums up a file, joined with its rationales where they are given.
 *
 * @param examples How many rows to show.
 * @throws InputError where `data` itself holds rationales and others are given, or where the two do not fit.
 */
export function inspection(
  data: DataFile,
  rationales: Teachers,
  { examples = examplesShown, ...options }: JoinOptions & { examples?: number } = {},
): Inspection {
  if (teacherFiles(rationales).length === 0 && data.kind === 'rationales') {
    const { layout, container, rows, refused, notes, file } = data;
    return {
      layout,
      container,
      rows: rows.length,
      refused: refused.map((refusal) => ({
        file: refusal.file ?? file,
        line: refusal.line,
        reason: refusal.reason,
      })),
      notes,
      join: null,
      teacher: null,
      examples: rows.slice(0, examples).map(({ row, id, input, rationale, label }) => ({
        row,
        id,
        input,
        label: null,
        rationale,
        teacherLabel: label,
        choices: null,
      })),
    };
  }
  const dataset = asDataset(data);
  const joined = joinTeacher(dataset, rationales, options);
  return {
    layout: dataset.layout,
    container: dataset.container,
    rows: dataset.rows.length,
    refused: joined.refused.map(({ file, line, reason }) => ({ file, line, reason })),
    notes: [...joined.notes, ...lint(joined.examples)],
    join: joined.join,
    teacher: joined.teacher,
    examples: inspectedRows(joined).slice(0, examples),
  };
}

/** All rows of a split in their order, those without a true answer too. */
export function inspectedRows({ examples, unlabelled, ids }: Joined): InspectedRow[] {
  return [...examples, ...unlabelled]
    .sort((a, b) => a.row - b.row)
    .map(({ row, input, label, rationale, teacherLabel, choices }) => ({
      row,
      id: ids.get(row) ?? null,
      input,
      label,
      rationale,
      teacherLabel,
      choices,
    }));
}
