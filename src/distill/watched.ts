/**
 * A few test questions that the student is asked again at each evaluation, with their rationales: the same ones through a
 * run, so that a person sees understanding arrive.
 */
import type { Example } from '../data/example.ts';
import type { MetricId } from '../data/metrics/metrics.ts';
import type { Engine } from '../engine/engine.ts';
import { answerInputs, explainInputs, type Speaker } from './answer.ts';
import type { Recipe } from './recipe.ts';
import { writtenLabelOf } from './written-labels.ts';

export interface WatchedAnswer {
  answer: string;
  /** Null for the standard method, which teaches none. */
  rationale: string | null;
}

/** What the student made of the watched questions at a step, in their order. */
export interface WatchedMoment {
  /** 0: before any training. */
  step: number;
  answers: WatchedAnswer[];
  /** To questions of a person's own, each with its text: they may be pinned and let go while a run trains. */
  own?: OwnAnswer[] | undefined;
}

export interface OwnAnswer extends WatchedAnswer {
  question: string;
}

/** Questions of one's own at most: each is asked again at every evaluation. */
export const mostOwnQuestions = 4;

/** What is shown of the question itself: kept with its answers, since the rows may be gone when the run is looked at. */
export interface WatchedQuestion {
  /** Of the test rows, from 0. */
  row: number;
  input: string;
  label: string;
  /** As in `Prediction`. */
  writtenLabel?: string | undefined;
  /** As in `Prediction`; not in records of earlier versions. */
  judgedBy?: MetricId;
  /** Where it is judged by them. */
  choices?: readonly string[];
  teacherRationale: string | null;
}

/** Enough to see a pattern, few enough to ask in a moment. */
const questionCount = 4;
/** Above this, moments from the middle are left out: a run of any length stays a record of some kilobytes. */
const maxMoments = 48;

/** The rows to watch: evenly spread over the test rows, the same for each run on them. */
export function watchedRows(test: readonly Example[]): readonly Example[] {
  const count = Math.min(questionCount, test.length);
  return Array.from({ length: count }, (_, index) => test[Math.floor((index * test.length) / count)]!);
}

export function watchedQuestion(
  { row, input, label, rationale, choices }: Example,
  speaker: Speaker,
  recipe: Recipe,
  metric: MetricId,
): WatchedQuestion {
  return {
    row,
    input,
    label,
    ...writtenLabelOf(label, speaker, recipe),
    ...(metric === 'exact' ? {} : { judgedBy: metric }),
    ...(metric === 'choice' && choices !== null ? { choices } : {}),
    teacherRationale: rationale,
  };
}

/**
 * Asks them with the weights that the engine holds.
 * @param stopped Looked at between two generations.
 * @returns Null where it was stopped.
 */
export async function askWatched(
  { engine, tokenizer, recipe }: { engine: Engine; tokenizer: Speaker; recipe: Recipe },
  questions: readonly { input: string }[],
  stopped: () => boolean,
): Promise<WatchedAnswer[] | null> {
  const inputs = questions.map(({ input }) => input);
  const end = async <T>(texts: AsyncGenerator<number, T>): Promise<T | null> => {
    for (;;) {
      const next = await texts.next();
      if (next.done) return next.value;
      if (stopped()) return null;
    }
  };
  const answers = await end(answerInputs(engine, tokenizer, recipe, inputs));
  if (answers === null) return null;
  const rationales = await end(explainInputs(engine, tokenizer, recipe, inputs));
  if (rationales === null) return null;
  return answers.map(({ answer, rationale }, index) => ({
    answer,
    rationale: rationales[index] ?? rationale,
  }));
}

/** The moments with a new one, in the order of their steps; one of the same step gives way to it. */
export function withMoment(moments: readonly WatchedMoment[], added: WatchedMoment): WatchedMoment[] {
  const all = [...moments.filter(({ step }) => step !== added.step), added].sort((a, b) => a.step - b.step);
  if (all.length <= maxMoments) return all;
  // The newest tell most, and the first, which is among every second one.
  const newest = all.length - maxMoments / 4;
  return all.filter((_, index) => index >= newest || index % 2 === 0);
}
