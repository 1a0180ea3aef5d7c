/** What an example is, once files have been read, recognised and joined. */

/** One row that can be trained on or tested with. */
export interface Example {
  /** Position in the dataset file, from 0, refused rows counted: the key by which rationales are joined by row. */
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

/** Layouts of a dataset's rows; their titles and rules are in `layouts/`. */
export const datasetLayouts = [
  'chat',
  'label-studio',
  'science-qa',
  'cos-e',
  'commonsense-qa',
  'choices',
  'aqua',
  'ecqa',
  'e-care',
  'nli',
  'mawps',
  'svamp',
  'arithmetic',
  'big-bench',
  'strategy-qa',
  's1',
  'open-thoughts',
  'predictions',
  'gsm8k',
  'gsm8k-solutions',
  'gen-label',
  'rows',
  'alpaca',
  'distilabel',
  'cot-collection',
  'argilla',
  'flan-cot',
  'prompt-and-answer',
  'mapped',
] as const;
/** Layouts of a teacher's file. */
export const teacherLayouts = ['rationales', 'explanations', 'batch-output', 'completions'] as const;

export type DatasetLayoutId = (typeof datasetLayouts)[number];
export type TeacherLayoutId = (typeof teacherLayouts)[number];
/** `taught` is what the teacher's desk writes; no file that is dropped has it. */
export type Layout = DatasetLayoutId | TeacherLayoutId | 'taught';

/** A row that was left out, and why. */
export interface Refusal {
  /** Line in the file on which the row begins, from 1. */
  line: number;
  reason: string;
  /** The file, where several were read as one. */
  file?: string;
}

/** How often somebody was right. */
export interface Tally {
  correct: number;
  total: number;
}
