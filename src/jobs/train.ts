/**
 * A run from its rows to its comparison, behind the page and the terminal alike. What happens is written down through
 * the ports of distill/ports.ts. Where the GPU is lost on the way, a fresh device resumes from the last checkpoint: see
 * recover.ts.
 */
import { EngineError, reportError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import type { Rows } from '../data/row-source.ts';
import type { MetricId } from '../data/metrics/metrics.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import type { CompareResult } from '../distill/compare.ts';
import type { Control } from '../distill/control.ts';
import type { Recipe } from '../distill/recipe.ts';
import { isRecoverable, Recovery } from '../distill/recovery.ts';
import type { RunState } from '../distill/run-state.ts';
import { isBestYet, takenStep } from '../distill/selection.ts';
import { Session, type SessionEvent } from '../distill/session.ts';
import type { EngineRequest } from '../engine/choose.ts';
import type { Engine } from '../engine/engine.ts';
import { variantOf } from '../engine/wasm/kernel-variant.ts';
import type { Student } from '../student/folder.ts';
import { compareRun } from './compare.ts';
import { EngineOwner, type Turn } from './engine-owner.ts';
import { recover, stopBefore, type RunPorts, type TrainEnd } from './recover.ts';
import { weightsNotKept, withRoom } from './with-room.ts';

export interface TrainJob extends RunPorts {
  student: Student;
  recipe: Recipe;
  train: Rows;
  /** Rows for the comparison, and for accuracy where there are none for validation; may be empty. */
  test: readonly Example[];
  /** Rows for accuracy and losses while it trains; left out: none. */
  validation?: readonly Example[];
  /** What answers are judged by; left out: what suits the labels of the test rows. */
  metric?: MetricId | undefined;
  /** Questions to ask again at each evaluation; may be empty. */
  watched: readonly Example[];
  /** See `SessionOptions`. */
  ownQuestions?: () => readonly string[];
  /** What the base student answered to the test rows, where an earlier run of the same experiment asked it. */
  baseAnswers?: () => Promise<readonly string[] | null>;
  request: EngineRequest;
  /** Null: it begins with step 1. */
  from: Resumption | null;
  policy: TrainPolicy;
}

/** Where the places that train differ. */
export interface TrainPolicy {
  /** A run that a person stopped is compared as well. */
  comparesWhenStopped: boolean;
  /** Without room the run pauses and waits for a person; else it ends with the NoRoomError. */
  waitsForRoom: boolean;
  /** The weights of the best evaluation are kept, also where no checkpoint was due. */
  keepsBest: boolean;
}

/**
 * @param hold Told who owns the engine, so that questions reach it; null when it has none any more.
 * @returns The state that the run has ended with, which the sink has as well, and its comparison where there is one.
 * @throws What ends a run: errors of its rows, of the store, and of an engine that cannot be recovered.
 */
export async function trainRun(
  job: TrainJob,
  hold: (owner: EngineOwner | null) => void = () => undefined,
): Promise<{ end: TrainEnd; comparison: CompareResult | null }> {
  const { sink, open } = job;
  const { engine: before } = job.from ?? {};
  const request = { ...job.request, kernels: before === undefined ? null : variantOf(before) };
  if (job.control.stopRequested) return { end: await stopBefore(sink), comparison: null };
  await sink.state({ phase: 'preparing', what: 'opening the engine', done: 0, total: 1 });
  const { stopSignal } = job.control;
  let engine: Engine;
  try {
    engine = await open(request, (done, total) => sink.tell({ phase: 'compiling', done, total }), stopSignal);
  } catch (error) {
    if (error !== stopSignal.reason) throw error;
    return { end: await stopBefore(sink), comparison: null };
  }
  const owner = new EngineOwner(engine);
  hold(owner);
  try {
    return await owner.use((turn) => trainWithRecovery(turn, job));
  } finally {
    hold(null);
    owner.close(new EngineError('The run ended before the question was answered.', 'Ask again.'));
  }
}

async function trainWithRecovery(
  turn: Turn,
  job: TrainJob,
): Promise<{ end: TrainEnd; comparison: CompareResult | null }> {
  const recovery = new Recovery(job.recipe.batchSize);
  let { from } = job;
  for (;;) {
    try {
      await job.sink.engine(turn.engine.describe());
      return await attempt(turn, job, { from, parts: recovery.parts });
    } catch (error) {
      const next = await recover(turn, job, recovery, error);
      if (next.kind === 'ended') return { end: next.end, comparison: null };
      from = next.from;
    }
  }
}

/** Trains to the end and compares, on the engine that is open. */
async function attempt(
  turn: Turn,
  job: TrainJob,
  { from, parts }: { from: Resumption | null; parts: number },
): Promise<{ end: TrainEnd; comparison: CompareResult | null }> {
  const { control, sink, student, recipe, train, test, validation, metric, watched, ownQuestions, policy } =
    job;
  const session = new Session({
    engine: turn.engine,
    tokenizer: student.tokenizer,
    recipe,
    train,
    test,
    validation: validation ?? [],
    metric,
    watched,
    ownQuestions,
    control,
    from,
    evaluations: sink.soFar.evaluations,
    // A run that was killed while its accuracy was measured has that measurement still to come.
    measuredStep: sink.soFar.evaluations.at(-1)?.step ?? 0,
    parts,
    tellRead: (done, total) => {
      const what = 'putting the checkpoint on the engine';
      sink.tell({ phase: 'preparing', what, done, total, inBytes: true });
    },
  });
  const place = { control, sink, turn };
  let weightsAreKept = true;
  let end: RunState & { phase: 'done' } = { phase: 'done', step: 0, stopped: true };
  for await (const event of session.run()) {
    if (event.type === 'state' && event.state.phase === 'done') {
      end = event.state;
      break;
    }
    const note = () => writeDown(turn, job, event);
    const isKept = policy.waitsForRoom ? await withRoom(place, note) : (await note(), true);
    if (!isKept && event.type === 'save' && event.last) weightsAreKept = false;
    if (event.type === 'state') await betweenSteps(turn, control, event.state);
  }
  if (!session.isRestored) {
    await sink.state(end);
    return { end, comparison: null };
  }
  if (!weightsAreKept) end = { ...end, problem: reportError(weightsNotKept()) };
  const step = await takeChosen(turn, job, session.step);
  let comparison: CompareResult | null = null;
  // A person may have stopped it in its last step too, which leaves none out.
  if (test.length > 0 && (policy.comparesWhenStopped || !control.stopRequested)) {
    // A request to skip that came too late for an evaluation is not meant for the comparison.
    control.takeSkip();
    const { stops } = control;
    try {
      comparison = await compareRun({
        engine: turn.engine,
        student,
        recipe,
        test,
        metric,
        baseAnswers: (await job.baseAnswers?.()) ?? null,
        step,
        sink,
        say: (state) => sink.state(state),
        skipped: () => control.takeSkip() || control.stops > stops,
      });
    } catch (error) {
      if (isRecoverable(error)) throw error;
      // The student is trained and kept; it can be compared again.
      end = { ...end, problem: reportError(error) };
    }
  }
  // What was asked during the comparison.
  await turn.giveWay();
  await sink.state(end);
  return { end, comparison };
}

/**
 * Puts the weights that the recipe takes on the engine, where these are not the last.
 * @returns Their step; the last where the others were not kept.
 */
async function takeChosen(
  turn: Turn,
  { recipe, sink, checkpoints }: TrainJob,
  last: number,
): Promise<number> {
  const step = takenStep(recipe, sink.soFar.evaluations, last);
  if (step === last) return last;
  const weights = await checkpoints.openWeights(step);
  if (weights === null) return last;
  await turn.engine.restoreFrom(weights);
  await sink.taken(step, weights);
  return step;
}

async function writeDown(turn: Turn, job: TrainJob, event: SessionEvent): Promise<void> {
  const { sink, checkpoints, control, policy } = job;
  switch (event.type) {
    case 'state':
      return sink.state(event.state);
    case 'metrics':
      return sink.metrics(event.point, turn.engine.describe());
    case 'evaluation':
      if (policy.keepsBest && isBestYet(event.evaluation, sink.soFar.evaluations)) control.save();
      return sink.evaluation(event.evaluation);
    case 'watched':
      return sink.watched(event);
    case 'save':
      return checkpoints.save(event, turn.engine.describe());
    default:
      return event satisfies never;
  }
}

/** The session waits: the engine is between two steps, and has its state again before the next one. */
async function betweenSteps(turn: Turn, control: Control, { phase }: RunState): Promise<void> {
  if (phase === 'paused') await turn.lend(control.whilePaused());
  else if (phase === 'training' || phase === 'evaluating') await turn.giveWay();
}
