/**
 * One run, from rows to a trained student: a plain class that takes an engine, a recipe and examples and yields what
 * happens. The worker stores and posts it, the terminal prints it; neither knows how it is done.
 */
import { breathe } from '../base/breathe.ts';
import type { Example } from '../data/example.ts';
import type { Rows } from '../data/row-source.ts';
import { chooseMetric, tallyBy, type MetricId } from '../data/metrics/metrics.ts';
import type { Engine } from '../engine/engine.ts';
import { readTold, type StateSource } from '../engine/state-source.ts';
import { answerInputs, type Speaker } from './answer.ts';
import { BatchPlan, microBatch } from './batches.ts';
import type { Resumption } from './checkpoint.ts';
import { Control } from './control.ts';
import { meanLoss } from './mean-loss.ts';
import type { Recipe } from './recipe.ts';
import type { Evaluation, MetricsPoint, RunState } from './run-state.ts';
import { updateOf } from './schedule.ts';
import { hasStalled, namedStep } from './selection.ts';
import { StepsAhead } from './steps-ahead.ts';
import { checkTrainable, taskRow } from './tasks.ts';
import { TrainRows } from './train-rows.ts';
import { askWatched, watchedQuestion, type WatchedMoment, type WatchedQuestion } from './watched.ts';
import { Watchdog } from './watchdog.ts';
import { writtenLabel } from './written-labels.ts';

export type SessionEvent =
  | { type: 'state'; state: RunState }
  | { type: 'metrics'; point: MetricsPoint }
  | { type: 'evaluation'; evaluation: Evaluation }
  /** What the student makes of the watched questions: before the first step, and after each evaluation. */
  | { type: 'watched'; questions: WatchedQuestion[]; moment: WatchedMoment }
  /** Time to keep a checkpoint; `state` may be read until the session continues. `last`: training has ended, by itself or by a person. */
  | { type: 'save'; step: number; elapsedMs: number; state: StateSource; last: boolean };

export interface SessionOptions {
  engine: Engine;
  tokenizer: Speaker;
  recipe: Recipe;
  train: Rows;
  /** Rows for the accuracy at each evaluation where there are none for validation; may be empty. */
  test: readonly Example[];
  /** Rows for accuracy and losses at each evaluation, in place of the test rows; left out: none. */
  validation?: readonly Example[];
  /** What answers are judged by; left out: what suits the labels. */
  metric?: MetricId | undefined;
  /** Questions to ask again at each evaluation; left out: none. */
  watched?: readonly Example[];
  /** A person's own questions, as they are pinned when it is asked; left out: none. */
  ownQuestions?: (() => readonly string[]) | undefined;
  control?: Control;
  /** Resumes from here, with the same numbers as a run that was never stopped; null begins with the engine as it is. */
  from?: Resumption | null;
  /** The last step whose accuracy was measured before; left out: the one gone on from, whatever it was due. */
  measuredStep?: number | undefined;
  /** What was measured before, up to the step that it continues from. */
  evaluations?: readonly Evaluation[];
  /** Each micro-batch passes through the student in so many parts: less memory, the same step but for rounding. */
  parts?: number;
  watchdog?: Watchdog;
  /** Told how many bytes of what it resumes from are on the engine, of how many. */
  tellRead?: (done: number, total: number) => void;
}

/** A checkpoint is due when the last one is so old, whatever the recipe says: nobody loses more than that. */
export const saveEveryMs = 180_000;

export class Session {
  readonly control: Control;
  readonly #engine: Engine;
  readonly #tokenizer: Speaker;
  readonly #recipe: Recipe;
  readonly #train: Rows;
  /** Rows for accuracy. */
  readonly #asked: readonly Example[];
  readonly #validation: readonly Example[];
  readonly #metric: MetricId;
  readonly #watched: readonly Example[];
  readonly #ownQuestions: () => readonly string[];
  /** Null once the engine has it. */
  #from: Resumption | null;
  readonly #measuredStep: number;
  readonly #parts: number;
  readonly #watchdog: Watchdog;
  readonly #tellRead: (done: number, total: number) => void;
  #evaluations: readonly Evaluation[];
  #step: number;
  #elapsedMs: number;
  #savedStep: number;
  #savedAt = performance.now();

  /** @throws InputError where the rows do not suit the recipe (no rationales, no teacher labels). */
  constructor(options: SessionOptions) {
    this.control = options.control ?? new Control();
    this.#engine = options.engine;
    this.#tokenizer = options.tokenizer;
    this.#recipe = options.recipe;
    this.#train = options.train;
    this.#validation = options.validation ?? [];
    this.#asked = this.#validation.length > 0 ? this.#validation : options.test;
    this.#evaluations = options.evaluations ?? [];
    this.#metric = options.metric ?? chooseMetric(this.#asked).metric;
    this.#watched = options.watched ?? [];
    this.#ownQuestions = options.ownQuestions ?? (() => []);
    this.#from = options.from ?? null;
    this.#parts = options.parts ?? 1;
    this.#watchdog = options.watchdog ?? new Watchdog();
    this.#tellRead = options.tellRead ?? (() => undefined);
    this.#step = this.#savedStep = this.#from?.state.step ?? 0;
    this.#elapsedMs = this.#from?.elapsedMs ?? 0;
    this.#measuredStep = options.measuredStep ?? this.#step;
    checkTrainable(options.recipe, options.train);
  }

  /** Whether the engine has the run's weights: not where a person stopped it before they were read. */
  get isRestored(): boolean {
    return this.#from === null;
  }

  /** Optimiser steps taken. */
  get step(): number {
    return this.#step;
  }

  /**
   * Trains to the last step, or until `control.stop()`. Ends with the state `done`.
   * @throws NonFiniteError, DeviceLostError or EngineError as the engine does, HungStepError where it never answers.
   */
  async *run(): AsyncGenerator<SessionEvent, void> {
    const rows = yield* this.#tokenize();
    const plan = new BatchPlan(this.#recipe, rows.length);
    if (!(await this.#restore())) {
      yield { type: 'state', state: this.#ended(false) };
      return;
    }
    yield { type: 'state', state: { phase: 'compiling' } };
    if (this.#step === 0 && this.#recipe.evalEvery > 0) yield* this.#watch();
    if (this.#step > this.#measuredStep && this.#evaluationIsDue()) {
      yield* this.#evaluateIfDue();
      yield* this.#saveIfDue();
    }
    let early = this.#hasStalled();
    const ahead = new StepsAhead(this.#engine, this.#step);
    const guard = <T>(step: number, work: Promise<T>) => this.#watchdog.guard(step, work);
    while (this.#step < this.#recipe.steps && !early) {
      if (ahead.count === 0) {
        yield* this.#pauseIfAsked();
        if (this.control.stopRequested) break;
      }
      while (ahead.wantsMore && this.#mayQueueBehind(ahead.lastStep)) {
        const step = ahead.lastStep + 1;
        const update = { ...updateOf(this.#recipe, step), parts: this.#parts };
        const next = step < this.#recipe.steps ? plan.rowsOfStep(step + 1) : null;
        const startedAt = performance.now();
        const batches = await rows.take(plan.rowsOfStep(step), next);
        await ahead.queue(batches.map(microBatch), update, startedAt, guard);
      }
      const { step, learningRate, result, elapsedMs } = await ahead.next(guard);
      this.#elapsedMs += elapsedMs;
      this.#step = step;
      yield {
        type: 'metrics',
        point: { step, learningRate, ...result, elapsedMs: Math.round(this.#elapsedMs) },
      };
      yield { type: 'state', state: { phase: 'training', step, steps: this.#recipe.steps } };
      if (ahead.count === 0) {
        // Before the accuracy is measured, which takes long; and after it, where it is such that it asks for a checkpoint.
        yield* this.#saveIfDue();
        yield* this.#evaluateIfDue();
        yield* this.#saveIfDue();
        early = this.#hasStalled();
      }
      await breathe();
    }
    yield this.#save(true);
    yield { type: 'state', state: this.#ended(early) };
  }

  #ended(early: boolean): RunState {
    const isShort = this.#step < this.#recipe.steps;
    return {
      phase: 'done',
      step: this.#step,
      stopped: isShort && !early,
      ...(early && isShort ? { early } : {}),
    };
  }

  /** Puts what the run resumes from on the engine. @returns False where the person stopped it before it was there. */
  async #restore(): Promise<boolean> {
    const from = this.#from;
    if (from === null) return true;
    const { stopSignal } = this.control;
    if (this.control.stopRequested) return false;
    try {
      await this.#engine.restoreFrom(readTold(from.state, this.#tellRead, stopSignal));
    } catch (error) {
      if (!stopSignal.aborted) throw error;
      return false;
    }
    this.#from = null;
    return true;
  }

  /** Whether the engine may be given a step before the results of this one are known: nothing is measured or saved in between. */
  #mayQueueBehind(step: number): boolean {
    if (step === this.#step) return true;
    const recipe = this.#recipe;
    const { control } = this;
    if (step >= recipe.steps || isDue(step, recipe.saveEvery) || step === namedStep(recipe)) return false;
    if (isDue(step, recipe.evalEvery) && this.#asked.length > 0) return false;
    if (performance.now() - this.#savedAt >= saveEveryMs) return false;
    return !control.pauseRequested && !control.stopRequested && !control.saveRequested;
  }

  *#saveIfDue(): Generator<SessionEvent, void> {
    if (!this.#saveIsDue()) return;
    const start = performance.now();
    yield this.#save(false);
    // For the browser's own tools, and for whoever asks what checkpoints cost.
    performance.measure('checkpoint', { start, detail: { step: this.#step } });
  }

  #saveIsDue(): boolean {
    const asked = this.control.takeSave();
    if (this.#step <= this.#savedStep) return false;
    // The last step has its own save, a moment later: unless its accuracy is measured first.
    if (this.#step === this.#recipe.steps) return this.#evaluationIsDue();
    const isOld = performance.now() - this.#savedAt >= saveEveryMs;
    const isNamed = this.#step === namedStep(this.#recipe);
    return asked || isOld || isNamed || isDue(this.#step, this.#recipe.saveEvery);
  }

  #save(last: boolean): SessionEvent {
    const state = this.#engine.source();
    this.#savedStep = this.#step;
    this.#savedAt = performance.now();
    return { type: 'save', step: this.#step, elapsedMs: this.#elapsedMs, state, last };
  }

  async *#tokenize(): AsyncGenerator<SessionEvent, TrainRows> {
    const rows = new TrainRows(this.#train, this.#recipe, this.#tokenizer);
    const total = rows.length;
    for await (const done of rows.prepare()) {
      yield { type: 'state', state: { phase: 'preparing', what: 'reading rows as tokens', done, total } };
      if (this.control.stopRequested) break;
    }
    return rows;
  }

  async *#pauseIfAsked(): AsyncGenerator<SessionEvent, void> {
    if (!this.control.pauseRequested) return;
    if (this.#step > this.#savedStep) yield this.#save(false);
    yield { type: 'state', state: { phase: 'paused', step: this.#step } };
    await this.control.whilePaused();
    if (this.control.stopRequested) return;
    yield { type: 'state', state: { phase: 'training', step: this.#step, steps: this.#recipe.steps } };
  }

  #evaluationIsDue(): boolean {
    return isDue(this.#step, this.#recipe.evalEvery) && this.#asked.length > 0;
  }

  #hasStalled(): boolean {
    return hasStalled(this.#evaluations, this.#recipe.patience);
  }

  async *#evaluateIfDue(): AsyncGenerator<SessionEvent, void> {
    if (!this.#evaluationIsDue()) return;
    // A request to skip that came too late for the evaluation before is not meant for this one.
    this.control.takeSkip();
    const step = this.#step;
    const total = this.#asked.length;
    const purpose = this.#validation.length > 0 ? 'validation' : 'accuracy';
    const state = (done: number): SessionEvent => ({
      type: 'state',
      state: { phase: 'evaluating', purpose, step, done, total },
    });
    yield state(0);
    const answers = answerInputs(
      this.#engine,
      this.#tokenizer,
      this.#recipe,
      this.#asked.map(({ input }) => input),
    );
    for (;;) {
      const next = await answers.next();
      if (next.done) {
        const rows = this.#asked.map(({ input, label, choices }) => ({
          input,
          choices,
          label: writtenLabel(label, this.#tokenizer, this.#recipe),
        }));
        const score = tallyBy(this.#metric, rows, (at) => next.value[at]!.answer);
        const losses = await this.#validationLosses();
        if (losses === 'stopped') break;
        const evaluation: Evaluation = { step, ...score, ...losses };
        this.#evaluations = [...this.#evaluations, evaluation];
        yield { type: 'evaluation', evaluation };
        yield* this.#watch();
        break;
      }
      yield state(next.value);
      // The page may be about to go.
      yield* this.#saveIfDue();
      // A half-done evaluation says nothing comparable: it is dropped, not rounded up.
      if (this.control.takeSkip() || this.control.stopRequested) break;
    }
    yield { type: 'state', state: { phase: 'training', step, steps: this.#recipe.steps } };
  }

  /** The losses of both tasks on the validation rows, which training never sees; nothing where there are none. */
  async #validationLosses(): Promise<Partial<Evaluation> | 'stopped'> {
    if (this.#validation.length === 0) return {};
    // As tests are: against the true labels, whosever are trained on.
    const recipe: Recipe = { ...this.#recipe, labels: 'gold' };
    const rows = this.#validation.map((example) => taskRow(recipe, example, this.#tokenizer));
    const work = meanLoss(this.#engine, rows);
    for (;;) {
      const next = await work.next();
      if (next.done) {
        const { answer, rationale } = next.value;
        const alpha = rationale === null ? 1 : this.#recipe.alpha;
        const loss = alpha * answer + (1 - alpha) * (rationale ?? 0);
        return { split: 'validation', answerLoss: answer, rationaleLoss: rationale, loss };
      }
      if (this.control.takeSkip() || this.control.stopRequested) return 'stopped';
    }
  }

  async *#watch(): AsyncGenerator<SessionEvent, void> {
    const step = this.#step;
    const own = this.#ownQuestions();
    const total = this.#watched.length + own.length;
    if (total === 0 || this.control.stopRequested) return;
    yield { type: 'state', state: { phase: 'evaluating', purpose: 'watched', step, done: 0, total } };
    const options = { engine: this.#engine, tokenizer: this.#tokenizer, recipe: this.#recipe };
    const answers = await askWatched(
      options,
      [...this.#watched, ...own.map((input) => ({ input }))],
      () => this.control.takeSkip() || this.control.stopRequested,
    );
    if (answers === null) return;
    const questions = this.#watched.map((row) =>
      watchedQuestion(row, this.#tokenizer, this.#recipe, this.#metric),
    );
    const ownAnswers = own.map((question, index) => ({ question, ...answers[questions.length + index]! }));
    const moment = { step, answers: answers.slice(0, questions.length) };
    yield {
      type: 'watched',
      questions,
      moment: own.length === 0 ? moment : { ...moment, own: ownAnswers },
    };
  }
}

function isDue(step: number, every: number): boolean {
  return every > 0 && step % every === 0;
}
