/** What an experiment came to: each setting over its seeds, and what it has over the first one. */
import type { Tally } from '../data/example.ts';
import { shareOf } from '../distill/score.ts';
import type { Result } from './ledger.ts';
import { variedId } from './ledger.ts';
import { shown, type Varied } from './spec.ts';
import { meanInterval, type MeanInterval } from './statistics.ts';
import type { TextTable } from './text-table.ts';

/** All seeds of one setting. */
export interface Cell {
  /** What is varied, the seed left out. */
  setting: Varied;
  /** Distilled accuracies by seed (null where seeds do not vary), each a share of the test rows. */
  bySeed: ReadonlyMap<number | null, number>;
  /** Of one of its runs: the same for all that have the same student and test rows. */
  base: Tally;
  teacher: Tally | null;
}

/** Results by setting, in the order in which settings first appear. */
export function cellsOf(results: Iterable<Result>): Cell[] {
  const cells = new Map<string, Cell & { bySeed: Map<number | null, number> }>();
  for (const { varied, accuracy } of results) {
    const { seed, ...setting } = varied;
    const id = variedId(setting);
    const cell = cells.get(id) ?? { setting, bySeed: new Map(), ...accuracy };
    cell.bySeed.set(typeof seed === 'number' ? seed : null, shareOf(accuracy.distilled));
    cells.set(id, cell);
  }
  return [...cells.values()];
}

/** What `more` has over `less`, by seeds that both have: a seed chooses the same rows, order and dropout in both. */
export function pairedDifference(more: Cell['bySeed'], less: Cell['bySeed']): MeanInterval {
  return meanInterval(
    [...more].flatMap(([seed, share]) => {
      const against = less.get(seed);
      return against === undefined ? [] : [share - against];
    }),
  );
}

/**
 * One line for each setting: accuracies in per cent with the standard deviation over seeds, and the paired difference
 * from the first setting, in points, with Student's interval of 95 %.
 * @param seeds How many each setting is to have.
 */
export function summaryTable(cells: readonly Cell[], seeds: number): TextTable {
  const keys = [...new Set(cells.flatMap(({ setting }) => Object.keys(setting)))];
  const first = cells[0];
  const compares = cells.length > 1;
  const heads = [
    ...keys,
    'base',
    'distilled',
    'teacher',
    ...(compares ? ['less the first', '95 % interval'] : []),
    'seeds',
  ];
  const rows = cells.map((cell) => {
    const { setting, bySeed, base, teacher } = cell;
    const difference = cell === first || first === undefined ? null : pairedDifference(bySeed, first.bySeed);
    return [
      ...keys.map((key) => (setting[key] === undefined ? '' : shown(setting[key]))),
      tenths(shareOf(base)),
      spread([...bySeed.values()]),
      teacher === null ? '–' : tenths(shareOf(teacher)),
      ...(compares
        ? [difference === null ? '–' : points(difference), difference === null ? '–' : interval(difference)]
        : []),
      bySeed.size === seeds ? String(seeds) : `${bySeed.size} of ${seeds}`,
    ];
  });
  return { heads, rows };
}

/** Mean ± standard deviation in per cent: `88.4 ± 1.7`. */
export function spread(shares: readonly number[]): string {
  const { count, mean, deviation } = meanInterval(shares);
  if (count === 0) return '–';
  return count === 1 ? tenths(mean) : `${tenths(mean)} ± ${tenths(deviation)}`;
}

/** A difference in points, with its sign. */
export function points({ count, mean }: MeanInterval): string {
  return count === 0 ? '–' : signed(mean);
}

/** `+18.7 to +25.7`; a dash where there are too few seeds. */
export function interval({ low, high }: MeanInterval): string {
  return Number.isNaN(low) ? '–' : `${signed(low)} to ${signed(high)}`;
}

function tenths(share: number): string {
  return (100 * share).toFixed(1);
}

function signed(share: number): string {
  const text = tenths(Math.abs(share));
  return text === '0.0' ? text : `${share < 0 ? '−' : '+'}${text}`;
}
