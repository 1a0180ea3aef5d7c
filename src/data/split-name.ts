/** The split that a name speaks of. */

export type Split = 'train' | 'test';

const trainWords = new Set(['train', 'training']);
const testWords = new Set(['test', 'validation', 'valid', 'val', 'dev']);

/** The split that a file's name speaks of, or null where it speaks of none or of both. Folders count if the name is silent. */
export function guessSplit(path: string): Split | null {
  for (const part of path.split(/[\\/]/).reverse()) {
    const words = part
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z]+/);
    const train = words.some((word) => trainWords.has(word));
    const test = words.some((word) => testWords.has(word));
    if (train !== test) return train ? 'train' : 'test';
    if (train) return null;
  }
  return null;
}
