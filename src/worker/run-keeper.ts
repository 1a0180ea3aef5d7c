/**
 * The run in hand: opens what it needs, drives the session, stores what happens before it tells the page, and keeps
 * the weights. One run at a time; a second `start` is refused with words.
 */
import { EngineError, InputError } from '../base/errors.ts';
import { memorableName } from '../base/names.ts';
import { RandomSequence } from '../base/random.ts';
import type { Example } from '../data/example.ts';
import { compare } from '../distill/compare.ts';
import { Control } from '../distill/control.ts';
import { Session, type SessionEvent } from '../distill/session.ts';
import { isActive, type RunState } from '../distill/run-state.ts';
import type { Engine } from '../engine/engine.ts';
import { readDataset, readExamples } from '../store/datasets.ts';
import type { RunRecord } from '../store/records.ts';
import { readRun, writePredictions } from '../store/runs.ts';
import { readStudentRecord } from '../store/students.ts';
import type { Student } from '../student/folder.ts';
import { openStudent } from './import-student.ts';
import { openEngine } from './machine.ts';
import type { NewRun, Results } from './protocol.ts';
import { heartbeatEveryMs, RunJournal } from './run-journal.ts';
import { restoreWeights } from './stored-weights.ts';
import type { Wire } from './wire.ts';

interface ActiveRun {
  journal: RunJournal;
  control: Control;
  student: Student;
  engine: Engine;
  test: Example[];
  /** A comparison while paused; training does not go on before it has ended. */
  comparing: Promise<void> | null;
}

export class RunKeeper {
  readonly #wire: Wire;
  #active: ActiveRun | null = null;
  #starting = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** See `start-run` in protocol.ts. */
  async start(run: NewRun): Promise<Results['start-run']> {
    this.#refuseSecond();
    this.#starting = true;
    try {
      const record = await newRecord(run);
      const journal = new RunJournal(record, this.#wire);
      await journal.state({ phase: 'preparing', what: 'opening the student', done: 0, total: 1 });
      void this.#drive(journal, run).finally(() => {
        this.#starting = false;
      });
      return { runId: record.id };
    } catch (error) {
      this.#starting = false;
      throw error;
    }
  }

  async pause(): Promise<null> {
    const { control, journal } = this.#require();
    control.pause();
    await journal.state({ phase: 'pausing', step: journal.record.step });
    return null;
  }

  async resume(): Promise<null> {
    const active = this.#require();
    if (active.comparing) {
      active.control.skipEvaluation();
      await active.comparing;
    }
    active.control.resume();
    return null;
  }

  async stop(): Promise<null> {
    const active = this.#require();
    if (active.comparing) {
      active.control.skipEvaluation();
      await active.comparing;
    }
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
      active.comparing = this.#compare(active, testRows).finally(() => {
        active.comparing = null;
      });
      await active.comparing;
      await active.journal.state({ phase: 'paused', step: active.journal.record.step });
      return null;
    }
    this.#refuseSecond();
    this.#starting = true;
    try {
      await this.#compareStored(runId, testRows);
    } finally {
      this.#starting = false;
    }
    return null;
  }

  async #drive(journal: RunJournal, run: NewRun): Promise<void> {
    let engine: Engine | null = null;
    // A step may be long: the heartbeat must not wait for its end.
    const heartbeat = setInterval(() => void journal.beat().catch(() => undefined), heartbeatEveryMs);
    try {
      const student = await openStudent(run.studentId, (what, done, total) => {
        void journal.state({ phase: 'preparing', what, done, total });
      });
      const train = await readExamples(run.datasetId, 'train');
      const test = limited(await readExamples(run.datasetId, 'test'), run.testRows);
      const control = new Control();
      await journal.state({ phase: 'preparing', what: 'opening the engine', done: 0, total: 1 });
      engine = await openEngine(student, run);
      const active: ActiveRun = { journal, control, student, engine, test, comparing: null };
      this.#active = active;
      await journal.engine(engine.describe());
      const session = new Session({
        engine,
        tokenizer: student.tokenizer,
        recipe: run.recipe,
        train,
        test,
        control,
      });
      let last: RunState = { phase: 'done', step: 0, stopped: true };
      for await (const event of session.run()) {
        if (event.type === 'state' && event.state.phase === 'done') last = event.state;
        else await note(active, event);
      }
      if (test.length > 0) await this.#compare(active, null);
      await journal.state(last);
    } catch (error) {
      await journal.fail(error);
    } finally {
      clearInterval(heartbeat);
      this.#active = null;
      engine?.dispose();
    }
  }

  async #compare(
    { journal, control, engine, student, test }: ActiveRun,
    testRows: number | null,
  ): Promise<void> {
    control.takeSkip();
    const answers = compare({
      engine,
      tokenizer: student.tokenizer,
      recipe: journal.record.recipe,
      test: limited(test, testRows),
      baseWeights: student.weights,
      step: journal.record.step,
      control,
    });
    for (;;) {
      const next = await answers.next();
      if (next.done) {
        if (next.value === null) return;
        await writePredictions(journal.record.id, next.value.predictions);
        await journal.change({ comparison: { ...next.value.accuracy, step: journal.record.step } });
        return;
      }
      await journal.state(next.value);
    }
  }

  async #compareStored(runId: string, testRows: number | null): Promise<void> {
    const stored = await readRun(runId);
    if (stored === null) throw new InputError('That run is no longer stored.', 'Choose another.');
    const journal = new RunJournal(stored, this.#wire);
    // What the run was before: it is not made anew by being looked at.
    const before: RunState = isActive(stored.state)
      ? { phase: 'done', step: stored.savedStep ?? 0, stopped: true }
      : stored.state;
    let engine: Engine | null = null;
    try {
      const student = await openStudent(stored.studentId, () => undefined);
      const test = limited(await readExamples(stored.datasetId, 'test'), testRows);
      if (test.length === 0)
        throw new InputError('The dataset has no test rows.', 'Add a test file, then compare.');
      engine = await openEngine(student, { engine: stored.engineChoice, backend: stored.backend });
      await restoreWeights(engine, runId);
      const control = new Control();
      const active: ActiveRun = { journal, control, student, engine, test, comparing: null };
      this.#active = active;
      await journal.engine(engine.describe());
      await this.#compare(active, null);
      await journal.state(before);
    } catch (error) {
      await journal.state(before);
      throw error;
    } finally {
      this.#active = null;
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
}

async function note({ journal, engine, student }: ActiveRun, event: SessionEvent): Promise<void> {
  switch (event.type) {
    case 'state':
      return journal.state(event.state);
    case 'metrics':
      return journal.metrics(event.point, engine.describe());
    case 'evaluation':
      return journal.evaluation(event.evaluation);
    case 'save':
      return journal.save(event.step, event.state.weights, student.config);
    default:
      return event satisfies never;
  }
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
    savedStep: null,
  };
}

function limited(examples: Example[], rows: number | null): Example[] {
  return rows === null ? examples : examples.slice(0, rows);
}
