/** Counts that are worth a look before training: none of them stops anything. */
import type { Example } from './example.ts';

export type LintKind =
  /** The teacher answered nothing. */
  | 'teacher-label-blank'
  /** The teacher's label is one of the choices with the start of a list after it: its end was cut off. */
  | 'teacher-label-cut'
  /** The teacher's label is one of the choices but for upper and lower case. */
  | 'teacher-label-case'
  /** The teacher's label is none of the choices otherwise; blank ones are counted here too. */
  | 'teacher-label-unknown'
  /** The same input stood in an earlier row. */
  | 'input-repeated'
  /** No rationale: such a row teaches its label only. */
  | 'rationale-missing';

export interface LintNote {
  kind: LintKind;
  count: number;
  /** The examples' `row`, from 0. */
  rows: number[];
}

/** In the order in which notes are given. */
const kinds: readonly LintKind[] = [
  'teacher-label-blank',
  'teacher-label-cut',
  'teacher-label-case',
  'teacher-label-unknown',
  'input-repeated',
  'rationale-missing',
];

/**
 * Notes on the examples of one split; a kind that no row has is left out. The three kinds of teacher's labels that are
 * no choice are disjoint and need choices (`cos-e`); on CoS-E's train split they are 282, 123 and 43, together 448.
 */
export function lint(examples: readonly Example[]): LintNote[] {
  const found = new Map<LintKind, number[]>(kinds.map((kind) => [kind, []]));
  const seen = new Set<string>();
  for (const { row, input, rationale, teacherLabel, choices } of examples) {
    const note = (kind: LintKind): unknown => found.get(kind)!.push(row);
    if (teacherLabel?.trim() === '') note('teacher-label-blank');
    if (teacherLabel !== null && choices !== null) {
      const kind = outsideChoices(teacherLabel, choices);
      if (kind !== null) note(kind);
    }
    if (seen.has(input)) note('input-repeated');
    seen.add(input);
    if (rationale === null) note('rationale-missing');
  }
  return kinds.flatMap((kind) => {
    const rows = found.get(kind)!;
    return rows.length === 0 ? [] : [{ kind, count: rows.length, rows }];
  });
}

/**
 * How a label misses the choices; null where it is one of them. The authors' parser takes what stands between the first
 * `(x)` and the next bracket, so that "(a) country club or (b) …" becomes "country club or": a label is cut where it
 * is a choice, case aside, followed by a comma or by `or` or `and`.
 */
function outsideChoices(label: string, choices: readonly string[]): LintKind | null {
  if (choices.includes(label)) return null;
  const folded = choices.map((choice) => choice.toLowerCase());
  if (folded.includes(label.toLowerCase())) return 'teacher-label-case';
  const cut = /^(.+?)(?:,| or| and)$/.exec(label)?.[1];
  return cut !== undefined && folded.includes(cut.toLowerCase())
    ? 'teacher-label-cut'
    : 'teacher-label-unknown';
}
