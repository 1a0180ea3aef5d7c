/** The README of a student that was changed and not trained since. */
import { formatCount } from '../base/units.ts';
import type { Student } from '../student/folder.ts';
import { countParameters } from '../student/parameters.ts';
import { escapeMarkdown } from './card/facts.ts';

type Original = Pick<Student, 'name' | 'config' | 'notes'>;

/** The text of `README.md`: what it was made from, and what was left out. */
export function reducedCard(whole: Original, student: Student): string {
  return changedCard(whole, student, 'reduced', 'cut down by Stillroom for one data set');
}

/** The same of a student with more pieces. */
export function extendedCard(original: Original, student: Student): string {
  return changedCard(
    original,
    student,
    'with more pieces',
    'given by Stillroom the pieces that one data set needs',
  );
}

function changedCard(original: Original, student: Student, title: string, how: string): string {
  const name = escapeMarkdown(original.name);
  const [before, after] = [original, student].map(({ config }) => formatCount(countParameters(config)));
  const notes = student.notes.slice(original.notes.length).map((note) => `- ${escapeMarkdown(note)}`);
  const size = before === after ? `${after!} parameters` : `${after!} instead of ${before!} parameters`;
  return [
    `# ${name}, ${title}`,
    '',
    `${name} with ${size}, ${how}. It was not trained after that.`,
    '',
    ...notes,
    '',
  ].join('\n');
}
