/** Training rows divided: by a column, drawn aside, a part of them; and without what test rows ask too. */
import { InputError } from '../base/errors.ts';
import { numpyPermutation } from '../base/numpy-random.ts';
import type { Example } from './example.ts';
import type { Fix } from './fixes.ts';
import { holdOut } from './hold-out.ts';
import { note, type Note } from './notes.ts';
import type { HoldOut } from './kept-reading.ts';
import type { Split } from './split-name.ts';

export interface DivideOptions {
  /** The split of rows by their position, where a column says it. */
  splitOf?: ReadonlyMap<number, Split> | null | undefined;
  /** Drawn where there are no test rows otherwise. */
  holdOut?: HoldOut | undefined;
  /** Drawn where there are no validation rows otherwise. */
  validation?: HoldOut | undefined;
  /** The part of the training rows that stays, as the research code draws it. */
  subsample?: HoldOut | undefined;
  fixes?: readonly Fix[];
}

export interface Divided {
  train: Example[];
  /** Null where there are none. */
  validation: Example[] | null;
  test: Example[] | null;
  /** Splits whose rows were drawn. */
  drawn: Split[];
  /** What was done to the training rows. */
  notes: Note[];
}

/** Draws of validation rows are others than those of test rows, also by the same seed. */
const validationStream = 1;

/**
 * @param train Rows of the training file. @param given Those of files for the other splits: they go before a column's.
 * @throws InputError where a split would have no rows.
 */
export function divide(
  train: readonly Example[],
  given: { validation: readonly Example[] | null; test: readonly Example[] | null },
  { splitOf, holdOut: tested, validation: watched, subsample: part, fixes = [] }: DivideOptions,
): Divided {
  const notes: Note[] = [];
  const aside: Split[] = [];
  let rest = [...train];
  let test = given.test === null ? null : [...given.test];
  let validation = given.validation === null ? null : [...given.validation];
  if (splitOf) {
    const of = (split: Split): Example[] => rest.filter(({ row }) => (splitOf.get(row) ?? 'train') === split);
    const [test_, validation_] = [of('test'), of('validation')];
    if (test === null && test_.length > 0) test = test_;
    if (validation === null && validation_.length > 0) validation = validation_;
    // Without rows for testing, those of validation are it, as where files have it.
    if (test === null && validation !== null && given.validation === null && tested === undefined)
      [test, validation] = [validation, null];
    rest = of('train');
    if (rest.length === 0)
      throw new InputError(
        'By the column with the splits there are no training rows.',
        'Name another column.',
      );
  }
  if (test === null && tested !== undefined) {
    const drawn = holdOut(rest, tested.share, tested.seed);
    [rest, test] = [drawn.kept, drawn.heldOut];
    aside.push('test');
  }
  if (fixes.includes('drop-leaks')) {
    const tested_ = new Set((test ?? []).map(({ input }) => input));
    const all = new Set([...tested_, ...(validation ?? []).map(({ input }) => input)]);
    const leaks = rest.filter(({ input }) => all.has(input)).map(({ row }) => row);
    rest = rest.filter(({ input }) => !all.has(input));
    validation = validation?.filter(({ input }) => !tested_.has(input)) ?? null;
    if (leaks.length > 0)
      notes.push(
        note(
          'fixed-drop-leaks',
          leaks,
          () => 'training rows that are test or validation rows too are left out',
        ),
      );
    if (rest.length === 0)
      throw new InputError('Every training row is a test or validation row too.', 'Choose other files.');
  }
  if (validation === null && watched !== undefined) {
    const drawn = holdOut(rest, watched.share, watched.seed, validationStream);
    [rest, validation] = [drawn.kept, drawn.heldOut];
    aside.push('validation');
  }
  if (part !== undefined) {
    const before = rest.length;
    rest = subsample(rest, part);
    notes.push({
      kind: 'subsampled',
      count: rest.length,
      rows: [],
      text: `${rest.length} of ${before} training rows are taken, drawn by seed ${part.seed} as the research code does`,
    });
  }
  return { train: rest, validation, test, drawn: aside, notes };
}

/**
 * The rows that `subsample` of the research code leaves: `train_test_split(test_size=1 - share, seed)` of Hugging Face's
 * datasets, whose draw is NumPy's. They keep their order here; a run shuffles them anyway.
 */
export function subsample<T>(rows: readonly T[], { share, seed }: HoldOut): T[] {
  if (share >= 1) return [...rows];
  const left = Math.ceil((1 - share) * rows.length);
  if (left >= rows.length)
    throw new InputError(
      `Of ${rows.length} rows none is left where ${share * 100} % are taken.`,
      'Take a larger share.',
    );
  const kept = new Set(numpyPermutation(rows.length, seed).subarray(left));
  return rows.filter((_, at) => kept.has(at));
}
