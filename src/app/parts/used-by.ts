/** Which runs the removal of a dataset or a student touches, and what becomes of them. */
import type { SharedThing } from '../../store/locks.ts';
import type { RunRecord } from '../../store/records.ts';
import { plural } from '../words.ts';

/** More names than this are counted, not listed. */
const mostNames = 5;

const after = {
  dataset:
    'They keep their curves and weights, and can be asked and taken away; to be resumed or compared they need these rows back.',
  student:
    'They keep their curves and weights, and can be asked and taken away; to be resumed or compared they need it back, which dropping the same folder again does.',
} as const;

/** Sentences, for the dialog that asks. */
export function usedByWords(thing: SharedThing, id: string, runs: readonly RunRecord[]): string {
  const key = thing === 'dataset' ? 'datasetId' : 'studentId';
  const names = runs.filter((run) => run[key] === id).map(({ name }) => name);
  if (names.length === 0) return 'No run needs it.';
  const more = names.length - mostNames;
  const listed = names.slice(0, mostNames).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return `${plural(names.length, 'run')} ${names.length === 1 ? 'was' : 'were'} trained with it: ${listed}. ${after[thing]}`;
}
