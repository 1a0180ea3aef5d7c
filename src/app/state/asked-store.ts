/** What was asked and answered since the page was opened, by run: going to another screen loses none of it. */
import { createStore } from 'zustand/vanilla';
import type { OneAnswer } from '../../desk/ask-one.ts';
import type { Asked, Asking, Spoken } from '../../distill/ask.ts';
import type { Prediction } from '../../distill/run-state.ts';
import type { AnsweredFile } from '../../worker/protocol.ts';

/** A test row, with what is known of it before anybody is asked. */
export type KnownRow = Pick<
  Prediction,
  'row' | 'input' | 'label' | 'writtenLabel' | 'judgedBy' | 'teacher' | 'teacherRationale'
>;

/** What another run made of the question, or why it made nothing. */
export type OtherVoice = { runId: string; name: string } & (
  { kind: 'waiting' } | { kind: 'spoken'; spoken: Spoken; step: number } | { kind: 'silent'; why: string }
);

/** What the teacher said when it was asked beside the students, or why it said nothing. */
export type TeacherVoice = { who: string } & (
  | { kind: 'waiting'; soFar: string }
  | { kind: 'said'; said: OneAnswer; elapsedMs: number }
  | { kind: 'silent'; why: string }
);

/** A question and who answered it. */
export interface AskedOnce extends Asked {
  id: number;
  asking: Asking;
  /** The test row that it is; null for a question of one's own. */
  known: KnownRow | null;
  /** Null where no other run was chosen. */
  other: OtherVoice | null;
  /** Null where it was not asked. */
  teacher: TeacherVoice | null;
}

/** Newest first. */
export const askedStore = createStore<Record<string, readonly AskedOnce[]>>(() => ({}));
/** The last file that was put to a run. */
export const askedFiles = createStore<Record<string, { fileName: string; answered: AnsweredFile }>>(
  () => ({}),
);

const keptAnswers = 20;
let lastId = 0;

export function keepAsked(runId: string, asked: Omit<AskedOnce, 'id'>): AskedOnce {
  const kept = { ...asked, id: (lastId += 1) };
  askedStore.setState((before) => ({ [runId]: [kept, ...(before[runId] ?? [])].slice(0, keptAnswers) }));
  return kept;
}

/** What the other run said, once it did. */
export function keepOther(runId: string, id: number, other: OtherVoice): void {
  change(runId, id, { other });
}

/** What the teacher says, as it comes. */
export function keepTeacher(runId: string, id: number, teacher: TeacherVoice): void {
  change(runId, id, { teacher });
}

function change(runId: string, id: number, part: Partial<Pick<AskedOnce, 'other' | 'teacher'>>): void {
  askedStore.setState((before) => ({
    [runId]: (before[runId] ?? []).map((one) => (one.id === id ? { ...one, ...part } : one)),
  }));
}

export function forgetAsked(runId: string): void {
  askedStore.setState((before) => ({ [runId]: (before[runId] ?? []).slice(0, 1) }));
}
