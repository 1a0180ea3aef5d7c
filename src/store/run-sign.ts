/** A run's sign: the number by which its colour and dash are chosen once, when it begins, and kept everywhere. */
import type { RunRecord } from './records.ts';

/** So many signs can be told apart: eight colours by six dashes. */
export const signCount = 48;

/** The first sign that no run has; where all are taken, the one that the fewest have. */
export function freeSign(runs: readonly Pick<RunRecord, 'id' | 'sign'>[]): number {
  const taken = new Array<number>(signCount).fill(0);
  for (const run of runs) taken[signOf(run)]! += 1;
  return taken.indexOf(Math.min(...taken));
}

/** Records of earlier versions, and files that say something else, have a sign by their id. */
export function signOf({ id, sign }: Pick<RunRecord, 'id' | 'sign'>): number {
  if (sign !== undefined && Number.isInteger(sign) && sign >= 0) return sign % signCount;
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 65_521;
  return sum % signCount;
}
