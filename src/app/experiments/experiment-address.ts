/** The address of an experiment: `#/experiments?id=A`; of the newest without an id, of one to come with `new`. */

export function experimentHash(id: string | null): string {
  return id === null ? '#/experiments' : `#/experiments?id=${encodeURIComponent(id)}`;
}

export const newExperimentHash = '#/experiments/new';

/** `new`, an id, or null where the address names none. */
export function parseExperiment(hash: string): { id: string } | 'new' | null {
  if (hash.startsWith(newExperimentHash)) return 'new';
  const [, id] = /^#\/experiments\?id=(.+)$/.exec(hash) ?? [];
  if (id === undefined) return null;
  try {
    return { id: decodeURIComponent(id) };
  } catch {
    return null;
  }
}
