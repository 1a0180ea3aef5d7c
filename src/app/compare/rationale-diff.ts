/** Which words of two texts differ: marks for the teacher's rationale and for the student's. Loaded on demand. */
import { diffArrays } from 'diff';

/** A stretch of a text; `differs` where the other text has not the same words there. */
export interface Piece {
  text: string;
  differs: boolean;
}

export interface MarkedTexts {
  first: Piece[];
  second: Piece[];
  /** Words that the other text has not, of each. */
  firstWords: number;
  secondWords: number;
}

/** Words, white space and marks apart, so that a comma is no part of a word; together they are the text. */
function piecesOf(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{N}\p{M}'’-]+|[^\s\p{L}\p{N}\p{M}]/gu) ?? [];
}

/** Compares word by word (Myers' shortest edit). The pieces of each side, joined, are its text. */
export function markDifferences(first: string, second: string): MarkedTexts {
  const marked: MarkedTexts = { first: [], second: [], firstWords: 0, secondWords: 0 };
  for (const { value, added, removed } of diffArrays(piecesOf(first), piecesOf(second))) {
    const text = value.join('');
    const words = value.filter((piece) => /[\p{L}\p{N}]/u.test(piece)).length;
    if (added) {
      marked.second.push({ text, differs: true });
      marked.secondWords += words;
    } else if (removed) {
      marked.first.push({ text, differs: true });
      marked.firstWords += words;
    } else {
      marked.first.push({ text, differs: false });
      marked.second.push({ text, differs: false });
    }
  }
  return marked;
}
