/** What runs came to, side by side, and put together by a setting that sets them apart. */
import type { Tally } from '../../data/example.ts';
import { shareOf, wilsonInterval, type Interval } from '../../distill/score.ts';
import type { RunRecord } from '../../store/records.ts';
import { lastOf } from '../state/last-of.ts';

export interface Final {
  run: RunRecord;
  /** Of the distilled student, with its 95 % interval; null where nothing was measured. */
  distilled: (Interval & { rows: number }) | null;
  /** Shares; null where that was not measured. */
  base: number | null;
  teacher: number | null;
}

/** The comparison's accuracy; where a run has none, that of its last measurement. */
export function finalOf(run: RunRecord): Final {
  const { comparison, evaluations } = run;
  const last = lastOf(evaluations.toSorted((a, b) => a.step - b.step)) ?? null;
  const distilled = comparison?.distilled ?? last;
  const share = (tally: Tally | null | undefined): number | null => (tally?.total ? shareOf(tally) : null);
  return {
    run,
    distilled: distilled?.total ? { ...wilsonInterval(distilled), rows: distilled.total } : null,
    base: share(comparison?.base),
    teacher: share(comparison?.teacher),
  };
}

export interface FinalGroup {
  /** The setting's value that all of them have; null where nothing is grouped. */
  value: string | null;
  finals: Final[];
  /** Mean of the shares that were measured, and of how many; null where there are fewer than two. */
  mean: { share: number; runs: number } | null;
}

/** @param values One for each run, in their order; null groups nothing. Groups come in the order of their values. */
export function grouped(finals: readonly Final[], values: readonly string[] | null): FinalGroup[] {
  const groups = new Map<string | null, Final[]>();
  finals.forEach((final, index) => {
    const value = values === null ? null : values[index]!;
    groups.set(value, [...(groups.get(value) ?? []), final]);
  });
  const rising = [...groups].sort(([a], [b]) => compareValues(a ?? '', b ?? ''));
  return rising.map(([value, members]) => {
    const shares = members.flatMap(({ distilled }) => (distilled === null ? [] : distilled.share));
    const runs = shares.length;
    const mean = runs < 2 ? null : { share: shares.reduce((sum, share) => sum + share, 0) / runs, runs };
    return { value, finals: members, mean };
  });
}

/** Numbers by size, also where thousands are separated; words by the alphabet. */
function compareValues(a: string, b: string): number {
  const [first, second] = [a, b].map((value) => Number(value.replaceAll(',', '')));
  const byNumber = first! - second!;
  return Number.isFinite(byNumber) ? byNumber : a.localeCompare(b, 'en');
}
