/** A dataset and the teacher's rationales as examples, joined by position. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import type { Example, Refusal, Tally } from './example.ts';
import type { DatasetFile, RationaleRow, RationalesFile } from './read-file.ts';

export interface Joined {
  examples: Example[];
  /** Of both files, the dataset's first. */
  refused: (Refusal & { file: string })[];
  /** How often the teacher's label is the true one; null where no example has a teacher's label. */
  teacher: Tally | null;
}

/**
 * Gives each row the rationale and the teacher's label that stand at the same position in `rationales`, refused
 * records counted on both sides. A rationale that was refused leaves its row without. Without a rationales file, rows
 * keep what they carry themselves; with one, the file alone counts.
 *
 * @throws InputError naming both files and counts where they differ.
 */
export function joinTeacher(dataset: DatasetFile, rationales: RationalesFile | null): Joined {
  if (rationales !== null && rationales.positions !== dataset.positions)
    throw countMismatch(dataset, rationales);
  const byPosition = new Map<number, RationaleRow>();
  for (const row of rationales?.rows ?? []) byPosition.set(row.row, row);

  const examples = dataset.rows.map(({ line: _line, ...example }): Example => {
    if (rationales === null) return example;
    const taught = byPosition.get(example.row);
    return { ...example, rationale: taught?.rationale ?? null, teacherLabel: taught?.label ?? null };
  });
  const refused = [dataset, ...(rationales === null ? [] : [rationales])].flatMap((data) =>
    data.refused.map((refusal) => ({ ...refusal, file: data.file })),
  );
  return { examples, refused, teacher: tallyTeacher(examples) };
}

/**
 * Exact, case-sensitive equality of the teacher's label and the true one, as the method's authors count it: nothing is
 * trimmed or folded, and a blank answer is wrong. Null where no example has a teacher's label.
 */
export function tallyTeacher(examples: readonly Example[]): Tally | null {
  const taught = examples.filter(({ teacherLabel }) => teacherLabel !== null);
  if (taught.length === 0) return null;
  return {
    correct: taught.filter(({ label, teacherLabel }) => teacherLabel === label).length,
    total: taught.length,
  };
}

/** Why these two cannot be joined. */
export function countMismatch(dataset: DatasetFile, rationales: RationalesFile): InputError {
  return new InputError(
    `${countInWords(rationales)}, but ${dataset.file} has ${countInWords(dataset, false)}.`,
    'Rationales are joined to rows by position, so that both files need the same number of rows: ' +
      'choose the rationales that were made from this dataset, whole and in its order.',
    { file: rationales.file },
  );
}

function countInWords(
  { positions, refused }: { positions: number; refused: Refusal[] },
  sentence = true,
): string {
  const rows = `${formatCount(positions)} ${positions === 1 ? 'row' : 'rows'}`;
  const counted = refused.length === 0 ? rows : `${rows} (refused ones counted)`;
  return sentence ? `This file of rationales has ${counted}` : counted;
}
