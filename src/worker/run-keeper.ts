/** The run at work: begins it, and brings what a person asks to it. One at a time; a second one fails with a clear message. */
import { readState, weightsAlone } from '../engine/state-source.ts';
import { stateOf } from '../engine/engine.ts';
import { EngineError, InputError } from '../base/errors.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import { readQuestions } from '../data/questions-file.ts';
import type { Asked, Asking, AskOptions } from '../distill/ask.ts';
import { Control } from '../distill/control.ts';
import type { Watch } from '../distill/ports.ts';
import { isActive } from '../distill/run-state.ts';
import type { EngineChoice } from '../engine/choose.ts';
import { askMany, askRun, type Question } from '../jobs/ask.ts';
import { EngineOwner } from '../jobs/engine-owner.ts';
import { asStopped } from '../jobs/recover.ts';
import { readExamples } from '../store/datasets.ts';
import { refuseOfRunAtWork } from '../store/in-use.ts';
import { weightsStep, type RunRecord } from '../store/records.ts';
import type { Weights } from '../student/config.ts';
import type { Student, StudentOutline } from '../student/folder.ts';
import { endComparisons, isPrepared, opened, type ActiveRun } from './active-run.ts';
import { Beginnings } from './beginning.ts';
import { comparePaused, compareStored } from './compare-run.ts';
import { driveRun, limited } from './drive-run.ts';
import { openRunStudent } from './import-student.ts';
import type { MachineUse } from './machine-use.ts';
import { openEngine } from './machine.ts';
import type { AnsweredFile, CommandOf, NewRun, Results } from './protocol.ts';
import { isAtRest, RunJournal } from './run-journal.ts';
import { holding, holdRun, withRun } from '../store/locks.ts';
import { NothingWholeError, prepareResumption } from './resumption.ts';
import { newRecord, rehearseStored, storedAtRest, taken, testRatesOfStored } from './stored-run.ts';
import { mergedWeights, storedWeights } from './stored-weights.ts';
import type { Wire } from './wire.ts';

export class RunKeeper {
  readonly #wire: Wire;
  readonly #machine: MachineUse;
  #active: ActiveRun | null = null;
  readonly #beginnings = new Beginnings();
  #end: Promise<void> = Promise.resolve();

  constructor(wire: Wire, machine: MachineUse) {
    this.#wire = wire;
    this.#machine = machine;
  }

  /** See `start-run` in protocol.ts. */
  start(run: NewRun): Promise<Results['start-run']> {
    return this.#begin(
      async ({ stopSignal }) => {
        stopSignal.throwIfAborted();
        const record = await newRecord(run);
        stopSignal.throwIfAborted();
        const letGo = await holdRun(record.id, stopSignal);
        return { record, from: null, letGo, result: { runId: record.id } };
      },
      // Neither rows nor student are changed or removed between looking for them and storing the run that needs them.
      (begin) => holding('dataset', run.datasetId, () => holding('student', run.studentId, begin)),
    );
  }

  /** What a person asks counts from now on, before `work` begins a run: see beginning.ts. */
  beginning<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#beginnings.of(work);
  }

  /** See `resume-run` in protocol.ts. */
  async resumeRun(
    runId: string,
    engine: EngineChoice | null,
    fromStart: boolean,
  ): Promise<Results['resume-run']> {
    const page = { isTold: false };
    let isStopped = (): boolean => false;
    const tell = (what: string, done: number, total: number, inBytes?: true): void => {
      page.isTold = true;
      this.#wire.run(runId, { type: 'state', state: { phase: 'preparing', what, done, total, inBytes } });
    };
    try {
      return await this.#begin(async ({ stopSignal: signal }) => {
        isStopped = () => signal.aborted;
        tell('opening the checkpoint', 0, 1);
        const letGo = await holdRun(runId, signal);
        try {
          const run = await taken(runId);
          const read = (done: number, total: number) => tell('checking the checkpoint', done, total, true);
          try {
            const prepared = await prepareResumption(run, fromStart, { tell: read, signal });
            const { record, from, damaged } = prepared;
            this.#wire.run(runId, { type: 'trimmed', step: record.step });
            const on = engine === null ? {} : { engineChoice: engine, backend: null };
            const result = { kind: 'resumed', step: record.step, damaged } as const;
            return { record: { ...record, ...on }, from, letGo, result };
          } catch (error) {
            // What was interrupted is not any more; what had ended stays as it ended.
            if (signal.aborted && isActive(run.state))
              await new RunJournal(run, this.#wire).state(asStopped(run));
            throw error;
          }
        } catch (error) {
          letGo();
          throw error;
        }
      });
    } catch (error) {
      // Stopped before it was taken over: as while its checkpoint is read. What another tab is at work on stays its own.
      if (isStopped())
        await refuseOfRunAtWork(runId, 'It is not stopped from here.').then(
          () => this.leaveStopped(runId),
          () => null,
        );
      if (page.isTold) this.#wire.run(runId, { type: 'left' });
      if (error instanceof NothingWholeError) return { kind: 'nothing-whole', words: error.message };
      throw error;
    }
  }

  /** See `leave-stopped` in protocol.ts. */
  async leaveStopped(runId: string): Promise<null> {
    const letGo = await holdRun(runId);
    try {
      const run = await taken(runId);
      // Another tab may have brought it to its end a moment ago.
      if (isActive(run.state)) await new RunJournal(run, this.#wire).state(asStopped(run));
    } finally {
      letGo();
    }
    return null;
  }

  /**
   * Answers when the run is stored, and drives it from then on; the run stays held until its end.
   * @param within Holds what the run needs until it is stored.
   * @throws The reason of the control's signal where a person stopped it before.
   */
  #begin<Result>(
    prepare: (control: Control) => Promise<{
      record: RunRecord;
      from: Resumption | null;
      letGo: () => void;
      result: Result;
    }>,
    within: (begin: () => Promise<Result>) => Promise<Result> = (begin) => begin(),
  ): Promise<Result> {
    return this.#beginnings.of(async (control) => {
      const giveBack = await this.#machine.take();
      try {
        return await within(async () => {
          const { record, from, letGo, result } = await prepare(control);
          try {
            const journal = new RunJournal(record, this.#wire);
            await journal.state({ phase: 'preparing', what: 'opening the student', done: 0, total: 1 });
            this.#end = this.#drive(journal, from, control).finally(() => {
              giveBack();
              letGo();
            });
            return result;
          } catch (error) {
            letGo();
            throw error;
          }
        });
      } catch (error) {
        giveBack();
        throw error;
      }
    });
  }

  async #drive(journal: RunJournal, from: Resumption | null, control: Control): Promise<void> {
    const active: ActiveRun = { journal, control, opened: null, comparisons: new Set(), isStored: false };
    this.#active = active;
    try {
      await driveRun(journal, active.control, from, (owner, student) => {
        active.opened = owner && { owner, student };
      });
    } catch {
      // Told already; what is left is the engine's own clearing up.
    } finally {
      this.#active = null;
    }
  }

  /** See `save` in protocol.ts. */
  save(): null {
    this.#active?.control.save();
    return null;
  }

  /** A newer version of the studio waits for what is stored here: the run is saved and paused. */
  async saveAndRest(): Promise<void> {
    await this.#machine.makeWay();
    const active = this.#active;
    if (active === null) return;
    endComparisons(active, 'A newer version of the studio was opened in another tab.');
    const { control, journal } = active;
    if (active.isStored) {
      control.stop();
      return;
    }
    if (journal.record.state.phase !== 'paused') control.save();
    if (!control.stopRequested) control.pause();
    await journal.atRest();
  }

  async pause(): Promise<null> {
    const { journal = null, isStored = false } = this.#active ?? {};
    // It may be asked while the end of a run is stored, or beside a comparison: there is nothing to pause then.
    if (isStored || (journal !== null && isAtRest(journal.record.state))) return null;
    const control = this.#control;
    // It ends at the next step, and does not wait there.
    if (control.stopRequested) return null;
    control.pause();
    // What is being prepared is still told; it pauses before its first step.
    if (journal === null || !isPrepared(journal.record.state)) return null;
    await journal.state({ phase: 'pausing', step: journal.record.step });
    return null;
  }

  resume(): null {
    if (this.#active !== null) endComparisons(this.#active, 'The run was resumed.');
    this.#control.resume();
    return null;
  }

  stop(): null {
    if (this.#active !== null) endComparisons(this.#active, 'The run was stopped.');
    this.#control.stop();
    return null;
  }

  skipEvaluation(): null {
    this.#control.skipEvaluation();
    return null;
  }

  /** See `compare` in protocol.ts. */
  async compare(asked: CommandOf<'compare'>, { signal }: Watch): Promise<null> {
    const { runId } = asked;
    const active = this.#active;
    if (active?.journal.record.id === runId) await comparePaused(active, asked, signal);
    else
      await this.#machine.alone(async () => {
        await storedAtRest(runId);
        await withRun(runId, async () => {
          const run = await taken(runId);
          const test = limited(await readExamples(run.datasetId, 'test'), asked.testRows);
          if (test.length === 0) {
            throw new InputError('The dataset has no test rows.', 'Add a test file, then compare.');
          }
          const watch = { report: () => undefined, signal };
          await this.#withStored(run, watch, (stored) => compareStored(stored, test, asked, signal));
        });
      });
    return null;
  }

  /** See `ask` in protocol.ts. */
  ask({ runId, question: text, asking }: CommandOf<'ask'>, watch: Watch): Promise<Asked> {
    return this.#asked(runId, asking, watch, (owner, question) => askRun(owner, { ...question, text }));
  }

  /** See `ask-file` in protocol.ts. */
  async askFile({ runId, file, asking }: CommandOf<'ask-file'>, watch: Watch): Promise<AnsweredFile> {
    watch.report('reading the questions', 0, 0);
    const questions = await readQuestions(file.name, file);
    const texts = questions.map(({ text }) => text);
    return this.#asked(runId, asking, watch, async (owner, question) => {
      const answered = await askMany(owner, { ...question, texts });
      return { ...answered, questions, step: question.options().step };
    });
  }

  /** See `watch-questions` in protocol.ts. */
  async watchQuestions(runId: string, questions: readonly string[]): Promise<null> {
    const journal = this.#active?.journal;
    if (journal?.record.id === runId) await journal.change({ ownQuestions: [...questions] });
    return null;
  }

  /** Puts questions to a run: to the one at work between its steps, to another with its stored weights. */
  async #asked<Result>(
    runId: string,
    asking: Asking,
    watch: Watch,
    put: (owner: EngineOwner, question: Omit<Question, 'text'>) => Promise<Result>,
  ): Promise<Result> {
    const active = this.#active;
    if (active?.journal.record.id === runId) {
      const { owner, student } = opened(active);
      return put(owner, { options: () => askOptions(active.journal, student, asking), ...watch });
    }
    return this.#machine.alone(async () => {
      const run = await storedAtRest(runId);
      return this.#withStored(run, watch, (stored) => {
        const { owner, student } = opened(stored);
        const options = () => ({
          ...askOptions(stored.journal, student, asking),
          step: weightsStep(run) ?? 0,
        });
        return put(owner, { options, isFresh: true, ...watch });
      });
    });
  }

  /** See `rehearse` in protocol.ts. */
  rehearse(run: NewRun, watch: Watch): Promise<Results['rehearse']> {
    return this.#machine.tryOut((both) => rehearseStored(run, both), watch);
  }

  /** See `test-rates` in protocol.ts. */
  testRates(run: NewRun, watch: Watch): Promise<Results['test-rates']> {
    return this.#machine.tryOut((both) => testRatesOfStored(run, both), watch);
  }

  /** Holds a stored run with the weights that it kept on an engine, for as long as `work` takes. */
  async #withStored<Result>(
    run: RunRecord,
    { report }: Watch,
    work: (active: ActiveRun) => Promise<Result>,
  ): Promise<Result> {
    const journal = new RunJournal(run, this.#wire);
    const student = await openRunStudent(run, report);
    const weights = await mergedWeights(run, await storedWeights(run), report);
    report('opening the engine', 0, 1);
    const engine = await openEngine(
      { ...student, weights },
      { engine: run.engineChoice, backend: run.backend },
    );
    const owner = new EngineOwner(engine);
    const active = {
      journal,
      control: new Control(),
      opened: { owner, student },
      comparisons: new Set<AbortController>(),
      isStored: true,
    };
    try {
      engine.restore(stateOf(weights));
      this.#active = active;
      return await work(active);
    } finally {
      this.#active = null;
      owner.close(new EngineError('The run was put away before the question was answered.', 'Ask again.'));
    }
  }

  /** Of the run at work, or of the one that is beginning. @throws EngineError where there is none. */
  get #control(): Control {
    return this.#active?.control ?? this.#beginnings.require();
  }

  /** The weights of this moment of a run that is paused without having kept them; null for others. */
  async unkeptWeights(runId: string): Promise<Weights | null> {
    const active = this.#active;
    if (active === null || active.opened === null || active.journal.record.id !== runId) return null;
    return active.opened.owner.use(async ({ engine }) => {
      const { state, step, savedStep } = active.journal.record;
      return state.phase === 'paused' && savedStep !== step
        ? (await readState(weightsAlone(engine.source()))).weights
        : null;
    });
  }

  /** Resolves when the run that was begun last has ended, well or not, and that is stored. */
  get end(): Promise<void> {
    return this.#end;
  }

  /** Whether this run is the one at work. */
  isAtWork(runId: string): boolean {
    return this.#active?.journal.record.id === runId;
  }

  /** Whether a run is beginning: what is asked now counts for it. */
  get isBeginning(): boolean {
    return this.#beginnings.control !== null;
  }

  /** A run or a comparison is at work, paused ones included. */
  get busy(): boolean {
    return this.#machine.busy;
  }
}

/** What both students are asked with, as the run is now. */
function askOptions(
  { record: { recipe, step } }: RunJournal,
  student: Student | StudentOutline,
  asking: Asking,
): Omit<AskOptions, 'engine'> {
  const baseWeights = 'weights' in student ? student.weights : null;
  return { tokenizer: student.tokenizer, recipe, baseWeights, step, asking };
}
