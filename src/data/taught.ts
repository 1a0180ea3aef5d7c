/** A teacher's reasons for a dataset's training rows, as its own file: what the teacher's desk makes of them. */
import { z } from '../base/schemas.ts';
import { listed } from './words.ts';
import type { Example } from './example.ts';
import { changeWords, note, type Note } from './notes.ts';

const taughtRow = z.object({
  /** The row's own, by which it is found. */
  input: z.string(),
  label: z.string(),
  /** Null where the teacher's was not taken. */
  rationale: z.string().nullable(),
  /** Blank where nothing could be read, which is wrong. */
  teacherLabel: z.string(),
  /** The label was given, and the reason for it asked for. */
  rationalised: z.boolean().optional(),
  /** A person wrote it, or corrected it. */
  edited: z.boolean().optional(),
});
export type TaughtRow = z.infer<typeof taughtRow>;

export function writeTaught(rows: readonly TaughtRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** @throws ZodError or SyntaxError where the text was not written by `writeTaught`. */
export function readTaught(text: string): TaughtRow[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => taughtRow.parse(JSON.parse(line)));
}

/**
 * Gives rows the reasons that were asked for them, in place of what came along; rows that were not asked keep theirs.
 * A row is found by its input and label, wherever it stands; of equal rows the first has the first.
 */
export function applyTaught(
  examples: readonly Example[],
  taught: readonly TaughtRow[],
): { examples: Example[]; notes: Note[] } {
  const keyOf = ({ input, label }: Pick<Example, 'input' | 'label'>): string =>
    JSON.stringify([input, label]);
  const waiting = new Map<string, TaughtRow[]>();
  for (const one of taught) waiting.set(keyOf(one), [...(waiting.get(keyOf(one)) ?? []), one]);
  const rationalised: number[] = [];
  const edited: number[] = [];
  const found = examples.map((example): Example => {
    const one = waiting.get(keyOf(example))?.shift();
    if (one === undefined) return example;
    if (one.rationalised && one.rationale !== null) rationalised.push(example.row);
    if (one.edited) edited.push(example.row);
    return { ...example, rationale: one.rationale, teacherLabel: one.teacherLabel };
  });
  const notes: Note[] = [];
  if (rationalised.length > 0) {
    notes.push(note('rationalised', rationalised, changeWords.rationalised));
  }
  if (edited.length > 0) {
    notes.push(
      note('edited', edited, (one) => (one ? 'reason was written by hand' : 'reasons were written by hand')),
    );
  }
  const left = [...waiting.values()].flat();
  if (left.length > 0) {
    const inputs = left.slice(0, 3).map(({ input }) => `“${input.slice(0, 40)}”`);
    notes.push({
      kind: 'reasons-left-over',
      count: left.length,
      rows: [],
      text: `${left.length} reasons have no row any more: ${listed(inputs)}`,
    });
  }
  return { examples: found, notes };
}
