/** Counts that are worth a look before training: none of them stops anything. */
import { choicesWithin, findChoice, letterIndex } from './choices.ts';
import type { Example } from './example.ts';
import { note as noteOf, type Note } from './notes.ts';
import { numberValue } from './number-value.ts';

const words = {
  'teacher-label-blank': (one) => (one ? 'teacher’s label is blank' : 'teacher’s labels are blank'),
  'teacher-label-cut': (one) => `teacher’s ${one ? 'label is' : 'labels are'} a choice with its end cut off`,
  'teacher-label-case': (one) =>
    `teacher’s ${one ? 'label is' : 'labels are'} a choice but for upper and lower case`,
  'teacher-label-unknown': (one) => `teacher’s ${one ? 'label is' : 'labels are'} none of the choices`,
  'teacher-label-letter': (one) =>
    one
      ? 'teacher’s label is a letter where the true one is text'
      : 'teacher’s labels are letters where the true ones are text',
  'teacher-number-notation': (one) =>
    one
      ? 'teacher’s label is the true number in another notation'
      : 'teacher’s labels are the true numbers in another notation',
  'teacher-spelling': (one) =>
    `teacher’s ${one ? 'label is the true one' : 'labels are the true ones'} but for case, spaces or a final stop`,
  'teacher-from-gold': () =>
    'rows have the true label as the teacher’s, and most of them the same rationale: was the teacher’s file made from the true labels?',
  'rationale-repeated': (one) =>
    one ? 'row has a rationale that other rows have too' : 'rows have one and the same rationale',
  'label-no-choice': (one) =>
    one ? 'true label is none of its choices' : 'true labels are none of their choices',
  'label-letters': (one) =>
    one
      ? 'true label is a letter of the choices in the input'
      : 'true labels are letters of the choices in the input: a student learns letters, not answers',
  'label-no-value': (one) =>
    one
      ? 'label looks like “no value” written out'
      : 'labels look like “no value” written out (None, null, NA, nan, -1)',
  'label-one-class': () => 'rows have the same label: there is nothing to tell apart',
  'label-contradicting': (one) =>
    one
      ? 'row has an input of an earlier row with another label'
      : 'rows have an input of an earlier row with another label',
  'choices-repeated': (one) => (one ? 'row has a choice twice' : 'rows have a choice twice'),
  'text-twice-encoded': (one) =>
    one
      ? 'row has text that looks twice encoded (Ã¼, â€™)'
      : 'rows have text that looks twice encoded (Ã¼, â€™)',
  'text-undecodable': (one) =>
    one
      ? 'row has a character that could not be decoded (U+FFFD)'
      : 'rows have characters that could not be decoded (U+FFFD)',
  'rationale-other-choice': (one) =>
    one
      ? 'rationale names another choice, but not its own label'
      : 'rationales name another choice, but not their own label',
  'rationale-unfinished': (one) =>
    one
      ? 'rationale ends in an open bracket, quote or comma'
      : 'rationales end in an open bracket, quote or comma',
  'rationale-marker': (one) =>
    one ? 'rationale has “the answer is” in it' : 'rationales have “the answer is” in them',
  'input-repeated': (one) => (one ? 'input stood in an earlier row' : 'inputs stood in an earlier row'),
  'input-nearly-repeated': (one) =>
    one
      ? 'input stood in an earlier row but for case and spaces'
      : 'inputs stood in an earlier row but for case and spaces',
  'input-leaks': (one) => (one ? 'test input is a training row too' : 'test inputs are training rows too'),
  'rationale-missing': (one) => (one ? 'row has no rationale' : 'rows have no rationale'),
} satisfies Record<string, (one: boolean) => string>;

export type LintKind = keyof typeof words;
export type LintNote = Note<LintKind>;

/** In the order in which notes are given. */
const kinds = Object.keys(words) as LintKind[];

/** What a note counts; the count stands before it. */
export function lintWords(kind: LintKind, count: number): string {
  return words[kind](count === 1);
}

/** Rows below which a share of all rows says nothing. */
const fewRows = 5;
const noValues = new Set(['none', 'null', 'na', 'n/a', 'nan', '-', '#n/a', 'undefined']);
/** Labels below which there are classes, so that -1 stands for none of them. */
const fewClasses = 10;
/** UTF-8 that was read as windows-1252 and written again. */
const twiceEncoded = /Ã[\u0080-\u00BF]|â€[\u0080-\uFFFF]|Â[\u00A0-\u00BF]/;

/**
 * Notes on the examples of one split; a kind that no row has is left out. The three kinds of teacher's labels that are
 * no choice are disjoint and need choices; on CoS-E's train split they are 282, 123 and 43, together 448.
 */
export function lint(examples: readonly Example[]): LintNote[] {
  const found = new Map<LintKind, number[]>(kinds.map((kind) => [kind, []]));
  const note = (kind: LintKind, row: number): unknown => found.get(kind)!.push(row);
  const seen = new Map<string, string>();
  const near = new Set<string>();
  const classes = new Set(examples.map(({ label }) => label));
  for (const example of examples) {
    const { row, input, label, rationale, teacherLabel, choices } = example;
    if (teacherLabel?.trim() === '') note('teacher-label-blank', row);
    else if (teacherLabel !== null && teacherLabel !== label) noteDifference(example, note);
    if (teacherLabel !== null && choices !== null) {
      const kind = outsideChoices(teacherLabel, choices);
      if (kind !== null) note(kind, row);
    }
    if (choices !== null) {
      if (!choices.some((choice) => choice.trim() === label.trim())) note('label-no-choice', row);
      if (new Set(choices).size < choices.length) note('choices-repeated', row);
      if (rationale !== null && namesAnother(rationale, teacherLabel ?? label, choices))
        note('rationale-other-choice', row);
    }
    if (noValues.has(label.trim().toLowerCase()) || (label.trim() === '-1' && classes.size <= fewClasses))
      note('label-no-value', row);
    const texts = [input, label, rationale ?? '', teacherLabel ?? ''];
    if (texts.some((text) => twiceEncoded.test(text))) note('text-twice-encoded', row);
    if (texts.some((text) => text.includes('\ufffd'))) note('text-undecodable', row);
    const folded = input.toLowerCase().replace(/\s+/g, ' ').trim();
    if (seen.has(input)) {
      note('input-repeated', row);
      if (seen.get(input) !== label) note('label-contradicting', row);
    } else if (near.has(folded)) note('input-nearly-repeated', row);
    if (!seen.has(input)) seen.set(input, label);
    near.add(folded);
    if (rationale === null) note('rationale-missing', row);
    else {
      if (/[([{“,]\s*$/.test(rationale)) note('rationale-unfinished', row);
      if (/\b(?:so|hence|therefore|thus),? the answer is\b|####/i.test(rationale))
        note('rationale-marker', row);
    }
  }
  noteShares(examples, classes, (kind, rows) => found.set(kind, rows));
  return kinds.flatMap((kind) => {
    const rows = found.get(kind)!;
    return rows.length === 0 ? [] : [noteOf(kind, rows, words[kind])];
  });
}

/** How a teacher's label that is not the true one comes near it. */
function noteDifference(
  { row, label, teacherLabel, choices }: Example,
  note: (kind: LintKind, row: number) => unknown,
): void {
  const given = teacherLabel ?? '';
  const value = numberValue(given);
  if (value !== null && value === numberValue(label)) note('teacher-number-notation', row);
  else if (choices === null && plain(given) === plain(label)) note('teacher-spelling', row);
  if (choices !== null && !choices.includes(given) && letterIndex(given, choices.length) !== null)
    note('teacher-label-letter', row);
}

function plain(text: string): string {
  return text.trim().toLowerCase().replace(/\s+/g, ' ').replace(/\.$/, '');
}

/** Notes on shares of all rows. */
function noteShares(
  examples: readonly Example[],
  classes: ReadonlySet<string>,
  set: (kind: LintKind, rows: number[]) => unknown,
): void {
  if (examples.length < fewRows) return;
  const all = examples.map(({ row }) => row);
  if (classes.size === 1) set('label-one-class', all);
  const letters = examples.filter(({ input, label, choices }) => {
    const within = choices ?? choicesWithin(input);
    return (
      within !== null &&
      letterIndex(label, within.length) !== null &&
      findChoice(label, within)?.how === 'letter'
    );
  });
  if (letters.length * 10 >= examples.length * 9)
    set(
      'label-letters',
      letters.map(({ row }) => row),
    );
  const counts = new Map<string, number>();
  for (const { rationale } of examples)
    if (rationale !== null) counts.set(rationale, (counts.get(rationale) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  if (most === undefined || most[1] * 2 < examples.length || most[1] < fewRows) return;
  set(
    'rationale-repeated',
    examples.filter(({ rationale }) => rationale === most[0]).map(({ row }) => row),
  );
  if (examples.every(({ label, teacherLabel }) => teacherLabel === label)) set('teacher-from-gold', all);
}

/** Whether a rationale names a choice, and not the one that it is to explain. */
function namesAnother(rationale: string, label: string, choices: readonly string[]): boolean {
  const text = rationale.toLowerCase();
  const own = label.trim().toLowerCase();
  if (own === '' || text.includes(own)) return false;
  return choices.some((choice) => {
    const other = choice.trim().toLowerCase();
    return other !== '' && other !== own && text.includes(other);
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

/** Test rows whose input is a training row's, by position in the test file. */
export function lintLeaks(train: readonly Example[], test: readonly Example[]): LintNote[] {
  const inputs = new Set(train.map(({ input }) => input));
  const rows = test.filter(({ input }) => inputs.has(input)).map(({ row }) => row);
  return rows.length === 0 ? [] : [noteOf('input-leaks', rows, words['input-leaks'])];
}
