/** The texts of a dataset whose pieces a reduced student needs. */

/** What reduction reads of a row: an `Example` has it all. */
export interface RowTexts {
  input: string;
  label: string;
  teacherLabel: string | null;
  rationale: string | null;
}

/**
 * Every text that training on these rows, or asking a student about them, can tokenise: the bare input, the input
 * behind each prefix, the labels, the rationale.
 */
export function* textsToKeep(rows: Iterable<RowTexts>, prefixes: readonly string[]): Generator<string> {
  yield* prefixes;
  for (const { input, label, teacherLabel, rationale } of rows) {
    yield input;
    for (const prefix of prefixes) yield prefix + input;
    yield label;
    if (teacherLabel !== null) yield teacherLabel;
    if (rationale !== null) yield rationale;
  }
}
