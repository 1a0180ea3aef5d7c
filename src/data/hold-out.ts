/** A part of the rows, set aside to test with: the same part for the same seed, and no input on both sides. */
import { InputError } from '../base/errors.ts';
import { RandomSequence } from '../base/random.ts';
import { mostLabels } from './metrics/labels.ts';
import type { HoldOut } from './kept-reading.ts';
import type { RowKeys } from './row-keys.ts';

/** Apart from the draws of training with the same seed. */
const drawStream = 0x401d;

export interface HeldOut {
  /** Places, in their order. */
  kept: Int32Array;
  heldOut: Int32Array;
}

/** Reads `10%`, `10 %` or `0.1` as a share in (0, 1). @throws InputError where it is none. */
export function parseShare(option: string, text: string): number {
  const percent = /^\s*([\d.]+)\s*%\s*$/.exec(text)?.[1];
  const share = percent === undefined ? Number(text) : Number(percent) / 100;
  if (text.trim() !== '' && share > 0 && share < 1) return share;
  throw new InputError(
    `--${option} ${text} is not a share of the rows.`,
    'Give one between 0 and 1, or in percent: 10%.',
  );
}

/** Options that draw rows, with what `run.json` calls them. */
export const draws = [
  ['hold-out', 'holdOut'],
  ['hold-out-validation', 'validation'],
  ['subsample', 'subsample'],
] as const;

/** Reads `10%` or `10%@3`, whose draw is by the seed 3. @throws InputError where it is none. */
export function parseDraw(option: string, text: string, seed: number): HoldOut {
  const own = /^(.*)@(\d{1,9})$/.exec(text);
  return { share: parseShare(option, own?.[1] ?? text), seed: own === null ? seed : Number(own[2]) };
}

/** As `parseDraw` reads it. */
export function formatDraw({ share, seed }: HoldOut): string {
  return `${share}@${seed}`;
}

/**
 * Sets rows aside. Rows of the same input (but for case and spaces) go together; where labels are few, each label keeps
 * its share.
 *
 * @param places The rows that are drawn from.
 * @param share In (0, 1). @param seed Of the draw. @param stream Tells draws of one seed apart.
 * @throws InputError where one side would have no rows.
 */
export function holdOut(keys: RowKeys, places: Int32Array, share: number, seed: number, stream = 0): HeldOut {
  const { groups: groupOf, labels: labelOf } = keys;
  // Groups by their number among these rows, in the order of their first ones.
  const groups = new Map<number, number>();
  const sizes: number[] = [];
  const firstLabels: number[] = [];
  const labels = new Set<number>();
  const numbers = places.map((place) => {
    const group = groupOf[place]!;
    let number = groups.get(group);
    if (number === undefined) {
      groups.set(group, (number = sizes.length));
      sizes.push(0);
      firstLabels.push(labelOf[place]!);
    }
    sizes[number]! += 1;
    labels.add(labelOf[place]!);
    return number;
  });
  const few = labels.size >= 2 && labels.size <= mostLabels && labels.size * 2 <= places.length;
  const random = new RandomSequence(seed, drawStream + stream);
  const drawn = Float64Array.from(sizes, () => random.next());
  const strata = new Map<number, number[]>();
  for (const [group, label] of firstLabels.entries()) {
    const stratum = few ? label : 0;
    const others = strata.get(stratum);
    if (others === undefined) strata.set(stratum, [group]);
    else others.push(group);
  }
  const isTaken = new Uint8Array(sizes.length);
  for (const stratum of strata.values()) {
    const wanted = stratum.reduce((sum, group) => sum + sizes[group]!, 0) * share;
    let count = 0;
    for (const group of stratum.sort((a, b) => drawn[a]! - drawn[b]!)) {
      // As near to the share as whole groups come.
      if (count + sizes[group]! / 2 > wanted) break;
      isTaken[group] = 1;
      count += sizes[group]!;
    }
  }
  const heldOut = places.filter((_, at) => isTaken[numbers[at]!] === 1);
  if (heldOut.length === 0 || heldOut.length === places.length) {
    throw new InputError(
      `Of ${places.length} rows none are left on one side where ${Math.round(share * 1000) / 10} % are held out.`,
      'Hold out another share, or name a file with such rows.',
    );
  }
  return { kept: places.filter((_, at) => isTaken[numbers[at]!] === 0), heldOut };
}
