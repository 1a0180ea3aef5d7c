/** Notes on what a student's tokenizer makes of the texts: what it does not know, or has to cut. */
import { formatCount, formatPercent } from '../base/units.ts';
import type { Example } from './example.ts';
import { note, type Note } from './notes.ts';

/** As much of a tokenizer as is asked. */
export interface TextCoder {
  /** Ids of a text, the end token last. */
  encode(text: string): Int32Array;
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
 * Columns of which more than half is unknown, labels and rationales that are longer than the limits. (Labels that do not
 * come back as they are: `distill/written-labels.ts`.)
 */
export function lintTokens(
  examples: readonly Example[],
  coder: TextCoder,
  { maxTargetTokens, generationMaxTokens }: TokenLimits,
): Note[] {
  const longLabels: number[] = [];
  const longRationales: number[] = [];
  let lostTokens = 0;
  let longTokens = 0;
  const unknown = new Map<(typeof columns)[number], number[]>(columns.map((column) => [column, []]));
  const labelTokens = new Map<string, number>();
  const lengthOf = (text: string): number =>
    text.length > longest ? Math.ceil(text.length / longestPiece) : coder.encode(text).length;
  for (const example of examples) {
    const { row, label, rationale } = example;
    const tokens = labelTokens.get(label) ?? coder.encode(label).length;
    labelTokens.set(label, tokens);
    if (tokens > generationMaxTokens) longLabels.push(row);
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
