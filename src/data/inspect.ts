/** What `headless inspect` prints of a file, as JSON. */
import type { Layout, Refusal, Tally } from './example.ts';
import { joinTeacher } from './join.ts';
import { asDataset, type DataFile, type RationalesFile } from './read-file.ts';

export interface Inspection {
  layout: Layout;
  /** Rows that can be used. */
  rows: number;
  /** Lines are the inspected file's; where a reason begins with another file's name, they are that file's. */
  refused: Refusal[];
  teacher: Tally | null;
}

/**
 * Sums up a file, joined with its rationales where they are given.
 *
 * @throws InputError where `data` itself holds rationales and others are given, or where the two do not fit.
 */
export function inspection(data: DataFile, rationales: RationalesFile | null): Inspection {
  if (rationales === null && data.kind === 'rationales') {
    const { layout, rows, refused } = data;
    return {
      layout,
      rows: rows.length,
      refused: refused.map(({ line, reason }) => ({ line, reason })),
      teacher: null,
    };
  }
  const dataset = asDataset(data);
  const joined = joinTeacher(dataset, rationales);
  return {
    layout: dataset.layout,
    rows: joined.examples.length,
    refused: joined.refused.map(({ file, line, reason }) => ({
      line,
      reason: file === dataset.file ? reason : `${file}: ${reason}`,
    })),
    teacher: joined.teacher,
  };
}
