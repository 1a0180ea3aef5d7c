/** A part of the rows, set aside to test with: the same part for the same seed, and no input on both sides. */
import { InputError } from '../base/errors.ts';
import { RandomSequence } from '../base/random.ts';
import type { Example } from './example.ts';
import { mostLabels } from './metrics/labels.ts';
import type { HoldOut } from './kept-reading.ts';

/** Apart from the draws of training with the same seed. */
const drawStream = 0x401d;

export interface HeldOut {
  kept: Example[];
  /** In their order. */
  heldOut: Example[];
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
 * @param share In (0, 1). @param seed Of the draw. @param stream Tells draws of one seed apart.
 * @throws InputError where one side would have no rows.
 */
export function holdOut(rows: readonly Example[], share: number, seed: number, stream = 0): HeldOut {
  const groups = new Map<string, Example[]>();
  for (const row of rows) {
    const key = row.input.replace(/\s+/g, ' ').trim().toLowerCase();
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [row]);
    else same.push(row);
  }
  const labels = new Set(rows.map(({ label }) => label));
  const few = labels.size >= 2 && labels.size <= mostLabels && labels.size * 2 <= rows.length;
  const strata = new Map<string, { group: Example[]; drawn: number }[]>();
  const random = new RandomSequence(seed, drawStream + stream);
  for (const group of groups.values()) {
    const stratum = few ? group[0]!.label : '';
    const drawn = random.next();
    const others = strata.get(stratum);
    if (others === undefined) strata.set(stratum, [{ group, drawn }]);
    else others.push({ group, drawn });
  }
  const taken = new Set<Example>();
  for (const stratum of strata.values()) {
    const wanted = stratum.reduce((sum, { group }) => sum + group.length, 0) * share;
    let count = 0;
    for (const { group } of stratum.sort((a, b) => a.drawn - b.drawn)) {
      // As near to the share as whole groups come.
      if (count + group.length / 2 > wanted) break;
      for (const row of group) taken.add(row);
      count += group.length;
    }
  }
  if (taken.size === 0 || taken.size === rows.length) {
    throw new InputError(
      `Of ${rows.length} rows none are left on one side where ${Math.round(share * 1000) / 10} % are held out.`,
      'Hold out another share, or name a file with such rows.',
    );
  }
  return {
    kept: rows.filter((row) => !taken.has(row)),
    heldOut: rows.filter((row) => taken.has(row)),
  };
}
