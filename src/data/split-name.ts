/** The split that a name speaks of. */

/** What rows are for: to train on, to watch while training, to judge at the end. */
export const splits = ['train', 'validation', 'test'] as const;
export type Split = (typeof splits)[number];

/** Something of each split; validation is optional, and older records know nothing of it. */
export type BySplit<T> = Record<'train' | 'test', T | null> & { validation?: T | null };

const wordsOf: Record<Split, ReadonlySet<string>> = {
  train: new Set(['train', 'training']),
  validation: new Set(['validation', 'valid', 'val', 'dev']),
  test: new Set(['test', 'testing']),
};

/** The split that a file's name speaks of, or null where it speaks of none or of several. Folders count if the name is silent. */
export function guessSplit(path: string): Split | null {
  for (const part of path.split(/[\\/]/).reverse()) {
    const words = part
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z]+/);
    const told = splits.filter((split) => words.some((word) => wordsOf[split].has(word)));
    if (told.length > 0) return told.length === 1 ? told[0]! : null;
  }
  return null;
}

/**
 * Those whose name speaks of a split. Where test rows are asked for and nothing is called so, what is called
 * validation: many public sets keep the labels of their test split to themselves.
 */
export function ofSplit<T>(split: Split, all: readonly T[], nameOf: (one: T) => string): T[] {
  const named = (wanted: Split): T[] => all.filter((one) => guessSplit(nameOf(one)) === wanted);
  const exact = named(split);
  return exact.length === 0 && split === 'test' ? named('validation') : exact;
}
