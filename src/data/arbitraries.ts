/** What the property tests of this room draw from. */
import fc from 'fast-check';
import { anyText } from '../formats/arbitraries.ts';

/** Text that is not blank. */
export const filledText = anyText.map((text) => `x${text}`);

/** Generic rows with all four columns. */
export const genericRow = fc.record({
  input: filledText,
  label: filledText,
  rationale: filledText,
  teacherLabel: anyText,
});
