/** The README of a student that was made smaller and not trained since. */
import { formatCount } from '../base/units.ts';
import type { Student } from '../student/folder.ts';
import { countParameters } from '../student/parameters.ts';
import { escapeMarkdown } from './model-card.ts';

/** The text of `README.md`: what it was made from, and what was left out. */
export function reducedCard(whole: Pick<Student, 'name' | 'config' | 'notes'>, student: Student): string {
  const name = escapeMarkdown(whole.name);
  const [before, after] = [whole, student].map(({ config }) => formatCount(countParameters(config)));
  const notes = student.notes.slice(whole.notes.length).map((note) => `- ${escapeMarkdown(note)}`);
  return [
    `# ${name}, reduced`,
    '',
    `${name} with ${after!} instead of ${before!} parameters, cut down by Stillroom for one data set. It was not trained after that.`,
    '',
    ...notes,
    '',
  ].join('\n');
}
