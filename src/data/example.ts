/** What an example is, once files have been read, recognised and joined. */

/** One row that can be trained on or tested with. */
export interface Example {
  /** Position in the dataset file, from 0, refused rows counted: the key by which rationales are joined. */
  row: number;
  /** The student's input, without any task prefix. */
  input: string;
  /** The true answer. */
  label: string;
  /** What the teacher wrote to explain its answer. */
  rationale: string | null;
  /** What the teacher answered. */
  teacherLabel: string | null;
  /** Question and choices apart, where the layout has them, for showing. */
  question: string | null;
  choices: readonly string[] | null;
}

/** `cos-e`: CommonsenseQA rows. `rationales`: the teacher's {rationale, label}. `rows`: {input, label, …}. */
export type Layout = 'cos-e' | 'rationales' | 'rows';

/** A row that was left out, and why. */
export interface Refusal {
  /** Line in the file on which the row begins, from 1. */
  line: number;
  reason: string;
}

/** How often somebody was right. */
export interface Tally {
  correct: number;
  total: number;
}
