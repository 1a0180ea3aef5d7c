/**
 * Drives a run from its rows to its comparison, storing what happens before the page is told. Where the GPU is lost on
 * the way, a fresh device goes on from the last checkpoint; see distill/recovery.ts for how often.
 */
import { LostWeightsError, reportError } from '../base/errors.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import { Control } from '../distill/control.ts';
import { isRecoverable, Recovery } from '../distill/recovery.ts';
import { Questions } from '../distill/questions.ts';
import type { RunState } from '../distill/run-state.ts';
import { Session, type SessionEvent } from '../distill/session.ts';
import { watchedRows } from '../distill/watched.ts';
import type { EngineRequest } from '../engine/choose.ts';
import type { Engine } from '../engine/engine.ts';
import { isBestYet } from '../store/checkpoints.ts';
import { readExamples } from '../store/datasets.ts';
import { frozenParameters } from '../student/reduce/freeze.ts';
import { askOptions, compareRun, limited, type ActiveRun } from './active-run.ts';
import { openStudent } from './import-student.ts';
import { openEngine } from './machine.ts';
import { asStopped, prepareResumption } from './resumption.ts';
import { heartbeatEveryMs, type RunJournal } from './run-journal.ts';
import { weightsNotKept, withRoom } from './with-room.ts';

/**
 * Resolves when the run has ended, well or not: the journal has it.
 * @param hold Told who is at work, so that commands reach it; null when nobody is any more.
 */
export async function driveRun(
  journal: RunJournal,
  from: Resumption | null,
  hold: (active: ActiveRun | null) => void,
): Promise<void> {
  // A step may be long: the heartbeat must not wait for its end.
  const heartbeat = setInterval(() => void journal.beat().catch(() => undefined), heartbeatEveryMs);
  let active: ActiveRun | null = null;
  try {
    const run = journal.record;
    const student = await openStudent(run.studentId, (what, done, total) => {
      journal.state({ phase: 'preparing', what, done, total }).catch(() => undefined);
    });
    const train = await readExamples(run.datasetId, 'train');
    const test = limited(await readExamples(run.datasetId, 'test'), run.testRows);
    const frozen = frozenParameters(student.config, run.recipe.freeze);
    // Told, not stored: whatever comes next says what the run does.
    const tellCompiling = (done: number, total: number) => journal.tell({ phase: 'compiling', done, total });
    const open = (request: EngineRequest) => openEngine({ ...student, frozen }, request, tellCompiling);
    const recovery = new Recovery(run.recipe.batchSize);
    await journal.state({ phase: 'preparing', what: 'opening the engine', done: 0, total: 1 });
    const engine = await open({ engine: run.engineChoice, backend: run.backend });
    const questions = new Questions();
    active = { journal, control: new Control(), student, engine, test, comparing: null, questions };
    hold(active);
    for (;;) {
      try {
        await journal.engine(active.engine.describe());
        await attempt(active, train, { from, parts: recovery.parts });
        return;
      } catch (error) {
        const resumption = await recover(active, recovery, error, open);
        if (resumption === 'stopped') return;
        from = resumption.from;
      }
    }
  } catch (error) {
    await journal.fail(error);
  } finally {
    clearInterval(heartbeat);
    hold(null);
    active?.questions.close();
    active?.engine.dispose();
  }
}

/** Trains to the end and compares, on the engine that is open. */
async function attempt(
  active: ActiveRun,
  train: Awaited<ReturnType<typeof readExamples>>,
  { from, parts }: { from: Resumption | null; parts: number },
): Promise<void> {
  const { journal, control, student, engine, test } = active;
  const { recipe } = journal.record;
  const { tokenizer } = student;
  const watched = watchedRows(test);
  // A run that was gone from while its accuracy was measured has that measurement still to come.
  const measuredStep = journal.record.evaluations.at(-1)?.step ?? 0;
  const session = new Session({
    ...{ engine, tokenizer, recipe, train, test, watched },
    ...{ control, from, measuredStep, parts },
  });
  let unkept: SessionEvent | null = null;
  let last: RunState & { phase: 'done' } = { phase: 'done', step: 0, stopped: true };
  for await (const event of session.run()) {
    if (event.type === 'state' && event.state.phase === 'done') last = event.state;
    else if (!(await withRoom(active, () => note(active, event)))) unkept = event;
    // The session waits for this: the engine is between two steps, and has its state again before the next one.
    if (event.type === 'state' && mayBeAsked(event.state)) await active.questions.answer(askOptions(active));
  }
  if (unkept?.type === 'save' && unkept.last) last = { ...last, problem: reportError(weightsNotKept()) };
  if (test.length > 0) {
    const { step } = journal.record;
    try {
      await compareRun(active, { step, testRows: null, say: (state) => journal.state(state) });
    } catch (error) {
      if (isRecoverable(error)) throw error;
      // The student is trained and kept; it can be compared again.
      last = { ...last, problem: reportError(error) };
    }
  }
  // What was asked during the comparison.
  await active.questions.answer(askOptions(active));
  await journal.state(last);
}

/** True where the engine holds the trained weights, and nothing else is at work on it. */
function mayBeAsked({ phase }: RunState): boolean {
  return phase === 'training' || phase === 'evaluating' || phase === 'paused';
}

/**
 * Makes ready for another attempt after a failure: a fresh engine of the same kind, and the run as it was at its
 * newest checkpoint.
 * @returns Where to go on from, or that the person stopped the run meanwhile.
 * @throws The error, or one that asks for a decision, where trying again is of no use.
 */
async function recover(
  active: ActiveRun,
  recovery: Recovery,
  failure: unknown,
  open: (request: EngineRequest) => Promise<Engine>,
): Promise<{ from: Resumption | null } | 'stopped'> {
  const { journal, control } = active;
  const { engine, backend } = active.engine.describe();
  // Without a GPU nothing is lost but by a restore that failed, and what else fails once fails again.
  if (backend !== 'webgpu' && !(failure instanceof LostWeightsError)) throw failure;
  const request: EngineRequest = { engine: engine === 'twin' ? null : engine, backend };
  active.engine.dispose();
  let error = failure;
  for (let opening = false; ; opening = true) {
    const { step, savedStep } = journal.record;
    const verdict = recovery.after(error, savedStep, opening);
    if (verdict.kind === 'fail') throw verdict.error;
    await journal.state({ phase: 'recovering', step, reason: verdict.reason });
    await control.sleep(verdict.waitMs);
    if (control.stopRequested) {
      await journal.state(asStopped(journal.record));
      return 'stopped';
    }
    const { record, from } = await prepareResumption(journal.record.id);
    journal.rewind(record);
    try {
      active.engine = await open(request);
      return { from };
    } catch (problem) {
      error = problem;
    }
  }
}

async function note({ journal, engine, student, control }: ActiveRun, event: SessionEvent): Promise<void> {
  switch (event.type) {
    case 'state':
      return journal.state(event.state);
    case 'metrics':
      return journal.metrics(event.point, engine.describe());
    case 'evaluation':
      // The best weights so far are kept, also where no save was due.
      if (isBestYet(event.evaluation, journal.record.evaluations)) control.save();
      return journal.evaluation(event.evaluation);
    case 'watched':
      return journal.watched(event);
    case 'save':
      return journal.save(event, student.config, engine.describe());
    default:
      return event satisfies never;
  }
}
