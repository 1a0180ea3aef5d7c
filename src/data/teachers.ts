/** Several answers to a row, by several teachers or by one that was asked more than once: which of them counts. */
import type { DatasetFile, RationalesFile } from './read-file.ts';
import { concatenate } from './several-files.ts';

const teacherRules = ['cycle', 'vote', 'right'] as const;
/**
 * `cycle`: rows take the answers in turn. `vote`: the label that most answers give, with the first reason for it.
 * `right`: the first answer that is right; where none is, no reason. Else the name of the one teacher's file that counts.
 */
export type TeacherChoice = (typeof teacherRules)[number] | { file: string };

/** What a choice says, within a sentence. */
export const teacherWords: Record<(typeof teacherRules)[number], string> = {
  cycle: 'rows take their answers in turn',
  vote: 'the label that most of them give counts, with the first reason for it',
  right: 'only right answers give reasons',
};

/** Reads `cycle`, `vote`, `right` or the name of a file. */
export function parseTeachers(text: string): TeacherChoice {
  return teacherRules.find((rule) => rule === text) ?? { file: text };
}

/** As `parseTeachers` reads it. */
export function formatTeachers(choice: TeacherChoice): string {
  return typeof choice === 'string' ? choice : choice.file;
}

/** One answer to a row. */
export interface Answered {
  rationale: string | null;
  label: string | null;
}

/** Of several answers to a row the one that counts, by a rule. @param at Its position: where turns are taken, whose it is. */
export function chosenAnswer<A extends Answered>(
  answers: readonly A[],
  rule: (typeof teacherRules)[number],
  at: number,
  isRight: (label: string) => boolean,
): A | undefined {
  const [first] = answers;
  if (first === undefined) return undefined;
  switch (rule) {
    case 'cycle':
      return answers[at % answers.length];
    case 'vote': {
      const voted = mostGiven(answers);
      const same = answers.filter(({ label }) => label === voted);
      return same.find(({ rationale }) => rationale !== null) ?? same[0];
    }
    case 'right':
      return (
        answers.find(({ label, rationale }) => label !== null && rationale !== null && isRight(label)) ??
        answers.find(({ label }) => label !== null && isRight(label)) ?? { ...first, rationale: null }
      );
    default:
      return rule satisfies never;
  }
}

/** The label that most answers give; of equally frequent ones the first. A blank one is no answer where there is another. */
function mostGiven(answers: readonly Answered[]): string | null {
  const votes = new Map<string | null, number>();
  for (const { label } of answers) votes.set(label, (votes.get(label) ?? 0) + 1);
  let best: string | null = answers[0]!.label;
  const weight = (label: string | null): number =>
    label === null ? -1 : label.trim() === '' ? 0 : votes.get(label)!;
  for (const label of votes.keys()) if (weight(label) > weight(best)) best = label;
  return best;
}

/**
 * The teachers among a dataset's files of rationales: files that each answer all its rows, or the same ones, are as many
 * teachers; else they are pieces of one, in their order.
 */
export function teachersOf(
  dataset: DatasetFile,
  files: readonly RationalesFile[],
): readonly RationalesFile[] {
  if (files.length < 2) return files;
  if (files.every(({ positions }) => positions === dataset.positions) || shareKeys(files)) return files;
  return [concatenate(files) as RationalesFile];
}

/** Whether two files name the same row, by an id or by an input. */
function shareKeys(files: readonly RationalesFile[]): boolean {
  for (const keyOf of [
    ({ id }: RationalesFile['rows'][number]) => id,
    ({ input }: RationalesFile['rows'][number]) => input,
  ]) {
    const seen = new Set<string>();
    for (const { rows } of files) {
      const keys = new Set(rows.map(keyOf).filter((key) => key !== null));
      for (const key of keys) {
        if (seen.has(key)) return true;
        seen.add(key);
      }
    }
  }
  return false;
}
