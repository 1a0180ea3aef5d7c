/** Texts held against each other, as the field's own scripts do it. */

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
  return wordsOf(text.toLowerCase().replace(punctuation, '').replace(articles, ' '));
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/**
 * F1 of the words that two texts share, in [0, 1]: SQuAD's (`compute_f1` of evaluate-v2.0.py). Two texts without words
 * are the same.
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
 * them without stemming (lower case, letters of ASCII and digits alone). Of longer texts the first 4,000 words count.
 */
export function rougeL(text: string, reference: string): number {
  const tokens = (one: string): string[] =>
    wordsOf(one.toLowerCase().replace(/[^a-z0-9]+/g, ' ')).slice(0, maxWords);
  const [written, wanted] = [tokens(text), tokens(reference)];
  if (written.length === 0 || wanted.length === 0) return 0;
  let above = new Int32Array(wanted.length + 1);
  for (const word of written) {
    const row = new Int32Array(wanted.length + 1);
    for (let at = 1; at <= wanted.length; at += 1)
      row[at] = word === wanted[at - 1] ? above[at - 1]! + 1 : Math.max(above[at]!, row[at - 1]!);
    above = row;
  }
  return f1(above[wanted.length]!, written.length, wanted.length);
}

function f1(shared: number, written: number, wanted: number): number {
  if (shared === 0) return 0;
  const [precision, recall] = [shared / written, shared / wanted];
  return (2 * precision * recall) / (precision + recall);
}
