/** McNemar's test in a plain sentence. */
import { formatCount } from '../../base/units.ts';
import type { PairedTest } from '../../distill/mcnemar.ts';
import { chanceWords } from '../words.ts';

/** Differences that chance makes less often than this are called differences. */
const level = 0.05;

/** What the test of base (first) against distilled (second) says. */
export function distillationWords({ lost, won, p }: PairedTest): string {
  if (lost + won === 0)
    return 'Base and distilled are right on the same rows: there is nothing to tell apart.';
  const split = `${formatCount(won)} fixed to ${formatCount(lost)} broken`;
  if (p >= level) {
    return `${split} may be chance: two equally good students split at least so unevenly with probability ${chanceWords(p)}.`;
  }
  return `Distilled is ${won > lost ? 'better' : 'worse'} than base: by chance alone, ${split} or a more uneven split has probability ${chanceWords(p)}.`;
}

/** What the test of teacher (first) against distilled (second) says. */
export function teacherWords({ lost, won, p }: PairedTest): string {
  const counts = `Against the teacher: ${formatCount(won)} that it got wrong are right here, ${formatCount(lost)} the other way`;
  if (lost + won === 0) return `${counts}.`;
  return p >= level
    ? `${counts}, which may be chance (p ${chanceWords(p)}).`
    : `${counts}, more than chance (p ${chanceWords(p)}).`;
}
