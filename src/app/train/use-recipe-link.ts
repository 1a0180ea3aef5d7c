import { useEffect, useSyncExternalStore } from 'react';
import { hashOf, onHashChange } from '../routes.ts';
import { fillFromLink, refuseToFill } from '../state/form-source.ts';
import { readRecipeHash } from '../recipe/recipe-link.ts';

/** Takes a recipe from the page's address, also from one that is pasted while the page is open. */
export function useRecipeLink(): void {
  const hash = useSyncExternalStore(onHashChange, () => location.hash);
  useEffect(() => {
    // Of now, not of when it was drawn: what was taken is taken once.
    const reading = readRecipeHash(location.hash);
    if (reading === null) return;
    if (reading.draft === null) {
      refuseToFill(reading.problems);
      return;
    }
    fillFromLink(reading.draft, reading.places);
    // Taken once: a reload must not undo what is changed from here on.
    history.replaceState(history.state, '', hashOf('train'));
  }, [hash]);
}
