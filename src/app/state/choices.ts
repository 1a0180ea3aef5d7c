/**
 * What the person chose, small things only, kept in localStorage: which dataset, student and run is shown, the recipe
 * as typed, the theme. Where the browser forbids it, choices last as long as the page.
 */

const prefix = 'stillroom.';

export type ChoiceName =
  | 'dataset'
  | 'student'
  | 'run'
  | 'recipe'
  | 'test-rows'
  | 'backend'
  | 'theme'
  | 'sample-offered'
  | 'chart-view'
  | 'tell-at-end'
  | 'single-keys'
  | 'column-maps'
  | 'run-columns'
  | 'runs-grouped'
  /** Rows and a tokenizer that did not come to an end with them. */
  | 'uncounted'
  | 'pinned-questions'
  /** What steps took on this machine: see remembered-times.ts. */
  | 'step-times';

export function readChoice(name: ChoiceName): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

/** Keeps a choice; null forgets it. */
export function keepChoice(name: ChoiceName, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, value);
  } catch {
    // A private window may forbid it; nothing depends on it.
  }
}
