/**
 * Labels as the student can write them. The method's authors compare decoded ids of the answer with decoded ids of the
 * label (`compute_metrics_text` in google-research/distilling-step-by-step), so that what a tokenizer loses (a brace, a
 * line break, two spaces) is lost on both sides. Judged by its raw text, such a label could never be answered.
 */
import type { Example } from '../data/example.ts';
import type { Note } from '../data/notes.ts';
import type { Speaker } from './answer.ts';
import type { Recipe } from './recipe.ts';

/** What judging needs of a recipe. */
export type LabelLimits = Pick<Recipe, 'maxTargetTokens'>;

/** The label after it was encoded, cut as a target is cut, and decoded. */
export function writtenLabel(label: string, speaker: Speaker, { maxTargetTokens }: LabelLimits): string {
  return speaker.decode(speaker.encode(label, maxTargetTokens));
}

/** `writtenLabel` where it differs from the label, for a record that keeps it only then. */
export function writtenLabelOf(
  label: string,
  speaker: Speaker,
  limits: LabelLimits,
): { writtenLabel?: string } {
  const written = writtenLabel(label, speaker, limits);
  return written === label ? {} : { writtenLabel: written };
}

/** Labels that do not come back as they were. */
export interface LostLabels {
  /** Rows that have one. */
  rows: number;
  /** Rows in all. */
  total: number;
  /** The first few different ones, shortened. */
  examples: { label: string; written: string }[];
  /** Different labels that come back as the same text as another label: they cannot be told apart. */
  alike: number;
}

const shownExamples = 3;
const shownLength = 60;

/** Counts the labels that a student cannot write back. */
export class LostLabelCount {
  readonly #speaker: Speaker;
  readonly #limits: LabelLimits;
  /** By label, what comes back. */
  readonly #written = new Map<string, string>();
  readonly #lost: LostLabels = { rows: 0, total: 0, examples: [], alike: 0 };

  constructor(speaker: Speaker, limits: LabelLimits) {
    this.#speaker = speaker;
    this.#limits = limits;
  }

  add(label: string): void {
    this.#lost.total += 1;
    let written = this.#written.get(label);
    if (written === undefined) {
      written = writtenLabel(label, this.#speaker, this.#limits);
      this.#written.set(label, written);
      if (written !== label && this.#lost.examples.length < shownExamples)
        this.#lost.examples.push({ label: shortened(label), written: shortened(written) });
    }
    if (written !== label) this.#lost.rows += 1;
  }

  get lost(): LostLabels {
    const different = new Set(this.#written.values());
    return { ...this.#lost, alike: this.#written.size - different.size };
  }
}

function shortened(text: string): string {
  const letters = Array.from(text);
  return letters.length <= shownLength ? text : `${letters.slice(0, shownLength - 1).join('')}…`;
}

/** `LostLabels` of examples. */
export function lostLabels(
  examples: readonly Pick<Example, 'label'>[],
  speaker: Speaker,
  limits: LabelLimits,
): LostLabels {
  const count = new LostLabelCount(speaker, limits);
  for (const { label } of examples) count.add(label);
  return count.lost;
}

/** Those of both splits. `alike` counts within each. */
export function sumOfLostLabels(all: readonly LostLabels[]): LostLabels {
  const sum = (count: (one: LostLabels) => number): number =>
    all.reduce((total, one) => total + count(one), 0);
  const examples = new Map(all.flatMap((one) => one.examples.map((example) => [example.label, example])));
  return {
    rows: sum(({ rows }) => rows),
    total: sum(({ total }) => total),
    examples: [...examples.values()].slice(0, shownExamples),
    alike: sum(({ alike }) => alike),
  };
}

/** What is to be known before training on labels that do not come back; null where all do. */
export function lostLabelWords({ rows, total, examples, alike }: LostLabels): string | null {
  if (rows === 0) return null;
  const shown = examples.map(
    ({ label, written }) => `${JSON.stringify(label)} comes back as ${JSON.stringify(written)}`,
  );
  const same =
    alike === 0
      ? ''
      : ` ${alike} ${alike === 1 ? 'label comes' : 'labels come'} back as the text of another.`;
  return (
    `${rows} of ${total} labels cannot be written back by this student’s tokenizer as they are: ${shown.join('; ')}.${same} ` +
    'Answers are judged against what comes back, as the method’s authors judge them. ' +
    'To keep what is lost, replace these characters in your rows with ones that the tokenizer has, or add them to the student as pieces.'
  );
}

/** The same as a note on the rows: none where all labels come back. */
export function lostLabelNotes(
  examples: readonly Pick<Example, 'row' | 'label'>[],
  speaker: Speaker,
  limits: LabelLimits,
): Note[] {
  const lost = lostLabels(examples, speaker, limits);
  const text = lostLabelWords(lost);
  if (text === null) return [];
  const rows = examples.flatMap(({ row, label }) =>
    writtenLabel(label, speaker, limits) === label ? [] : [row],
  );
  return [{ kind: 'label-unspellable', count: rows.length, rows, text }];
}

/** Every text that an answer is trained or judged on, true and the teacher's. */
export function writableTexts(examples: readonly Pick<Example, 'label' | 'teacherLabel'>[]): string[] {
  return examples.flatMap(({ label, teacherLabel }) =>
    teacherLabel === null ? [label] : [label, teacherLabel],
  );
}
