/** A dataset and the teacher's rationales as examples: joined by id, by input or by row. */
import { formatCount } from '../base/units.ts';
import { alarmNote, alignmentAlarm, type Alarm } from './alignment.ts';
import { readAnswer } from './completions.ts';
import type { Example, Refusal, Tally } from './example.ts';
import { applyFixes, type Fix } from './fixes.ts';
import { areEquations, isRightBy, tallyBy, type MetricId } from './metrics/metrics.ts';
import { note, type Note } from './notes.ts';
import { countMismatch, pairRows, type JoinKey, type Pairs } from './pair-rows.ts';
import type { DatasetFile, ExampleRow, RationaleRow, RationalesFile } from './read-file.ts';
import { chosenAnswer, teacherWords, type Answered, type TeacherChoice } from './teachers.ts';
import { listed } from './words.ts';

export { countMismatch, type JoinKey };

export interface Joined {
  /** Rows that can be trained on: those with a true answer. */
  examples: Example[];
  /** Rows without a true answer, joined as well. */
  unlabelled: ExampleRow[];
  /** What rows are called, by position. */
  ids: ReadonlyMap<number, string>;
  /** Of all files, the dataset's first. */
  refused: (Refusal & { file: string })[];
  /** How often the teacher's label is the true one; null where no example has a teacher's label. */
  teacher: Tally | null;
  /** How the teacher's rows were found, and how many were elsewhere in their file; null without a teacher's file. */
  join: { by: JoinKey; moved: number } | null;
  /** What was noticed while files were read and joined. */
  notes: Note[];
  /** Set where the rationales seem to belong to other rows; of several files, the first such one. */
  alarm: (Alarm & { of: RationalesFile }) | null;
}

export interface JoinOptions {
  /** Rows without a partner of the same id or input are left as they are, where it is an error otherwise. */
  onlyMatching?: boolean;
  /** What is fixed in the joined rows. */
  fixes?: readonly Fix[];
  /** What the teacher is judged by; left out: as `tallyTeacher` has it. */
  metric?: MetricId;
  /** Which of several answers to a row counts; left out: those of the first file. */
  teachers?: TeacherChoice;
}

/** A teacher's file, with the dataset as it is called by the ids of this file, where they are others. */
export interface TeacherFile {
  rationales: RationalesFile;
  dataset?: DatasetFile;
}

/** One teacher's file or several. */
export type Teachers = RationalesFile | readonly TeacherFile[] | null;

/**
 * Gives each row the rationale and the teacher's label of its partner: by id where both files have ids, by input where
 * the teacher's repeats it, else by position, refused records counted on both sides. A rationale that was refused leaves
 * its row without. Without a rationales file, rows keep what they carry themselves; with one, the files alone count.
 * Of several teachers' answers one counts, as `options.teachers` has it.
 *
 * @throws InputError naming both files where counts, ids or inputs contradict each other.
 */
export function joinTeacher(dataset: DatasetFile, teachers: Teachers, options: JoinOptions = {}): Joined {
  const files = teacherFiles(teachers);
  const { rule, taken } = whoseAnswers(files, options.teachers);
  const pairs = taken.map((file) =>
    pairRows(file.dataset ?? dataset, file.rationales, { ...options, several: rule !== null }),
  );
  const repaired: number[] = [];
  const split: number[] = [];
  const without: number[] = [];
  const metric = options.metric ?? (areEquations(labelledOf(dataset)) ? 'equation' : 'exact');
  const rows = dataset.rows.map((row): ExampleRow => {
    if (taken.length === 0 && rule === null) return row;
    const own: GivenAnswer = { rationale: row.rationale, label: row.teacherLabel };
    const answers =
      taken.length === 0
        ? [own]
        : taken.flatMap(({ rationales }, at) =>
            (pairs[at]!.partners.get(row.row) ?? []).map((one) => answerOf(row, one, rationales)),
          );
    const isRight = (label: string): boolean =>
      row.label !== null && isRightBy(metric, label, { ...row, label: row.label });
    const answer = rule === null ? answers[0] : chosenAnswer(answers, rule, row.row, isRight);
    if (answer === undefined) return { ...row, rationale: null, teacherLabel: null };
    if (answer.repaired === true) repaired.push(row.row);
    if (rule === 'vote' && new Set(answers.map(({ label }) => label)).size > 1) split.push(row.row);
    if (rule === 'right' && answer.rationale === null && answers.some(({ rationale }) => rationale !== null))
      without.push(row.row);
    return { ...row, rationale: answer.rationale, teacherLabel: answer.label };
  });
  const labelled = rows.flatMap(
    ({ row, input, label, rationale, teacherLabel, question, choices }): Example[] =>
      label === null ? [] : [{ row, input, label, rationale, teacherLabel, question, choices }],
  );
  const { examples, notes: fixed } = applyFixes(labelled, options.fixes ?? []);
  const unlabelled = rows.filter(({ label }) => label === null);
  const alarm = firstAlarm(dataset, taken, pairs);
  const notes: Note[] = [
    ...dataset.notes,
    ...taken.flatMap(({ rationales }) => rationales.notes),
    ...pairs.flatMap(({ notes: said }) => said),
    ...severalNotes(files, rule, taken, split, without),
    ...fixed,
  ];
  if (alarm !== null) notes.push(alarmNote(alarm));
  if (repaired.length > 0)
    notes.push(
      note(
        'completion-repaired',
        repaired,
        (one) => `${one ? 'completion was' : 'completions were'} repaired to be read`,
      ),
    );
  if (unlabelled.length > 0) {
    notes.push(
      note(
        'label-missing',
        unlabelled.map(({ row }) => row),
        (one) =>
          one
            ? 'row has no true answer and is not trained on'
            : 'rows have no true answer and are not trained on',
      ),
    );
  }
  const refused = [dataset, ...taken.map(({ rationales }) => rationales)].flatMap((data) =>
    data.refused.map((refusal) => ({ ...refusal, file: refusal.file ?? data.file })),
  );
  const ids = new Map(rows.flatMap(({ row, id }) => (id === null ? [] : [[row, id] as const])));
  const [first] = pairs;
  return {
    examples,
    unlabelled,
    ids,
    refused,
    teacher: tallyTeacher(examples, options.metric),
    join: first === undefined ? null : { by: first.by, moved: first.moved },
    notes,
    alarm,
  };
}

export function teacherFiles(teachers: Teachers): readonly TeacherFile[] {
  if (teachers === null) return [];
  return 'kind' in teachers ? [{ rationales: teachers }] : teachers;
}

/** Which files' answers are looked at, and by what rule; null: the only answer to a row. */
function whoseAnswers(
  files: readonly TeacherFile[],
  choice: TeacherChoice | undefined,
): { rule: Exclude<TeacherChoice, object> | null; taken: readonly TeacherFile[] } {
  if (typeof choice === 'string') return { rule: choice, taken: files };
  const named = files.find(({ rationales }) => rationales.file === choice?.file);
  return { rule: null, taken: named === undefined ? files.slice(0, 1) : [named] };
}

export interface GivenAnswer extends Answered {
  repaired?: boolean;
}

/** A teacher's row as an answer to a row of the dataset. */
export function answerOf(
  { choices }: ExampleRow,
  taught: RationaleRow,
  rationales: RationalesFile,
): GivenAnswer {
  if (taught.completion === null || rationales.completions !== 'repaired')
    return { rationale: taught.rationale, label: taught.label };
  const bare = rationales.layout === 'batch-output';
  const { rationale, label, repairs } = readAnswer(taught.completion, choices, bare);
  return { rationale, label: label ?? '', repaired: repairs.length > 0 };
}

function labelledOf(dataset: DatasetFile): { label: string }[] {
  return dataset.rows.flatMap(({ label }) => (label === null ? [] : [{ label }]));
}

/** Each file joined by position is looked at by itself. */
function firstAlarm(
  dataset: DatasetFile,
  files: readonly TeacherFile[],
  pairs: readonly Pairs<RationaleRow>[],
): Joined['alarm'] {
  for (const [at, { rationales }] of files.entries()) {
    const { by, partners } = pairs[at]!;
    if (by !== 'row') continue;
    const alarm = alignmentAlarm(
      dataset.rows.map((row) => {
        const taught = partners.get(row.row)?.[0];
        const answer = taught === undefined ? null : answerOf(row, taught, rationales);
        return { ...row, rationale: answer?.rationale ?? null, teacherLabel: answer?.label ?? null };
      }),
    );
    if (alarm !== null) return { ...alarm, of: rationales };
  }
  return null;
}

/** What is said where several answers could count. */
function severalNotes(
  files: readonly TeacherFile[],
  rule: Exclude<TeacherChoice, object> | null,
  taken: readonly TeacherFile[],
  split: readonly number[],
  without: readonly number[],
): Note[] {
  const notes: Note[] = [];
  if (files.length > 1 || rule !== null) {
    const names = files.map(({ rationales }) => `“${rationales.file}”`);
    const words = rule === null ? `those of “${taken[0]!.rationales.file}” count` : teacherWords[rule];
    notes.push({
      kind: 'teachers',
      count: Math.max(1, files.length),
      rows: [],
      text:
        files.length > 1
          ? `${formatCount(files.length)} teachers’ files answer these rows (${listed(names)}): ${words}`
          : `Of a row’s answers: ${words}`,
    });
  }
  if (split.length > 0)
    notes.push(
      note('teachers-differ', split, (one) =>
        one ? 'row has answers that differ' : 'rows have answers that differ',
      ),
    );
  if (without.length > 0)
    notes.push(
      note('teacher-none-right', without, (one) =>
        one
          ? 'row has no right answer, and goes without a reason'
          : 'rows have no right answer, and go without a reason',
      ),
    );
  return notes;
}

/**
 * How often the teacher's label is the true one: where no metric is asked for as the method's authors count it, exact,
 * case-sensitive equality, nothing trimmed or folded, and a blank answer is wrong; equations by their value. Null where no example has a teacher's label.
 */
export function tallyTeacher(examples: readonly Example[], metric?: MetricId): Tally | null {
  const taught = examples.filter(({ teacherLabel }) => teacherLabel !== null);
  if (taught.length === 0) return null;
  return tallyBy(
    metric ?? (areEquations(taught) ? 'equation' : 'exact'),
    taught,
    (at) => taught[at]!.teacherLabel,
  );
}
