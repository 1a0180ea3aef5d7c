/** Training rows divided: by a column, drawn aside, a part of them; and without what test rows ask too. */
import { InputError } from '../base/errors.ts';
import { numpyPermutation } from '../base/numpy-random.ts';
import type { Example } from './example.ts';
import type { Fix } from './fixes.ts';
import { holdOut } from './hold-out.ts';
import { note, type Note } from './notes.ts';
import type { HoldOut } from './kept-reading.ts';
import { KeyTexts, RowKeys } from './row-keys.ts';
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

/** Rows of a split by their places: in the training file, or in its own file. */
export interface Part {
  of: 'train' | 'own';
  places: Int32Array;
}

export interface DividedPlaces {
  train: Int32Array;
  /** Null where there are none. */
  validation: Part | null;
  test: Part | null;
  /** Splits whose rows were drawn. */
  drawn: Split[];
  /** What was done to the training rows. */
  notes: Note[];
}

export interface Divided extends Pick<DividedPlaces, 'drawn' | 'notes'> {
  train: Example[];
  validation: Example[] | null;
  test: Example[] | null;
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
  options: DivideOptions,
): Divided {
  const texts = new KeyTexts();
  const keysOf = (rows: readonly Example[] | null): RowKeys | null =>
    rows === null ? null : RowKeys.of(rows, texts);
  const { drawn, notes, ...parts } = dividePlaces(
    RowKeys.of(train, texts),
    { validation: keysOf(given.validation), test: keysOf(given.test) },
    options,
  );
  const rowsOf = (split: 'validation' | 'test'): Example[] | null => {
    const part = parts[split];
    const rows = part?.of === 'own' ? given[split]! : train;
    return part === null ? null : Array.from(part.places, (place) => rows[place]!);
  };
  return {
    train: Array.from(parts.train, (place) => train[place]!),
    validation: rowsOf('validation'),
    test: rowsOf('test'),
    drawn,
    notes,
  };
}

/** As `divide`, for rows that are not held in memory. @param train Of the training file. */
export function dividePlaces(
  train: RowKeys,
  given: { validation: RowKeys | null; test: RowKeys | null },
  { splitOf, holdOut: tested, validation: watched, subsample: part, fixes = [] }: DivideOptions,
): DividedPlaces {
  const notes: Note[] = [];
  const drawn: Split[] = [];
  const all = (keys: RowKeys): Int32Array => Int32Array.from({ length: keys.length }, (_, place) => place);
  const own = (keys: RowKeys | null): Part | null =>
    keys === null ? null : { of: 'own', places: all(keys) };
  let rest = all(train);
  let test = own(given.test);
  let validation = own(given.validation);
  if (splitOf) {
    const rows = train.rows;
    const of = (split: Split): Int32Array =>
      rest.filter((place) => (splitOf.get(rows[place]!) ?? 'train') === split);
    const [tests, validations] = [of('test'), of('validation')];
    if (test === null && tests.length > 0) test = { of: 'train', places: tests };
    if (validation === null && validations.length > 0) validation = { of: 'train', places: validations };
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
  const draw = (split: Split, { share, seed }: HoldOut, stream: number): Part => {
    const { kept, heldOut } = holdOut(train, rest, share, seed, stream);
    rest = kept;
    drawn.push(split);
    return { of: 'train', places: heldOut };
  };
  if (test === null && tested !== undefined) test = draw('test', tested, 0);
  if (fixes.includes('drop-leaks')) {
    const inputsOf = (split: 'validation' | 'test', { of, places }: Part): Set<number> => {
      const { inputs } = of === 'own' ? given[split]! : train;
      return new Set(places.map((place) => inputs[place]!));
    };
    const testInputs = test === null ? new Set<number>() : inputsOf('test', test);
    const others = validation === null ? new Set<number>() : inputsOf('validation', validation);
    const { inputs, rows } = train;
    const isLeak = (place: number): boolean => testInputs.has(inputs[place]!) || others.has(inputs[place]!);
    const leaks = rest.filter(isLeak);
    rest = rest.filter((place) => !isLeak(place));
    if (validation !== null) {
      const { of, places } = validation;
      const { inputs: watchedInputs } = of === 'own' ? given.validation! : train;
      validation = { of, places: places.filter((place) => !testInputs.has(watchedInputs[place]!)) };
    }
    if (leaks.length > 0)
      notes.push(
        note(
          'fixed-drop-leaks',
          Array.from(leaks, (place) => rows[place]!),
          () => 'training rows that are test or validation rows too are left out',
        ),
      );
    if (rest.length === 0)
      throw new InputError('Every training row is a test or validation row too.', 'Choose other files.');
  }
  if (validation === null && watched !== undefined)
    validation = draw('validation', watched, validationStream);
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
  return { train: rest, validation, test, drawn, notes };
}

/**
 * The rows that `subsample` of the research code leaves: `train_test_split(test_size=1 - share, seed)` of Hugging Face's
 * datasets, whose draw is NumPy's. They keep their order here; a run shuffles them anyway.
 */
export function subsample(rows: Int32Array, { share, seed }: HoldOut): Int32Array {
  if (share >= 1) return rows;
  const left = Math.ceil((1 - share) * rows.length);
  if (left >= rows.length)
    throw new InputError(
      `Of ${rows.length} rows none is left where ${share * 100} % are taken.`,
      'Take a larger share.',
    );
  const isKept = new Uint8Array(rows.length);
  for (const at of numpyPermutation(rows.length, seed).subarray(left)) isKept[at] = 1;
  return rows.filter((_, at) => isKept[at] === 1);
}
