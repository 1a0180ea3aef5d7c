/** Accuracy as the method's authors compute it (exact, case-sensitive string equality of decoded texts), and how sure it is. */
import type { Tally } from '../data/example.ts';
import { isRightBy, type MetricId } from '../data/metrics/metrics.ts';

/** A row to be judged: its label, and that label as the student can write it where it differs (`writtenLabel`). */
export interface Judged {
  label: string;
  writtenLabel?: string | undefined;
  /** For metrics that look at its choices. */
  input?: string;
  choices?: readonly string[] | null;
  /** What answers are judged by; left out: equality. */
  judgedBy?: MetricId;
}

/**
 * Whether a student's answer is right, where nothing else is said as the method's authors compute it: they decode the ids of the label too. A
 * teacher has no tokenizer here; its labels are held against the label itself (`isCorrect`).
 */
export function isRight(answer: string, row: Judged): boolean {
  const { label, writtenLabel, input = '', choices = null, judgedBy = 'exact' } = row;
  return isRightBy(judgedBy, answer, { label: writtenLabel ?? label, input, choices });
}

/** The method authors' text metric: no trimming, no case folding. */
export function isCorrect(answer: string, label: string): boolean {
  return answer === label;
}

/** Counts exact matches; null answers (nobody asked) are not counted at all. */
export function tally(answers: Iterable<readonly [answer: string | null, label: string]>): Tally {
  let correct = 0;
  let total = 0;
  for (const [answer, label] of answers) {
    if (answer === null) continue;
    total += 1;
    if (isCorrect(answer, label)) correct += 1;
  }
  return { correct, total };
}

/** The share of right answers, in [0, 1]; 0 where nobody answered. */
export function shareOf({ correct, total }: Tally): number {
  return total === 0 ? 0 : correct / total;
}

/** A share with its interval, all in [0, 1]. */
export interface Interval {
  share: number;
  low: number;
  high: number;
}

/** Wilson's score interval for a proportion (E. B. Wilson, JASA 22, 1927); z = 1.96 is 95 %. */
export function wilsonInterval({ correct, total }: Tally, z = 1.959963984540054): Interval {
  if (total === 0) return { share: 0, low: 0, high: 1 };
  const share = correct / total;
  const z2 = z * z;
  const centre = (share + z2 / (2 * total)) / (1 + z2 / total);
  const half = (z / (1 + z2 / total)) * Math.sqrt((share * (1 - share)) / total + z2 / (4 * total * total));
  return { share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
