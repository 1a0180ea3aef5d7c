/** Rows whose split is in their own column. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { plainName, plainText } from './layouts/cells.ts';
import type { JsonObject } from './layouts/layout.ts';
import { note, RowList, type Note } from './notes.ts';
import { guessSplit, splits, type Split } from './split-name.ts';
import { listed, quoted } from './words.ts';

export interface ColumnSplit {
  column: string;
  /** By position. */
  of: ReadonlyMap<number, Split>;
  notes: Note[];
}

/** What such a column is called, where nobody names it. */
const usualNames = new Set(['split', 'set', 'fold', 'partition', 'subset']);
/** Values that a message names. */
const named = 5;

/** The split of each row by a column: one that was named, or one that is called so and holds nothing else. */
export class SplitColumn {
  readonly #cells = new Map<string, Map<number, Split | null>>();
  readonly #without = new RowList();
  /** Values of the column that was named which are no split. */
  readonly #strange = new Set<string>();

  /** @param asked The column's name; left out, it is looked for. */
  constructor(
    readonly file: string,
    readonly asked: string | undefined,
  ) {}

  /** @param row Its position. */
  add(row: number, value: JsonObject): void {
    const { asked } = this;
    if (asked === undefined) {
      for (const column of Object.keys(value))
        if (usualNames.has(plainName(column))) this.#note(column, row, value[column]);
    } else if (!this.#note(asked, row, Object.hasOwn(value, asked) ? value[asked] : null))
      this.#without.add(row);
  }

  #note(column: string, row: number, value: unknown): boolean {
    const text = plainText(value)?.trim() ?? '';
    if (text === '') return false;
    let splitsOf = this.#cells.get(column);
    if (splitsOf === undefined) this.#cells.set(column, (splitsOf = new Map<number, Split | null>()));
    const split = guessSplit(text);
    if (split === null && this.#strange.size <= named) this.#strange.add(text);
    // A column that was found by its name and holds something else is none: there is no need to hold it.
    if (this.asked !== undefined || splitsOf.get(-1) !== null) splitsOf.set(split === null ? -1 : row, split);
    return true;
  }

  /**
   * After the last row; null where no column says it.
   * @throws InputError where a column that was named is missing, or holds something else.
   */
  result(): ColumnSplit | null {
    const { asked, file } = this;
    if (asked !== undefined) {
      if (!this.#cells.has(asked))
        throw new InputError(
          `There is no column ${quoted(asked)} with splits in it.`,
          'Name another column.',
          {
            file,
          },
        );
      const strange = [...this.#strange];
      if (strange.length > 0)
        throw new InputError(
          `The column ${quoted(asked)} holds ${listed(strange.slice(0, named).map((text) => quoted(text)))}${strange.length > named ? ' and others' : ''}, which is no split.`,
          'Write train, validation or test there, or name another column.',
          { file },
        );
    }
    for (const [column, of] of this.#cells) {
      if (asked === undefined && !isSplit(of)) continue;
      return { column, of: of as Map<number, Split>, notes: notesOf(column, of, this.#without) };
    }
    return null;
  }
}

/** Whether every value names a split, and there are training rows beside others. */
function isSplit(of: ReadonlyMap<number, Split | null>): boolean {
  const found = new Set(of.values());
  return !found.has(null) && found.has('train') && found.size > 1;
}

function notesOf(column: string, of: ReadonlyMap<number, Split | null>, without: RowList): Note[] {
  const counts = splits.flatMap((split) => {
    const count = [...of.values()].filter((one) => one === split).length;
    return count === 0 ? [] : [`${formatCount(count)} ${split}`];
  });
  const notes: Note[] = [
    {
      kind: 'split-by-column',
      count: of.size,
      rows: [],
      text: `The column ${quoted(column)} says which rows are for what: ${listed(counts)}`,
    },
  ];
  if (without.length > 0)
    notes.push(
      note('split-missing', without, (one) =>
        one
          ? `row has no split in ${quoted(column)} and is trained on`
          : `rows have no split in ${quoted(column)} and are trained on`,
      ),
    );
  return notes;
}
