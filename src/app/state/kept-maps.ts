/** Which column is what, by layout: the same columns that are dropped again are read by the same map. */
import { roles, type ColumnMap } from '../../data/column-map.ts';
import { layoutKey, type FileHead, type KnownMaps } from '../../data/file-head.ts';
import { keepChoice, readChoice } from './choices.ts';

/** The oldest are forgotten beyond so many. */
const mapsKept = 50;

export function keptMaps(): KnownMaps {
  try {
    const value = JSON.parse(readChoice('column-maps') ?? '[]') as unknown;
    return Array.isArray(value) ? Object.fromEntries(value.filter(isKept)) : {};
  } catch {
    // Somebody else's text under our name: nothing is known then.
    return {};
  }
}

function isKept(entry: unknown): entry is [string, ColumnMap] {
  if (!Array.isArray(entry) || typeof entry[0] !== 'string') return false;
  const map = entry[1] as unknown;
  return (
    typeof map === 'object' &&
    map !== null &&
    Object.entries(map).every(
      ([role, column]) => roles.some((one) => one === role) && typeof column === 'string',
    )
  );
}

/** Remembers a map for the columns of a file; null forgets it. */
export function keepMap(head: FileHead, map: ColumnMap | null): void {
  const { [layoutKey(head)]: _old, ...others } = keptMaps();
  const kept = Object.entries(others);
  if (map !== null) kept.push([layoutKey(head), map]);
  keepChoice('column-maps', JSON.stringify(kept.slice(-mapsKept)));
}
