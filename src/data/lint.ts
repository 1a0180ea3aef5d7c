/** Counts that are worth a look before training: none of them stops anything. */
import { hash32, NumberList, TextIndex } from '../base/text-index.ts';
import { choicesWithin, findChoice, letterIndex } from './choices.ts';
import type { Example } from './example.ts';
import { note as noteOf, RowList, type Note } from './notes.ts';
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
  'input-repeated': (one) => (one ? 'input is in an earlier row too' : 'inputs are in an earlier row too'),
  'input-nearly-repeated': (one) =>
    one
      ? 'input is in an earlier row too, but for case and spaces'
      : 'inputs are in an earlier row too, but for case and spaces',
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
  const count = new LintCount();
  for (const example of examples) count.add(example);
  return count.notes();
}

/** As `lint`, row by row: nothing of the texts is held but hashes. */
export class LintCount {
  readonly #found = new Map<LintKind, RowList>();
  /** Of each input, a hash of the label of its first row. */
  readonly #inputs = new TextIndex();
  /** Inputs but for case and spaces. */
  readonly #folded = new TextIndex();
  /** Labels, as many as tell whether there are few. */
  readonly #classes = new Set<string>();
  readonly #minusOnes = new RowList();
  readonly #letters = new RowList();
  /** Positions of all rows, and which rationale each has: a place in the counts, -1 for none. */
  readonly #rows = new NumberList();
  readonly #rationaleOf = new NumberList();
  readonly #rationales = new TextIndex();
  readonly #rationaleCounts: number[] = [];
  #isFromGold = true;

  /** The inputs of all rows. */
  get inputs(): Pick<TextIndex, 'has'> {
    return this.#inputs;
  }

  add(example: Example): void {
    const { row, input, label, rationale, teacherLabel, choices } = example;
    const note = (kind: LintKind): void => this.#note(kind, row);
    this.#rows.push(row);
    if (this.#classes.size <= fewClasses) this.#classes.add(label);
    if (teacherLabel !== label) this.#isFromGold = false;
    if (teacherLabel?.trim() === '') note('teacher-label-blank');
    else if (teacherLabel !== null && teacherLabel !== label) noteDifference(example, note);
    if (teacherLabel !== null && choices !== null) {
      const kind = outsideChoices(teacherLabel, choices);
      if (kind !== null) note(kind);
    }
    if (choices !== null) {
      if (!choices.some((choice) => choice.trim() === label.trim())) note('label-no-choice');
      if (new Set(choices).size < choices.length) note('choices-repeated');
      if (rationale !== null && namesAnother(rationale, teacherLabel ?? label, choices))
        note('rationale-other-choice');
    }
    if (noValues.has(label.trim().toLowerCase())) note('label-no-value');
    else if (label.trim() === '-1' && this.#classes.size <= fewClasses) this.#minusOnes.add(row);
    if (isLetter(example)) this.#letters.add(row);
    const texts = [input, label, rationale ?? '', teacherLabel ?? ''];
    if (texts.some((text) => twiceEncoded.test(text))) note('text-twice-encoded');
    if (texts.some((text) => text.includes('\ufffd'))) note('text-undecodable');
    this.#noteRepeated(row, input, label);
    this.#noteRationale(row, rationale);
  }

  notes(): LintNote[] {
    const noValue = this.#found.get('label-no-value') ?? new RowList();
    // -1 stands for no class where there are classes.
    if (this.#classes.size <= fewClasses && this.#minusOnes.length > 0)
      this.#found.set('label-no-value', RowList.of(noValue, this.#minusOnes));
    this.#noteShares();
    return kinds.flatMap((kind) => {
      const rows = this.#found.get(kind);
      return rows === undefined ? [] : [noteOf(kind, rows, words[kind])];
    });
  }

  #note(kind: LintKind, row: number): void {
    let rows = this.#found.get(kind);
    if (rows === undefined) this.#found.set(kind, (rows = new RowList()));
    rows.add(row);
  }

  #noteRepeated(row: number, input: string, label: string): void {
    const own = hash32(label);
    const first = this.#inputs.add(input, own);
    const nearly = this.#folded.add(input.toLowerCase().replace(/\s+/g, ' ').trim());
    if (first !== null) {
      this.#note('input-repeated', row);
      if (first !== own) this.#note('label-contradicting', row);
    } else if (nearly !== null) this.#note('input-nearly-repeated', row);
  }

  #noteRationale(row: number, rationale: string | null): void {
    if (rationale === null) {
      this.#note('rationale-missing', row);
      this.#rationaleOf.push(-1);
      return;
    }
    if (/[([{“,]\s*$/.test(rationale)) this.#note('rationale-unfinished', row);
    if (/\b(?:so|hence|therefore|thus),? the answer is\b|####/i.test(rationale))
      this.#note('rationale-marker', row);
    const place = this.#rationales.add(rationale, this.#rationaleCounts.length);
    if (place === null) this.#rationaleCounts.push(1);
    else this.#rationaleCounts[place]! += 1;
    this.#rationaleOf.push(place ?? this.#rationaleCounts.length - 1);
  }

  /** Notes on shares of all rows. */
  #noteShares(): void {
    const rows = this.#rows.view();
    if (rows.length < fewRows) return;
    const set = (kind: LintKind, isOne: (at: number) => boolean): void => {
      for (const [at, row] of rows.entries()) if (isOne(at)) this.#note(kind, row);
    };
    if (this.#classes.size === 1) set('label-one-class', () => true);
    if (this.#letters.length * 10 >= rows.length * 9) this.#found.set('label-letters', this.#letters);
    let most = 0;
    for (const [place, count] of this.#rationaleCounts.entries())
      if (count > this.#rationaleCounts[most]!) most = place;
    const times = this.#rationaleCounts[most] ?? 0;
    if (times * 2 < rows.length || times < fewRows) return;
    const rationaleOf = this.#rationaleOf.view();
    set('rationale-repeated', (at) => rationaleOf[at] === most);
    if (this.#isFromGold) set('teacher-from-gold', () => true);
  }
}

/** Whether a true label is a letter of the choices in its input. */
function isLetter({ input, label, choices }: Example): boolean {
  const within = choices ?? choicesWithin(input);
  return (
    within !== null &&
    letterIndex(label, within.length) !== null &&
    findChoice(label, within)?.how === 'letter'
  );
}

/** How a teacher's label that is not the true one comes near it. */
function noteDifference({ label, teacherLabel, choices }: Example, note: (kind: LintKind) => void): void {
  const given = teacherLabel ?? '';
  const value = numberValue(given);
  if (value !== null && value === numberValue(label)) note('teacher-number-notation');
  else if (choices === null && plain(given) === plain(label)) note('teacher-spelling');
  if (choices !== null && !choices.includes(given) && letterIndex(given, choices.length) !== null)
    note('teacher-label-letter');
}

function plain(text: string): string {
  return text.trim().toLowerCase().replace(/\s+/g, ' ').replace(/\.$/, '');
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
  const leaks = new LeakCount(inputs);
  for (const example of test) leaks.add(example);
  return leaks.notes();
}

/** As `lintLeaks`, test row by test row. */
export class LeakCount {
  readonly #rows = new RowList();

  /** @param train The inputs of all training rows. */
  constructor(readonly train: { has: (input: string) => boolean }) {}

  add({ input, row }: Example): void {
    if (this.train.has(input)) this.#rows.add(row);
  }

  notes(): LintNote[] {
    return this.#rows.length === 0 ? [] : [noteOf('input-leaks', this.#rows, words['input-leaks'])];
  }
}
