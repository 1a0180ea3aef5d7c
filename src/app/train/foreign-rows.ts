/** Whether the student's vocabulary knows the rows: a run on others than it knows ends in gibberish. */
import { formatPercent } from '../../base/units.ts';
import { lostLabelWords, sumOfLostLabels } from '../../distill/written-labels.ts';
import { currentDataset, currentStudent, type StudioState } from '../state/studio-store.ts';

/** More unknown pieces than this are no accident: full flan-t5 has hardly one in 10,000 on English text. */
const mostUnknown = 0.01;
/** More single letters than this are spelled words: full flan-t5 has one in ten on English text, one in eight on code. */
const mostLetters = 1 / 3;

/** Labels that the chosen student cannot write back; null where there are none, or nothing was measured yet. */
export function lostLabelNote(state: StudioState): string | null {
  const student = currentStudent(state);
  const known = currentDataset(state)?.lengths;
  const lost = [known?.train, known?.test].flatMap((report) =>
    report?.studentId === student?.id && report?.lostLabels ? [report.lostLabels] : [],
  );
  return lostLabelWords(sumOfLostLabels(lost));
}

/** What is to be known before training the chosen student on the chosen rows; null where nothing is, or not yet. */
export function foreignRows(state: StudioState): string | null {
  const student = currentStudent(state);
  const known = currentDataset(state)?.lengths.train;
  if (student === null || known?.studentId !== student.id || !known.coverage?.pieces) return null;
  const { pieces, unknown, letters } = known.coverage;
  const remedy =
    'Under Student, choose one whose vocabulary knows them, or bring a full flan-t5, before you train for long.';
  if (unknown / pieces > mostUnknown) {
    return `${student.name} has no piece for ${formatPercent(unknown / pieces, 1)} of what these rows are made of (<unk>): it can neither read nor write that. ${remedy}`;
  }
  if (letters / pieces > mostLetters) {
    return `${student.name} does not know most words of these rows: it spells them, and ${formatPercent(letters / pieces, 0)} of their pieces are single letters. What it learns to answer will hardly make sense. ${remedy}`;
  }
  return null;
}
