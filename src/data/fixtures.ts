/** Small files for the tests of this room. */
import { InputError } from '../base/errors.ts';
import { openContainers } from './containers.ts';
import { joinTeacher } from './join.ts';
import {
  asDataset,
  asRationales,
  type DatasetFile,
  readContainer,
  readDataFile,
  type RationalesFile,
} from './read-file.ts';

/** Generic rows `i0` … with labels `l0` …. */
export function datasetOf(file: string, count: number): DatasetFile {
  const rows = Array.from({ length: count }, (_, row) => ({ input: `i${row}`, label: `l${row}` }));
  return asDataset(readDataFile(file, JSON.stringify(rows)));
}

/** Rationales `r0` … whose labels are those of `datasetOf`. */
export function rationalesOf(file: string, count: number): RationalesFile {
  const rows = Array.from({ length: count }, (_, row) => ({ rationale: `r${row}`, label: `l${row}` }));
  return asRationales(readDataFile(file, JSON.stringify(rows)));
}

/** What becomes of an awkward file, called `f`: its rows and what is said beside them, or one error. */
export type Outcome =
  | {
      rows: [input: string, label: string | null][];
      refused: [line: number, reason: string][];
      notes: string[];
    }
  | { error: InputError };

/** A file on its way into the studio or the terminal: opened, read and joined. Any error but an InputError is thrown. */
export async function outcomeOf(content: Uint8Array | string): Promise<Outcome> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const outcome: Exclude<Outcome, { error: InputError }> = { rows: [], refused: [], notes: [] };
  try {
    for (const container of await openContainers('f', bytes)) {
      const data = asDataset(readContainer(container));
      const { examples, unlabelled, refused } = joinTeacher(data, null);
      for (const { input, label } of [...examples, ...unlabelled].sort((a, b) => a.row - b.row))
        outcome.rows.push([input, label]);
      for (const { line, reason } of refused) outcome.refused.push([line, reason]);
      for (const { kind } of data.notes) outcome.notes.push(kind);
      // Each position is a row or a refusal: nothing is dropped in silence.
      if (examples.length + unlabelled.length + refused.length < data.positions)
        throw new Error(`rows of ${container.file} are lost`);
    }
    return outcome;
  } catch (error) {
    if (error instanceof InputError) return { error };
    throw error;
  }
}
