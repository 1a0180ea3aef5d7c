/** Answers held against choices: letters, spellings, choices that stand inside an input. */

/** How a text was found among the choices. */
export interface FoundChoice {
  choice: string;
  how: 'exact' | 'spaces' | 'case' | 'cut' | 'letter';
}

const letterAlone = /^\(?([A-Za-z])[).:]?$/;
/** A choice's letter before its text: `(a) `, `A) `, `A ) `, `b. `. */
export const letterPrefix = /^\s*(?:\(\s*[A-Za-z]\s*\)|[A-Za-z]\s*[).:](?=\s|\S))\s*/;

/** The index of the choice that a letter names, or null. */
export function letterIndex(text: string, count: number): number | null {
  const letter = letterAlone.exec(text.trim())?.[1];
  if (letter === undefined) return null;
  const index = letter.toLowerCase().charCodeAt(0) - 97;
  return index >= 0 && index < count ? index : null;
}

/**
 * The choice that a text names: itself first, then but for outer space, case, a list's beginning after it (“park or”),
 * then by its letter. Null where it names none.
 */
export function findChoice(text: string, choices: readonly string[]): FoundChoice | null {
  const exact = choices.find((choice) => choice === text);
  if (exact !== undefined) return { choice: exact, how: 'exact' };
  const trimmed = text.trim();
  const spaced = choices.find((choice) => choice.trim() === trimmed);
  if (spaced !== undefined) return { choice: spaced, how: 'spaces' };
  const byCase = (wanted: string): string | undefined =>
    choices.find((choice) => choice.trim().toLowerCase() === wanted.toLowerCase());
  const folded = byCase(trimmed);
  if (folded !== undefined) return { choice: folded, how: 'case' };
  const cut = /^(.+?)(?:,| or| and)$/i.exec(trimmed)?.[1];
  const before = cut === undefined ? undefined : byCase(cut);
  if (before !== undefined) return { choice: before, how: 'cut' };
  const index = letterIndex(trimmed, choices.length);
  return index === null ? null : { choice: choices[index]!, how: 'letter' };
}

/** The letters before a list of choices: `(a)` … `(z)`. */
export function lettered(choices: readonly string[]): string {
  return choices.map((choice, index) => `(${String.fromCharCode(97 + index)}) ${choice}`).join('\n');
}

/** The student's input: the question, then the choices under their letters, as the method's authors compose it. */
export function composeInput(question: string, choices: readonly string[]): string {
  return `${question}\nAnswer Choices:\n${lettered(choices)}`;
}

/** Most choices that a list may have: letters go from a to z. */
export const mostChoices = 26;

/** Choices are the end of an input: of a longer one so much is looked through. */
const mostSearched = 100_000;

/** The choices that stand inside an input, after `Answer Choices:` or `Options:`; null where there are none. */
export function choicesWithin(whole: string): string[] | null {
  const input = whole.slice(-mostSearched);
  const start = /(?:answer choices|options)\s*:/i.exec(input);
  if (start === null) return null;
  const rest = input.slice(start.index + start[0].length).trim();
  const lines = rest
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length >= 2) {
    const stripped = lines.map((line) => line.replace(/^-\s+/, ''));
    const all = stripped.every((line) => letterPrefix.test(line));
    const dashed = lines.every((line) => line.startsWith('- '));
    if (!all && !dashed) return null;
    return stripped.map((line) => (all ? line.replace(letterPrefix, '') : line)).slice(0, mostChoices);
  }
  const inline = rest
    .split(/\(\s*[A-Za-z]\s*\)/)
    .slice(1)
    .map((text) => text.trim());
  return inline.length >= 2 && inline.length <= mostChoices ? inline : null;
}
