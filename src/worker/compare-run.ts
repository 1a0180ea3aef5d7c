/** Base against distilled with the weights of a run as it is now: one that is paused, or one of the store. */
import { EngineError, InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import type { Recipe } from '../distill/recipe.ts';
import { isActive, type RunState } from '../distill/run-state.ts';
import { compareRun } from '../jobs/compare.ts';
import { readExamples } from '../store/datasets.ts';
import { weightsStep } from '../store/records.ts';
import type { Student, StudentOutline } from '../student/folder.ts';
import { opened, type ActiveRun } from './active-run.ts';
import { limited } from './drive-run.ts';
import type { CommandOf } from './protocol.ts';
import type { RunJournal } from './run-journal.ts';

/**
 * Compares with the weights of this moment of a run that is paused, which is paused again afterwards.
 * @throws EngineError where it is not paused, InputError where its base student is no longer here.
 */
export async function comparePaused(
  active: ActiveRun,
  { testRows, ...asked }: CommandOf<'compare'>,
  stopped: AbortSignal,
): Promise<void> {
  const { journal, control, comparisons } = active;
  const { datasetId, recipe, reading, testRows: runTestRows } = journal.record;
  const notPaused = (): EngineError =>
    new EngineError('This run is at work.', 'Pause it first, then compare.');
  if (journal.record.state.phase !== 'paused') throw notPaused();
  const { owner, student } = opened(active);
  const test = limited(limited(await readExamples(datasetId, 'test'), runTestRows), testRows);
  const resumed = new AbortController();
  const signal = AbortSignal.any([stopped, resumed.signal]);
  comparisons.add(resumed);
  try {
    await owner.use(async ({ engine }) => {
      const { step, state: paused } = journal.record;
      if (paused.phase !== 'paused' || !control.pauseRequested) throw notPaused();
      try {
        await compareRun({
          engine,
          student: withBase(student),
          recipe: askedRecipe(recipe, asked),
          test,
          metric: reading?.metric,
          step,
          sink: journal,
          say: tellOf(journal),
          skipped: () => signal.aborted || control.takeSkip(),
        });
      } finally {
        await journal.state(paused);
      }
    }, signal);
  } finally {
    comparisons.delete(resumed);
  }
}

/**
 * Compares with the weights that a stored run kept.
 * @param active Held and taken over: what comes of it is written to its record.
 * @throws InputError where its base student is no longer here.
 */
export async function compareStored(
  active: ActiveRun,
  test: readonly Example[],
  asked: CommandOf<'compare'>,
  signal: AbortSignal,
): Promise<void> {
  const { journal, control } = active;
  const { owner, student } = opened(active);
  const { recipe, reading, state: atRest } = journal.record;
  try {
    await owner.use(({ engine }) =>
      compareRun({
        engine,
        student: withBase(student),
        recipe: askedRecipe(recipe, asked),
        test,
        metric: reading?.metric,
        step: weightsStep(journal.record) ?? 0,
        sink: journal,
        say: tellOf(journal),
        skipped: () => signal.aborted || control.takeSkip() || control.stopRequested,
      }),
    );
  } finally {
    // What a reload interrupted says of itself that it is at work, and is not.
    if (isActive(atRest)) journal.leave();
    else journal.tell(atRest);
  }
}

/** Told, not stored: looking at a run does not change it, and whatever ends the worker meanwhile finds it as it was. */
function tellOf(journal: RunJournal): (state: RunState) => Promise<void> {
  return (state) => {
    journal.tell(state);
    return Promise.resolve();
  };
}

/** @throws InputError where the base student, which is compared with, is no longer here. */
function withBase(student: Student | StudentOutline): Student {
  if ('weights' in student) return student;
  throw new InputError(
    `The student that it was made from (${student.name}) is no longer stored.`,
    'Drop its folder again on Student, then compare.',
  );
}

/** A recipe with answers chosen as it was asked. */
function askedRecipe(
  recipe: Recipe,
  { generation = recipe.generation }: Pick<CommandOf<'compare'>, 'generation'>,
): Recipe {
  return { ...recipe, generation };
}
