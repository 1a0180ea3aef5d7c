/** The run in hand: begins it, and brings what a person asks to it. One at a time; a second is refused with words. */
import { EngineError, InputError, LostWeightsError } from '../base/errors.ts';
import { memorableName } from '../base/names.ts';
import { RandomSequence } from '../base/random.ts';
import { digestRows, type Resumption } from '../distill/checkpoint.ts';
import { warmUp, type Asked, type AskWatch } from '../distill/ask.ts';
import { Control } from '../distill/control.ts';
import { Questions } from '../distill/questions.ts';
import { isActive, type RunState } from '../distill/run-state.ts';
import type { EngineChoice } from '../engine/choose.ts';
import type { Engine } from '../engine/engine.ts';
import { readDataset, readExamples } from '../store/datasets.ts';
import type { RunRecord } from '../store/records.ts';
import { readRun } from '../store/runs.ts';
import { readStudentRecord } from '../store/students.ts';
import type { Weights } from '../student/config.ts';
import { askOptions, compareRun, limited, type ActiveRun } from './active-run.ts';
import { driveRun } from './drive-run.ts';
import { openStudent } from './import-student.ts';
import { openEngine } from './machine.ts';
import type { NewRun, Results } from './protocol.ts';
import { heartbeatEveryMs, RunJournal } from './run-journal.ts';
import { holdRun } from './run-lock.ts';
import { asStopped, NothingWholeError, prepareResumption } from './resumption.ts';
import { rehearseRun } from './rehearse-run.ts';
import { restoreWeights } from './stored-weights.ts';
import { reduction, rehearsal } from './stoppable.ts';
import type { ReportProgress, Wire } from './wire.ts';

/** What else computes asks of whoever keeps the runs. */
export type SharedMachine = Pick<RunKeeper, 'makeWay' | 'busy'>;

export class RunKeeper {
  readonly #wire: Wire;
  #active: ActiveRun | null = null;
  #starting = false;
  #rehearsing: Promise<unknown> = Promise.resolve();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** See `start-run` in protocol.ts. */
  start(run: NewRun): Promise<Results['start-run']> {
    return this.#begin(async () => {
      const record = await newRecord(run);
      const letGo = await holdRun(record.id);
      return { record, from: null, letGo, result: { runId: record.id } };
    });
  }

  /** See `resume-run` in protocol.ts. */
  async resumeRun(
    runId: string,
    engine: EngineChoice | null,
    fromStart: boolean,
  ): Promise<Results['resume-run']> {
    try {
      return await this.#begin(async () => {
        const letGo = await holdRun(runId);
        try {
          const { record, from, damaged } = await prepareResumption(runId, fromStart);
          this.#wire.run(runId, { type: 'trimmed', step: record.step });
          const on = engine === null ? {} : { engineChoice: engine, backend: null };
          const result = { kind: 'resumed', step: record.step, damaged } as const;
          return { record: { ...record, ...on }, from, letGo, result };
        } catch (error) {
          letGo();
          throw error;
        }
      });
    } catch (error) {
      if (error instanceof NothingWholeError) return { kind: 'nothing-whole', words: error.message };
      throw error;
    }
  }

  /** See `leave-stopped` in protocol.ts. */
  async leaveStopped(runId: string): Promise<null> {
    const letGo = await holdRun(runId);
    try {
      const journal = new RunJournal(await stored(runId), this.#wire);
      await journal.state(asStopped(journal.record));
    } finally {
      letGo();
    }
    return null;
  }

  /** See `save` in protocol.ts. */
  save(): Promise<null> {
    this.#active?.control.save();
    return Promise.resolve(null);
  }

  /** Answers when the run is stored, and drives it from then on; the run stays held until its end. */
  async #begin<Result>(
    prepare: () => Promise<{
      record: RunRecord;
      from: Resumption | null;
      letGo: () => void;
      result: Result;
    }>,
  ): Promise<Result> {
    await this.makeWay();
    this.#refuseSecond();
    this.#starting = true;
    try {
      const { record, from, letGo, result } = await prepare();
      try {
        const journal = new RunJournal(record, this.#wire);
        await journal.state({ phase: 'preparing', what: 'opening the student', done: 0, total: 1 });
        void driveRun(journal, from, (active) => (this.#active = active))
          .catch(() => undefined) // Told already; what is left is the engine's own clearing up.
          .finally(() => {
            this.#starting = false;
            letGo();
          });
        return result;
      } catch (error) {
        letGo();
        throw error;
      }
    } catch (error) {
      this.#starting = false;
      throw error;
    }
  }

  async pause(): Promise<null> {
    const { control, journal } = this.#require();
    if (journal.record.state.phase === 'paused') return null;
    control.pause();
    await journal.state({ phase: 'pausing', step: journal.record.step });
    return null;
  }

  async resume(): Promise<null> {
    const active = this.#require();
    await endComparison(active);
    active.control.resume();
    return null;
  }

  async stop(): Promise<null> {
    const active = this.#require();
    await endComparison(active);
    active.control.stop();
    return null;
  }

  skipEvaluation(): Promise<null> {
    this.#require().control.skipEvaluation();
    return Promise.resolve(null);
  }

  /** See `compare` in protocol.ts. */
  async compare(runId: string, testRows: number | null): Promise<null> {
    const active = this.#active;
    if (active?.journal.record.id === runId) {
      if (active.journal.record.state.phase !== 'paused') {
        throw new EngineError('This run is at work.', 'Pause it first, then compare.');
      }
      // Whoever waited as well may have begun something else by now: the engine is taken by one at a time.
      while (active.comparing !== null) await active.comparing.catch(() => undefined);
      const { control, journal } = active;
      const { step, state: paused } = journal.record;
      if (!control.pauseRequested || paused.phase !== 'paused') {
        throw new EngineError('The run was resumed before the comparison began.', 'Pause it, then compare.');
      }
      active.comparing = compareRun(active, {
        step,
        testRows,
        say: (state) => journal.state(state),
      })
        .catch((error: unknown) => {
          if (error instanceof LostWeightsError) control.fail(error);
          throw error;
        })
        .finally(async () => {
          active.comparing = null;
          await journal.state(paused);
        });
      await active.comparing;
      answerWhilePaused(active);
      return null;
    }
    await this.#alone(() => this.#compareStored(runId, testRows));
    return null;
  }

  /** See `ask` in protocol.ts. */
  async ask(runId: string, question: string, report: AskWatch['report']): Promise<Asked | null> {
    const active = this.#active;
    if (active?.journal.record.id === runId) {
      const asked = active.questions.ask(question, report);
      answerWhilePaused(active);
      return asked;
    }
    return this.#alone(() => this.#askStored(runId, question, report));
  }

  /** See `rehearse` in protocol.ts. */
  rehearse(run: NewRun, report: ReportProgress): Promise<Results['rehearse']> {
    const work = this.#alone(() => {
      if (!reduction.atWork) return rehearseRun(run, report);
      throw new EngineError('A student is being reduced or measured.', 'Wait for its end, or stop it.');
    });
    this.#rehearsing = work.catch(() => undefined);
    return work;
  }

  /** Ends a rehearsal, which gives way to all else; resolves when it is over. */
  async makeWay(): Promise<void> {
    void rehearsal.stop();
    await this.#rehearsing;
  }

  /** Work that takes the machine as a run does: refused while one is at work, and none begins meanwhile. */
  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.makeWay();
    this.#refuseSecond();
    this.#starting = true;
    try {
      return await work();
    } finally {
      this.#starting = false;
    }
  }

  /** See `stop-asking` in protocol.ts. */
  stopAsking(): Promise<null> {
    this.#active?.questions.stop();
    return Promise.resolve(null);
  }

  async #askStored(runId: string, question: string, report: AskWatch['report']): Promise<Asked | null> {
    const run = await storedAtRest(runId);
    return this.#withStored(run, { test: [], report }, async (active) => {
      const options = { ...askOptions(active), step: run.savedStep ?? 0 };
      const asked = active.questions.ask(question, report);
      // Awaited below: a failure on the way there is told all the same.
      asked.catch(() => undefined);
      await warmUp(options);
      await active.questions.answer(options);
      return asked;
    });
  }

  async #compareStored(runId: string, testRows: number | null): Promise<void> {
    const run = await storedAtRest(runId);
    const step = run.savedStep ?? 0;
    const test = limited(await readExamples(run.datasetId, 'test'), testRows);
    if (test.length === 0) {
      throw new InputError('The dataset has no test rows.', 'Add a test file, then compare.');
    }
    await this.#withStored(run, { test, report: () => undefined }, async (active) => {
      const { journal } = active;
      // Told, not stored: a run is not made anew by being looked at, and a reload finds it as it was.
      const say = (state: RunState): Promise<void> => {
        journal.tell(state);
        return Promise.resolve();
      };
      try {
        await compareRun(active, { step, testRows: null, say });
        await active.questions.answer({ ...askOptions(active), step });
      } finally {
        journal.tell(run.state);
      }
    });
  }

  /** Holds a stored run with the weights that it kept on an engine, for as long as `work` takes. */
  async #withStored<Result>(
    run: RunRecord,
    { test, report }: { test: ActiveRun['test']; report: AskWatch['report'] },
    work: (active: ActiveRun) => Promise<Result>,
  ): Promise<Result> {
    const journal = new RunJournal(run, this.#wire);
    const questions = new Questions();
    let engine: Engine | null = null;
    try {
      const student = await openStudent(run.studentId, report);
      report('opening the engine', 0, 1);
      engine = await openEngine(student, { engine: run.engineChoice, backend: run.backend });
      await restoreWeights(engine, run);
      const active = { journal, control: new Control(), student, engine, test, comparing: null, questions };
      this.#active = active;
      return await work(active);
    } finally {
      this.#active = null;
      questions.close();
      engine?.dispose();
    }
  }

  #require(): ActiveRun {
    if (this.#active) return this.#active;
    throw new EngineError(
      this.#starting ? 'The run is still being prepared.' : 'No run is at work.',
      this.#starting ? 'Try again in a moment.' : 'Start one first.',
    );
  }

  #refuseSecond(): void {
    if (this.#active === null && !this.#starting) return;
    throw new EngineError('A run is at work.', 'Stop it, or wait for its end, then try again.');
  }

  /** The weights of this moment of a run that is paused without having kept them; null for others. */
  async unkeptWeights(runId: string): Promise<Weights | null> {
    const { journal, engine, comparing } = this.#active ?? {};
    if (engine === undefined || journal?.record.id !== runId || comparing !== null) return null;
    const { state, step, savedStep } = journal.record;
    return state.phase === 'paused' && savedStep !== step ? (await engine.read()).weights : null;
  }

  /** A run or a comparison is in hand, paused ones included. */
  get busy(): boolean {
    return this.#active !== null || this.#starting;
  }
}

async function endComparison(active: ActiveRun): Promise<void> {
  // Again, where what waited for its end has taken the engine since.
  while (active.comparing !== null) {
    active.control.skipEvaluation();
    // Its failure is told to whoever asked for it.
    await active.comparing.catch(() => undefined);
  }
}

/** Answers at once where the run is paused; else whoever drives it does, between two steps. */
function answerWhilePaused(active: ActiveRun): void {
  const { control, journal, questions } = active;
  // A pause that was just ended: the session may be at work already.
  if (active.comparing !== null || !control.pauseRequested || journal.record.state.phase !== 'paused') return;
  active.comparing = questions
    .answer(askOptions(active))
    .catch((error: unknown) => control.fail(error instanceof Error ? error : new Error(String(error))))
    .finally(() => (active.comparing = null));
}

/** @throws EngineError where another tab is at work on the run. */
async function storedAtRest(runId: string): Promise<RunRecord> {
  const run = await stored(runId);
  if (isActive(run.state) && Date.now() - run.heartbeatAt < 3 * heartbeatEveryMs) {
    throw new EngineError('This run is at work in another tab.', 'Do it there, or wait for its end.');
  }
  return run;
}

async function stored(runId: string): Promise<RunRecord> {
  const run = await readRun(runId);
  if (run === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  return run;
}

async function newRecord(run: NewRun): Promise<RunRecord> {
  const dataset = await readDataset(run.datasetId);
  const student = await readStudentRecord(run.studentId);
  if (!dataset?.splits.train)
    throw new InputError('There are no training rows.', 'Add a training file on Data first.');
  if (!student) throw new InputError('There is no student.', 'Choose one on Student first.');
  const id = crypto.randomUUID();
  return {
    id,
    name: memorableName(new RandomSequence(Number.parseInt(id.slice(0, 8), 16))),
    createdAt: Date.now(),
    datasetId: dataset.id,
    datasetName: dataset.name,
    studentId: student.id,
    studentName: student.name,
    recipe: run.recipe,
    testRows: run.testRows,
    engineChoice: run.engine,
    backend: run.backend,
    state: { phase: 'idle' },
    heartbeatAt: Date.now(),
    engine: null,
    evaluations: [],
    comparison: null,
    step: 0,
    trainRows: dataset.splits.train.rows,
    rowsSha256: await digestRows(await readExamples(dataset.id, 'train')),
    savedStep: null,
  };
}
