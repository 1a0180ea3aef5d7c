/** The address of two or three runs that are compared: `#/runs/pair?runs=A,B,C`. */

export function pairHash(ids: readonly string[]): string {
  return `#/runs/pair?runs=${ids.map(encodeURIComponent).join(',')}`;
}

/** The runs that an address asks to compare; null where it asks for something else. */
export function parsePair(hash: string): string[] | null {
  const [, list] = /^#\/runs\/pair\?runs=(.+)$/.exec(hash) ?? [];
  if (list === undefined) return null;
  try {
    const ids = [...new Set(list.split(',').map(decodeURIComponent))];
    return ids.length === 2 || ids.length === 3 ? ids : null;
  } catch {
    return null;
  }
}
