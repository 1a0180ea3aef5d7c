/** Small files for the tests of this room. */
import { asDataset, asRationales, type DatasetFile, readDataFile, type RationalesFile } from './read-file.ts';

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
