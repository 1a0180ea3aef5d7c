/** What the station says of a run. */
import { InputError } from '../../base/errors.ts';
import { formatCount } from '../../base/units.ts';
import type { TeachEnd, TeachProgress } from '../../desk/desk.ts';
import type { BroughtBack } from '../../teacher/batch.ts';

export function nameless(): InputError {
  return new InputError(
    'The teacher’s model has no name yet.',
    'Give the name by which its server knows it.',
  );
}

export function sentence(words: string): string {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Where a run ended; null where it did all. */
export function wordsOfEnd(end: TeachEnd, progress: TeachProgress | null): string | null {
  const { done = 0, total = 0 } = progress ?? {};
  const far = `${formatCount(done)} of ${formatCount(total)} rows`;
  switch (end.kind) {
    case 'done':
      return null;
    case 'stopped':
      return `Stopped at ${far}. Every answer that came is kept; no row is asked twice.`;
    case 'budget':
      return `Stopped at ${far}: the next question might pass the limit of ${end.limit}. Raise it to continue.`;
    case 'failed':
      return `Stopped at ${far}. ${end.error.message}`;
    default:
      return end satisfies never;
  }
}

/** What became of a file of answers. */
export function wordsOfAnswers(fileName: string, { added, foreign, unread }: BroughtBack): string[] {
  return [
    `${formatCount(added)} answers are new.`,
    ...(foreign > 0 ? [`${formatCount(foreign)} lines answer other prompts and were left out.`] : []),
    ...unread.slice(0, 5).map(({ line, why }) => `${fileName}, line ${line} was left out: ${why}.`),
  ];
}
