/** Texts held against each other, as the field's own scripts do it. */

/** Texts are held against each other up to here: no answer is longer, and all of a file of megabytes would take seconds. */
export const mostJudgedLetters = 100_000;

/** Words that SQuAD's script leaves out. */
const articles = /\b(?:a|an|the)\b/g;

/** Lower case, one space between words, no article, no full stop at the end: for labels that differ in nothing else. */
export function normalised(text: string): string {
  return text
    .toLowerCase()
    .replace(articles, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\s*\.$/, '');
}

const punctuation = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g;

/** A text's words as SQuAD's script has them: lower case, without ASCII punctuation and articles. */
function squadWords(text: string): string[] {
  return wordsOf(begun(text).toLowerCase().replace(punctuation, '').replace(articles, ' '));
}

/** As much of a text as counts. */
function begun(text: string): string {
  return text.slice(0, mostJudgedLetters);
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/**
 * F1 of the words that two texts share, in [0, 1]: SQuAD's (`compute_f1` of evaluate-v2.0.py). Two texts without words
 * are the same. Of longer texts the first 100,000 letters count.
 */
export function tokenF1(text: string, reference: string): number {
  const [written, wanted] = [squadWords(text), squadWords(reference)];
  if (written.length === 0 || wanted.length === 0) return written.length === wanted.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of written) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared += 1;
  }
  return f1(shared, written.length, wanted.length);
}

/** More words than a rationale has: the table of the longest common part grows with their product. */
const maxWords = 4000;

/**
 * ROUGE-L, F-measure, in [0, 1]: the longest words that both have in the same order, as the package rouge_score counts
 * them without stemming (lower case, letters of ASCII and digits alone). Of longer texts the first 4,000 words count, of the
 * first 100,000 letters.
 */
export function rougeL(text: string, reference: string): number {
  const tokens = (one: string): string[] =>
    wordsOf(
      begun(one)
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, ' '),
    ).slice(0, maxWords);
  // Words as numbers, which are compared faster.
  const numbers = new Map<string, number>();
  const numbered = (words: readonly string[]): Int32Array =>
    Int32Array.from(words, (word) => {
      if (!numbers.has(word)) numbers.set(word, numbers.size);
      return numbers.get(word)!;
    });
  const [written, wanted] = [numbered(tokens(text)), numbered(tokens(reference))];
  if (written.length === 0 || wanted.length === 0) return 0;
  return f1(longestCommon(written, wanted), written.length, wanted.length);
}

/** How many words both have in the same order, at most. */
function longestCommon(written: Int32Array, wanted: Int32Array): number {
  // One row of the table, which each word of the one text rewrites.
  const row = new Int32Array(wanted.length);
  for (const word of written) {
    let aboveLeft = 0;
    let left = 0;
    for (let at = 0; at < row.length; at += 1) {
      const above = row[at]!;
      if (word === wanted[at]!) left = aboveLeft + 1;
      else if (above > left) left = above;
      row[at] = left;
      aboveLeft = above;
    }
  }
  return row.at(-1) ?? 0;
}

function f1(shared: number, written: number, wanted: number): number {
  if (shared === 0) return 0;
  const [precision, recall] = [shared / written, shared / wanted];
  return (2 * precision * recall) / (precision + recall);
}
