/** Notes on what a student's tokenizer makes of the texts: what it cannot write back, does not know, or has to cut. */
import { formatCount, formatPercent } from '../base/units.ts';
import type { Example } from './example.ts';
import { note, type Note } from './notes.ts';

/** As much of a tokenizer as is asked. */
export interface TextCoder {
  /** Ids of a text, the end token last. */
  encode(text: string): Int32Array;
  decode(ids: Int32Array): string;
  unknownId: number | null;
}

export interface TokenLimits {
  /** Tokens kept of a label or rationale, the end token included. */
  maxTargetTokens: number;
  /** New tokens at most when the student answers, the end token included. */
  generationMaxTokens: number;
}

/** A text of which more than this share is unknown cannot be understood. */
const muchUnknown = 0.5;
/** Texts longer than this are told apart by their length alone: encoding all of them would take minutes. */
const longest = 20_000;
/** No tokenizer of ours has longer pieces, in characters. */
const longestPiece = 16;

const columns = ['input', 'label', 'rationale'] as const;

/**
 * Labels that cannot come back from the tokenizer (they can never count as right), columns of which more than half is
 * unknown, labels and rationales that are longer than the limits.
 */
export function lintTokens(
  examples: readonly Example[],
  coder: TextCoder,
  { maxTargetTokens, generationMaxTokens }: TokenLimits,
): Note[] {
  const unspellable: number[] = [];
  const longLabels: number[] = [];
  const longRationales: number[] = [];
  let lostTokens = 0;
  let longTokens = 0;
  const unknown = new Map<(typeof columns)[number], number[]>(columns.map((column) => [column, []]));
  const labels = new Map<string, { survives: boolean; tokens: number }>();
  const lengthOf = (text: string): number =>
    text.length > longest ? Math.ceil(text.length / longestPiece) : coder.encode(text).length;
  for (const example of examples) {
    const { row, label, rationale } = example;
    let known = labels.get(label);
    if (known === undefined) {
      const ids = coder.encode(label);
      known = { survives: coder.decode(ids) === label, tokens: ids.length };
      labels.set(label, known);
    }
    if (!known.survives) unspellable.push(row);
    if (known.tokens > generationMaxTokens) longLabels.push(row);
    if (rationale !== null) {
      const tokens = lengthOf(rationale);
      if (tokens > maxTargetTokens) {
        longRationales.push(row);
        longTokens += tokens;
        lostTokens += tokens - maxTargetTokens;
      }
    }
    for (const column of columns) {
      const text = example[column];
      if (text !== null && isUnknown(text.slice(0, longest), coder)) unknown.get(column)!.push(row);
    }
  }
  const notes: Note[] = [];
  if (unspellable.length > 0) {
    notes.push(
      note('label-unspellable', unspellable, (one) =>
        one
          ? 'label does not come back from the tokenizer as it is: the student can never write it'
          : 'labels do not come back from the tokenizer as they are: the student can never write them',
      ),
    );
  }
  for (const [column, rows] of unknown) {
    if (rows.length === 0) continue;
    notes.push(
      note(
        `${column}-unknown`,
        rows,
        (one) =>
          `${one ? `${column} is` : `${column}s are`} more than half unknown to the student’s tokenizer`,
      ),
    );
  }
  if (longLabels.length > 0) {
    notes.push(
      note(
        'label-long',
        longLabels,
        (one) =>
          `${one ? 'label is' : 'labels are'} longer than the ${formatCount(generationMaxTokens)} tokens of an answer and can never be right`,
      ),
    );
  }
  if (longRationales.length > 0) {
    const lost = formatPercent(lostTokens / longTokens, 0);
    notes.push(
      note(
        'rationale-long',
        longRationales,
        (one) =>
          `${one ? 'rationale is' : 'rationales are'} cut at ${formatCount(maxTargetTokens)} tokens: ${lost} of ${one ? 'it is' : 'them are'} lost`,
      ),
    );
  }
  return notes;
}

function isUnknown(text: string, coder: TextCoder): boolean {
  const { unknownId } = coder;
  if (unknownId === null) return false;
  const ids = coder.encode(text);
  if (!ids.includes(unknownId)) return false;
  // A run of unknown characters is one piece: what counts is how much of the text that is.
  const known = new Map<string, boolean>();
  let unknown = 0;
  let all = 0;
  for (const character of text) {
    if (character.trim() === '') continue;
    all += 1;
    let is = known.get(character);
    if (is === undefined) {
      is = !coder.encode(character).includes(unknownId);
      known.set(character, is);
    }
    if (!is) unknown += 1;
  }
  return unknown > all * muchUnknown;
}
