/** Which worked answers a teacher is shown. */
import type { Example } from '../data/example.ts';
import type { Demonstration } from './prompt.ts';

/** Rows that can show how to answer: with a rationale, by which the teacher came to the right label, or whose label is not known. */
export function demonstrationsIn(rows: readonly Example[]): (Demonstration & Pick<Example, 'row'>)[] {
  return rows.flatMap(({ row, input, label, choices, rationale, teacherLabel }) =>
    rationale === null || (teacherLabel !== null && teacherLabel !== label)
      ? []
      : [{ row, input, label, choices, rationale }],
  );
}
