/** What can be done about a note. */
import type { Fix } from './fixes.ts';
import type { LintKind } from './lint.ts';

const fixFor: Partial<Record<LintKind, Fix>> = {
  'teacher-label-cut': 'cut-labels',
  'teacher-label-case': 'choice-spelling',
  'teacher-label-letter': 'letters',
  'label-letters': 'letters',
  'teacher-label-unknown': 'use-gold',
  'label-no-choice': 'drop-no-choice',
  'label-no-value': 'drop-no-value',
  'input-repeated': 'drop-repeated',
  'input-leaks': 'drop-leaks',
  'text-twice-encoded': 'encoding',
};

/** What a switch says. */
export const fixLabels: Record<Fix, string> = {
  'cut-labels': 'Repair labels that were cut off',
  'choice-spelling': 'Use the choice’s spelling',
  letters: 'Read letters as choices',
  encoding: 'Read them back',
  'use-gold': 'Use the true label instead',
  'drop-no-value': 'Leave these rows out',
  'drop-no-choice': 'Leave these rows out',
  'drop-leaks': 'Leave them out of training',
  'drop-repeated': 'Leave later ones out',
};

/** The fix that a note offers, or tells of once it was done; null where there is none. */
export function fixOfNote(kind: string): Fix | null {
  const done = kind.startsWith('fixed-') ? kind.slice('fixed-'.length) : null;
  if (done !== null) return Object.hasOwn(fixLabels, done) ? (done as Fix) : null;
  return Object.hasOwn(fixFor, kind) ? (fixFor[kind as LintKind] ?? null) : null;
}
