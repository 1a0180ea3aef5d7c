/**
 * Whether a teacher's answers belong to the rows at their positions. A count of rows cannot see another order; two
 * shares can: how often the answer is a choice of its row, and how many of a reason's telling words its own input has,
 * against those of a distant one.
 */
import { formatCount } from '../base/units.ts';
import { findChoice } from './choices.ts';
import type { Note } from './notes.ts';

export interface Aligned {
  row: number;
  input: string;
  choices: readonly string[] | null;
  rationale: string | null;
  teacherLabel: string | null;
}

export interface Alignment {
  /** How many of the teacher's labels are choices of their rows; null where there are no choices. */
  choices: { fit: number; of: number } | null;
  /** Share of the telling words found in the own input, and in a distant one; null where there are too few. */
  overlap: { own: number; distant: number } | null;
}

export interface Alarm extends Alignment {
  /** The answers fit when they are moved by so many rows; null where no small shift helps. */
  shift: number | null;
  /** From 20 rows a person has to confirm; below, it is only told. */
  asks: boolean;
  text: string;
}

/** Rows from which the alarm asks. */
const fewestRows = 20;
/** Rows that are looked at: more would not change the shares. */
const mostRows = 5000;
/** Below this an own input explains its reason no better than chance and neighbours do. */
const leastRatio = 8;
/** Fewer telling words than this share are found by accident in some row. */
const leastShare = 0.05;
/** A word tells rows apart where at most so large a share of the inputs has it. */
const tellingShare = 0.01;
/** Telling words below which a share says nothing. */
const fewestWords = 40;
const shifts = [-1, 1, -2, 2, -3, 3] as const;

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}

interface Measured {
  inputs: readonly Set<string>[];
  /** The telling words of each reason. */
  reasons: readonly (readonly string[])[];
}

function measureWords(rows: readonly Aligned[]): Measured {
  const inputs = rows.map(({ input }) => wordsOf(input));
  const frequency = new Map<string, number>();
  for (const words of inputs) for (const word of words) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const most = Math.max(1, Math.floor(rows.length * tellingShare));
  const reasons = rows.map(({ rationale }) =>
    rationale === null
      ? []
      : [...wordsOf(rationale)].filter((word) => (frequency.get(word) ?? Infinity) <= most),
  );
  return { inputs, reasons };
}

/** Share of the reasons' telling words that the input `offset` rows further has. */
function overlapAt({ inputs, reasons }: Measured, offset: number): { share: number; words: number } {
  let found = 0;
  let words = 0;
  for (const [row, telling] of reasons.entries()) {
    const input = inputs[(row + offset + inputs.length) % inputs.length]!;
    words += telling.length;
    for (const word of telling) if (input.has(word)) found += 1;
  }
  return { share: words === 0 ? 0 : found / words, words };
}

/** How many answers are choices of the row `offset` further. */
function choicesAt(rows: readonly Aligned[], offset: number): { fit: number; of: number } | null {
  let fit = 0;
  let of = 0;
  for (const [index, { teacherLabel }] of rows.entries()) {
    const choices = rows[index + offset]?.choices ?? null;
    if (choices === null || teacherLabel === null) continue;
    of += 1;
    const found = findChoice(teacherLabel, choices);
    if (found !== null && found.how !== 'letter') fit += 1;
  }
  return of === 0 ? null : { fit, of };
}

function isTelling({ own, distant }: { own: number; distant: number }): boolean {
  return own >= leastShare && own >= leastRatio * distant;
}

function fits({ choices, overlap }: Alignment): boolean {
  if (choices !== null && choices.fit * 2 < choices.of) return false;
  return overlap === null || isTelling(overlap);
}

function alignmentAt(rows: readonly Aligned[], measured: Measured, offset: number): Alignment {
  const own = overlapAt(measured, offset);
  const distant = overlapAt(measured, Math.floor(rows.length / 2));
  const enough = rows.length >= fewestRows && own.words >= fewestWords;
  return {
    choices: choicesAt(rows, offset),
    overlap: enough ? { own: own.share, distant: distant.share } : null,
  };
}

function taughtOf(joined: readonly Aligned[]): Aligned[] {
  return joined
    .filter(({ rationale, teacherLabel }) => rationale !== null || teacherLabel !== null)
    .slice(0, mostRows);
}

/** Both shares of rows as they were joined. */
export function alignmentOf(joined: readonly Aligned[]): Alignment {
  const rows = taughtOf(joined);
  return alignmentAt(rows, measureWords(rows), 0);
}

/** The alarm of rows that were joined by position; null where nothing is suspicious. */
export function alignmentAlarm(joined: readonly Aligned[]): Alarm | null {
  const rows = taughtOf(joined);
  if (rows.length < 2) return null;
  const measured = measureWords(rows);
  const here = alignmentAt(rows, measured, 0);
  if (fits(here)) return null;
  const shift = shifts.find(
    (offset) => rows.length > 3 && isBetter(alignmentAt(rows, measured, offset), here),
  );
  return {
    ...here,
    shift: shift ?? null,
    asks: rows.length >= fewestRows,
    text: inWords(here, rows, shift === undefined ? null : { by: shift, choices: choicesAt(rows, shift) }),
  };
}

function isBetter(there: Alignment, here: Alignment): boolean {
  if (!fits(there)) return false;
  if (there.choices !== null && here.choices !== null)
    return there.choices.fit / there.choices.of > here.choices.fit / here.choices.of;
  return there.overlap !== null && here.overlap !== null && there.overlap.own > here.overlap.own;
}

function inWords(
  { choices, overlap }: Alignment,
  rows: readonly Aligned[],
  moved: { by: number; choices: { fit: number; of: number } | null } | null,
): string {
  const parts: string[] = [];
  if (choices !== null && choices.fit * 2 < choices.of) {
    const mean = rows.reduce((sum, row) => sum + (row.choices?.length ?? 0), 0) / rows.length;
    parts.push(
      `the teacher’s label is a choice of its row in ${formatCount(choices.fit)} of ${formatCount(choices.of)} rows (rows have ${Math.round(mean)} choices)`,
    );
  }
  if (overlap !== null && !isTelling(overlap)) {
    parts.push(
      `a reason has ${percent(overlap.own)} of its telling words from its own input and ${percent(overlap.distant)} from a distant one`,
    );
  }
  const shifted =
    moved === null
      ? 'No small shift puts it right.'
      : `Moved by ${moved.by > 0 ? `+${moved.by}` : moved.by} ${Math.abs(moved.by) === 1 ? 'row' : 'rows'} they fit${
          moved.choices === null
            ? ''
            : ` (${formatCount(moved.choices.fit)} of ${formatCount(moved.choices.of)})`
        }.`;
  return `These rationales seem to belong to other rows: ${parts.join('; ')}. Is it another file, or another order? ${shifted}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** The alarm as a note. */
export function alarmNote({ text, choices }: Alarm): Note {
  return { kind: 'alignment', count: choices === null ? 1 : choices.of - choices.fit, rows: [], text };
}
