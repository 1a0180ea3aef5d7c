/**
 * The four ways in which a student is taught (Hsieh et al., 2023): two tasks with prefixes; the label alone; and, as the
 * paper's ablation has it, label and rationale as one text, in either order.
 */
export const methods = ['step-by-step', 'standard', 'rationale-then-label', 'label-then-rationale'] as const;

export type Method = (typeof methods)[number];
/** Methods whose one target holds both. */
export type OneTarget = 'rationale-then-label' | 'label-then-rationale';

/** As a person reads them. */
export const methodWords: Readonly<Record<Method, string>> = {
  'step-by-step': 'step by step',
  standard: 'standard',
  'rationale-then-label': 'rationale, then label',
  'label-then-rationale': 'label, then rationale',
};

export function isOneTarget(method: Method): method is OneTarget {
  return method === 'rationale-then-label' || method === 'label-then-rationale';
}

/** Whether a method learns from rationales, and so needs them. */
export function teachesRationales(method: Method): boolean {
  return method !== 'standard';
}

/** What stands between the two parts of one target: short, and within the letters of any vocabulary. */
export const targetMarkers = {
  'rationale-then-label': 'answer:',
  'label-then-rationale': 'because:',
} as const satisfies Record<OneTarget, string>;

/** The two parts of one target, in their order; the marker belongs to the second. Without a rationale, the label alone. */
export function targetParts(
  method: OneTarget,
  label: string,
  rationale: string | null,
): [first: string, second: string] {
  const marker = targetMarkers[method];
  if (method === 'label-then-rationale') return [label, rationale === null ? '' : ` ${marker} ${rationale}`];
  return rationale === null ? ['', `${marker} ${label}`] : [rationale, ` ${marker} ${label}`];
}

/** The text that a student of one target is taught to write. */
export function oneTarget(method: OneTarget, { answer, rationale }: Written): string {
  return targetParts(method, answer, rationale).join('');
}

/** What a student wrote for a row. */
export interface Written {
  answer: string;
  /** Null where it was not asked for one, or wrote none. */
  rationale: string | null;
}

/**
 * Reads label and rationale out of one target. Without its marker, a text that should end with the label has none, and
 * one that begins with it is the label.
 */
export function readTarget(method: OneTarget, text: string): Written {
  const marker = targetMarkers[method];
  // A rationale may hold the word too: the label is after the last one, or before the first.
  const at = method === 'rationale-then-label' ? text.lastIndexOf(marker) : text.indexOf(marker);
  const before = at < 0 ? text : text.slice(0, at).replace(/\s$/, '');
  const after = at < 0 ? '' : text.slice(at + marker.length).replace(/^\s/, '');
  const [answer, rationale] = method === 'rationale-then-label' ? [after, before] : [before, after];
  return { answer, rationale: rationale === '' ? null : rationale };
}
