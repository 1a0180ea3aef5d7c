/** What a teacher's answers are worth: row by row, and together. All pure. */
import type { Example, Tally } from '../data/example.ts';
import type { Mark } from '../teacher/answers.ts';
import type { TaughtRow } from '../teacher/lessons.ts';
import { choicesOf } from '../teacher/prompt.ts';

/** A row, what the teacher said of it, and what a person made of that. */
export interface DeskRow {
  row: Example;
  /** The answer that counts: the first one, or a later one that could be read. Null while there is none. */
  said: TaughtRow | null;
  /** The answer to "why is it this label"; null where that was not asked. */
  given: TaughtRow | null;
  mark: Mark | null;
}

export type Verdict = 'right' | 'wrong' | 'unread' | 'given-up' | 'none';

export function verdictOf({ row, said }: DeskRow): Verdict {
  if (said === null) return 'none';
  if (said.givenUp !== null) return 'given-up';
  if (said.read === null) return 'none';
  if (!said.read.ok) return 'unread';
  return said.read.label === row.label ? 'right' : 'wrong';
}

/** What becomes of a row. */
export interface Reason {
  rationale: string | null;
  teacherLabel: string;
  /** The label was given, and the reason for it asked for. */
  rationalised: boolean;
  edited: boolean;
}

/**
 * The reason that a row gets; null where nothing is known. A rejected one leaves the row without; one that came with a
 * wrong label does so too, unless those are kept.
 * @param given Whether every label was given with the question.
 */
export function reasonOf(
  { row, said, given, mark }: DeskRow,
  { keepsWrong, isGiven }: { keepsWrong: boolean; isGiven: boolean },
): Reason | null {
  if (said === null || (said.read === null && said.givenUp === null)) return null;
  const read = said.read?.ok === true ? said.read : null;
  const teacherLabel = read?.label ?? '';
  const none = { rationale: null, teacherLabel, rationalised: false, edited: false };
  if (mark?.kind === 'rejected') return none;
  if (mark?.kind === 'edited') {
    return { rationale: mark.rationale, teacherLabel: mark.label, rationalised: false, edited: true };
  }
  const isRight = read !== null && read.label === row.label;
  if (!isRight && given?.read?.ok === true && given.read.label === row.label) {
    return { ...none, rationale: given.read.rationale, rationalised: true };
  }
  if (read === null || !(isRight || keepsWrong || mark?.kind === 'accepted')) return none;
  return { ...none, rationale: read.rationale, rationalised: isGiven };
}

export interface Counts {
  all: number;
  right: number;
  wrong: number;
  unread: number;
  accepted: number;
  rejected: number;
  edited: number;
  /** Rows whose reason was asked for with the label given. */
  given: number;
}

export function countRows(rows: readonly DeskRow[]): Counts {
  const counts = { all: 0, right: 0, wrong: 0, unread: 0, accepted: 0, rejected: 0, edited: 0, given: 0 };
  for (const row of rows) {
    const verdict = verdictOf(row);
    if (verdict === 'none') continue;
    counts.all += 1;
    if (verdict === 'given-up') counts.unread += 1;
    else counts[verdict] += 1;
    if (row.mark !== null) counts[row.mark.kind] += 1;
    if (row.given?.read?.ok) counts.given += 1;
  }
  return counts;
}

/** Right ones of those that could be read. */
export function accuracyOf({ right, wrong }: Pick<Counts, 'right' | 'wrong'>): Tally {
  return { correct: right, total: right + wrong };
}

/** How often two teachers gave the same label, of the rows that both were read for. */
export function agreementOf(rows: readonly DeskRow[], others: ReadonlyMap<number, string>): Tally {
  const agreed = { correct: 0, total: 0 };
  for (const { row, said } of rows) {
    const other = others.get(row.row);
    if (other === undefined || said?.read?.ok !== true) continue;
    agreed.total += 1;
    if (said.read.label === other) agreed.correct += 1;
  }
  return agreed;
}

/** Students of up to 3 B parameters learn better from reasons of up to so many words (arXiv 2502.12143, 2502.18001). */
export const longReasonWords = 60;

function wordsIn(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

export interface Lengths {
  median: number;
  longest: number;
  /** Reasons with more than `longReasonWords` words. */
  long: number;
}

/** Words of the reasons; null where there is none. */
export function lengthsOf(rows: readonly DeskRow[]): Lengths | null {
  const counts = rows
    .flatMap(({ said }) =>
      said?.read?.ok === true && said.read.rationale !== null ? [wordsIn(said.read.rationale)] : [],
    )
    .sort((a, b) => a - b);
  if (counts.length === 0) return null;
  return {
    median: counts[counts.length >> 1]!,
    longest: counts.at(-1)!,
    long: counts.filter((count) => count > longReasonWords).length,
  };
}

/** Why a person may want to look at an answer, the gravest first; none where nothing stands out. */
export type Doubt =
  'unread' | 'wrong' | 'no-reason' | 'two-choices' | 'few-shared-words' | 'split-vote' | 'long' | 'short';

const weights: Readonly<Record<Doubt, number>> = {
  unread: 90,
  wrong: 80,
  'no-reason': 60,
  'split-vote': 40,
  'two-choices': 30,
  'few-shared-words': 20,
  long: 10,
  short: 10,
};

export function doubtsOf(one: DeskRow, votes: number): Doubt[] {
  const verdict = verdictOf(one);
  if (verdict === 'none') return [];
  if (verdict === 'unread' || verdict === 'given-up') return ['unread'];
  const { row, said } = one;
  const doubts: Doubt[] = verdict === 'wrong' ? ['wrong'] : [];
  const rationale = said?.read?.ok === true ? said.read.rationale : null;
  if (rationale === null) return [...doubts, 'no-reason'];
  if (votes > 1 && said!.agreeing * 2 <= votes) doubts.push('split-vote');
  const lower = rationale.toLowerCase();
  const named = (choicesOf(row) ?? []).filter((choice) => lower.includes(choice.toLowerCase()));
  if (named.length > 1) doubts.push('two-choices');
  if (!sharesWords(row.input, lower)) doubts.push('few-shared-words');
  const words = wordsIn(rationale);
  if (words > longReasonWords) doubts.push('long');
  if (words < 4) doubts.push('short');
  return doubts;
}

export function weightOf(doubts: readonly Doubt[]): number {
  return doubts.reduce((sum, doubt) => sum + weights[doubt], 0);
}

/** Whether a reason has a word of its question that is longer than three letters. */
function sharesWords(input: string, reason: string): boolean {
  return (input.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).some((word) => reason.includes(word));
}
