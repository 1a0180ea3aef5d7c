/** What can be fixed in rows, each switched on by name; nothing else is changed. */
import { InputError } from '../base/errors.ts';
import { TextIndex } from '../base/text-index.ts';
import { choicesWithin, findChoice, letterIndex } from './choices.ts';
import type { Example } from './example.ts';
import { note, RowList, type Note } from './notes.ts';
import { listed } from './words.ts';

const fixWords = {
  'cut-labels': 'teacher’s labels that were cut off are their choices now',
  'choice-spelling': 'labels have their choice’s case and spaces now',
  letters: 'labels that were letters are the texts of their choices now',
  encoding: 'texts that were encoded twice are read back now',
  'use-gold': 'teacher’s labels that were none of the choices are the true ones now',
  'drop-no-value': 'rows whose label says “no value” are left out',
  'drop-no-choice': 'rows whose label is none of their choices are left out',
  'drop-leaks': 'training rows that are test or validation rows too are left out',
  'drop-repeated': 'rows whose input is in an earlier row too are left out',
} satisfies Record<string, string>;

export type Fix = keyof typeof fixWords;
export const fixes = Object.keys(fixWords) as Fix[];

/** Reads `letters,use-gold`. @throws InputError where a fix is not known. */
export function parseFixes(text: string): Fix[] {
  return text.split(',').map((name) => {
    const fix = fixes.find((one) => one === name.trim());
    if (fix !== undefined) return fix;
    throw new InputError(
      `The fix “${name.trim()}” is not known.`,
      `Choose of ${listed(fixes)}, with commas between.`,
    );
  });
}

/** The characters of windows-1252 by their byte. */
const windows1252 = new Map<string, number>();

/** Node 20 decodes whole texts of windows-1252 as latin1, streamed ones rightly. */
const streamed = { stream: true };

function bytesOf(text: string): Uint8Array | null {
  if (windows1252.size === 0) {
    const decoder = new TextDecoder('windows-1252');
    for (let byte = 0; byte < 256; byte += 1)
      windows1252.set(decoder.decode(Uint8Array.of(byte), streamed), byte);
  }
  const bytes = Array.from(text, (character) => windows1252.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : null;
}

/** A text that was encoded twice, read back; as it is where that does not give a text again. */
export function decodedBack(text: string): string {
  if (!/[ÃÂâ]/.test(text)) return text;
  const bytes = bytesOf(text);
  if (bytes === null) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return text;
  }
}

const noValue = /^(?:none|null|na|n\/a|nan|-|-1|#n\/a|undefined)$/i;

/** A row after a fix; null where the row is left out. */
function mend(fix: Fix, row: Example, seen: TextIndex): Example | null {
  const { choices, label, teacherLabel } = row;
  const found = (text: string, ...ways: string[]): string => {
    const one = choices === null ? null : findChoice(text, choices);
    return one !== null && ways.includes(one.how) ? one.choice.trim() : text;
  };
  switch (fix) {
    case 'cut-labels':
      return teacherLabel === null ? row : { ...row, teacherLabel: found(teacherLabel, 'cut') };
    case 'choice-spelling':
      return {
        ...row,
        label: found(label, 'case', 'spaces'),
        teacherLabel: teacherLabel === null ? null : found(teacherLabel, 'case', 'spaces'),
      };
    case 'letters': {
      const list = choices ?? choicesWithin(row.input);
      if (list === null) return row;
      const text = (letter: string): string => {
        const index = list.includes(letter) ? null : letterIndex(letter, list.length);
        return index === null ? letter : list[index]!.trim();
      };
      return { ...row, label: text(label), teacherLabel: teacherLabel === null ? null : text(teacherLabel) };
    }
    case 'encoding':
      return {
        ...row,
        input: decodedBack(row.input),
        label: decodedBack(label),
        rationale: row.rationale === null ? null : decodedBack(row.rationale),
        teacherLabel: teacherLabel === null ? null : decodedBack(teacherLabel),
      };
    case 'use-gold':
      return teacherLabel === null || choices === null || choices.includes(teacherLabel)
        ? row
        : { ...row, teacherLabel: label };
    case 'drop-no-value':
      return noValue.test(label.trim()) ? null : row;
    case 'drop-no-choice':
      return choices !== null && !choices.some((choice) => choice.trim() === label.trim()) ? null : row;
    case 'drop-leaks':
      // It takes the rows of all splits: see divide.ts.
      return row;
    case 'drop-repeated':
      return seen.add(row.input) === null ? row : null;
    default:
      return fix satisfies never;
  }
}

/** Whether two rows say the same. */
function isSame(one: Example, other: Example): boolean {
  return (
    one.input === other.input &&
    one.label === other.label &&
    one.rationale === other.rationale &&
    one.teacherLabel === other.teacherLabel
  );
}

/** Mends rows by the fixes in their order; each that changed something has a note with its rows. */
export function applyFixes(
  examples: readonly Example[],
  switchedOn: readonly Fix[],
): { examples: Example[]; notes: Note[] } {
  const mender = new Mender(switchedOn);
  const mended = examples.map((example) => mender.mend(example)).filter((example) => example !== null);
  return { examples: mended, notes: mender.notes() };
}

/** As `applyFixes`, row by row. */
export class Mender {
  readonly #fixes: { fix: Fix; seen: TextIndex; changed: RowList }[];

  constructor(switchedOn: readonly Fix[]) {
    this.#fixes = switchedOn.map((fix) => ({ fix, seen: new TextIndex(), changed: new RowList() }));
  }

  /** The row after all fixes; null where one leaves it out. */
  mend(example: Example): Example | null {
    let row = example;
    for (const { fix, seen, changed } of this.#fixes) {
      const now = mend(fix, row, seen);
      if (now === null) {
        changed.add(row.row);
        return null;
      }
      if (isSame(now, row)) continue;
      changed.add(row.row);
      row = now;
    }
    return row;
  }

  notes(): Note[] {
    return this.#fixes.flatMap(({ fix, changed }) =>
      changed.length === 0 ? [] : [note(`fixed-${fix}`, changed, () => fixWords[fix])],
    );
  }
}
