/**
 * Trains the runs of an experiment, one after the other, by the one owner of the engine. What has become of each is
 * stored before the next one begins, so that whoever opens the studio next trains what is left.
 */
import { EngineError, InputError, reportError } from '../base/errors.ts';
import { digestRows } from '../distill/checkpoint.ts';
import { begun, ended, named, nextRun, queueOf, type QueuedRun, type Standing } from '../experiment/queue.ts';
import { parseSpec, plannedRuns } from '../experiment/spec.ts';
import { readDataset, readExamples, trainSha256 } from '../store/datasets.ts';
import { changeExperiment, listExperiments, readExperiment, writeExperiment } from '../store/experiments.ts';
import { heldError, heldExperiments, holdExperiment } from '../store/locks.ts';
import type { ExperimentRecord, RunRecord } from '../store/records.ts';
import { readRun } from '../store/runs.ts';
import { isAbort } from './answer-commands.ts';
import type { CommandOf, NewExperiment, NewRun, Results } from './protocol.ts';
import type { RunKeeper } from './run-keeper.ts';

/** How long a comparison or a rehearsal that came in between may take before it is looked for again. */
const lookAgainMs = 200;
/** Names the spec in messages. */
const specFile = 'the experiment';

type Keeper = Pick<
  RunKeeper,
  | 'start'
  | 'resumeRun'
  | 'compare'
  | 'pause'
  | 'resume'
  | 'stop'
  | 'isAtWork'
  | 'isBeginning'
  | 'end'
  | 'busy'
>;

type Work = { kind: 'at work'; runId: string } | Extract<Standing, { kind: 'failed' }>;

export class Experiments {
  readonly #keeper: Keeper;
  /** The experiment whose runs are trained here now, and the current run. */
  #atWork: { id: string; runId: string | null } | null = null;
  /** Whether the current run is about to begin. */
  #begins = false;
  /** Settled when what a reload broke off is at work again, or there is nothing. */
  #woken: Promise<void> = Promise.resolve();
  /** Settled when it is known whether there is something that a reload broke off. */
  #found: Promise<void> = Promise.resolve();

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  /** Continues an experiment that was interrupted, where no other tab is at work on it. */
  wake(): void {
    this.#found = new Promise((found) => {
      this.#woken = this.#wake(found)
        .catch(() => undefined)
        .finally(found);
    });
  }

  async #wake(found: () => void): Promise<void> {
    const running = (await listExperiments()).filter(({ phase }) => phase === 'running');
    const broken = running.find(({ runs }) => nextRun(runs) !== null);
    if (broken === undefined || this.#atWork !== null) return;
    // A person had paused its current run: it waits until it is resumed.
    const current = nextRun(broken.runs)?.runId ?? null;
    if (current !== null && (await readRun(current))?.state.phase === 'paused') {
      if ((await heldExperiments())?.has(broken.id) === true) return;
      await changeExperiment(broken.id, (record) => ({ ...record, phase: 'paused' }));
      return;
    }
    const taking = this.#take(broken.id);
    found();
    await taking;
  }

  /** See `start-experiment` in protocol.ts. */
  async start({ datasetId, ...wanted }: NewExperiment): Promise<Results['start-experiment']> {
    this.#refuseSecond();
    const dataset = await readDataset(datasetId);
    if (!dataset?.splits.train)
      throw new InputError('There are no training rows.', 'Add a training file on Data first.');
    const runs = plannedRuns(parseSpec(wanted.spec, specFile), specFile);
    const record: ExperimentRecord = {
      id: crypto.randomUUID(),
      name: wanted.name,
      createdAt: Date.now(),
      datasetId,
      datasetName: dataset.name,
      rowsSha256: await trainSha256(dataset),
      testSha256: await testSha256(datasetId),
      spec: wanted.spec,
      testRows: wanted.testRows,
      engineChoice: wanted.engine,
      backend: wanted.backend,
      phase: 'running',
      runs: queueOf(runs),
    };
    await writeExperiment(record);
    await this.#take(record.id);
    return { experimentId: record.id };
  }

  /** See `resume-experiment` in protocol.ts. */
  async resume(id: string): Promise<null> {
    await this.#woken;
    const holder = this.#atWork === null ? (await heldExperiments())?.get(id) : undefined;
    if (holder === 'another tab') throw heldError('This experiment', holder);
    if (this.#atWork !== null && this.#atWork.id !== id) this.#refuseSecond();
    await changeExperiment(id, ({ problem: _, ...record }) => ({ ...record, phase: 'running' }));
    if (this.#atWork === null) await this.#take(id);
    else if (this.#hasInHand()) this.#keeper.resume();
    return null;
  }

  /** See `halt-experiment` in protocol.ts. */
  async halt(id: string, how: CommandOf<'halt-experiment'>['how']): Promise<null> {
    await this.#found;
    await changeExperiment(id, (record) => ({ ...record, phase: 'paused' }));
    if (this.#atWork?.id !== id || !this.#hasInHand()) return null;
    if (how === 'pause') await this.#keeper.pause();
    if (how === 'stop') this.#keeper.stop();
    return null;
  }

  /** See `resume-run` in protocol.ts: a run that an experiment continues with by itself is not resumed a second time. */
  async resumeRun({ runId, engine, fromStart }: CommandOf<'resume-run'>): Promise<Results['resume-run']> {
    const run = await readRun(runId);
    if (run?.experimentId !== undefined) {
      await this.#woken;
      if (this.#atWork?.runId === runId) return { kind: 'resumed', step: run.savedStep ?? 0, damaged: [] };
    }
    return this.#keeper.resumeRun(runId, engine, fromStart);
  }

  #hasInHand(): boolean {
    if (this.#begins && this.#keeper.isBeginning) return true;
    const runId = this.#atWork?.runId ?? null;
    return runId !== null && this.#keeper.isAtWork(runId);
  }

  #refuseSecond(): void {
    if (this.#atWork === null) return;
    throw new EngineError('An experiment is at work.', 'Stop it, or wait for its end, then try again.');
  }

  /** Holds it, and trains what is left of it from now on. @throws EngineError where another tab holds it. */
  async #take(id: string): Promise<void> {
    const atWork = { id, runId: null };
    this.#atWork = atWork;
    let letGo: () => void;
    try {
      letGo = await holdExperiment(id);
    } catch (error) {
      this.#atWork = null;
      throw error;
    }
    const begins = new Promise<void>((resolve) => {
      void this.#train(id, resolve)
        .catch((error: unknown) => this.#rest(id, reportError(error).message).catch(() => undefined))
        .finally(() => {
          this.#atWork = null;
          letGo();
          resolve();
        });
    });
    await begins;
  }

  /** @param tellBegun The first run is at work, or will never be. */
  async #train(id: string, tellBegun: () => void): Promise<void> {
    for (;;) {
      const experiment = await readExperiment(id);
      if (experiment === null || experiment.phase === 'paused') return;
      const next = nextRun(experiment.runs);
      if (next === null) return;
      const problem = await otherRows(experiment);
      if (problem !== null) {
        await this.#rest(id, problem);
        return;
      }
      while (this.#keeper.busy) await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
      await this.#trainOne(experiment, next, tellBegun);
    }
  }

  /** No further run begins until a person says so. */
  async #rest(id: string, problem: string): Promise<void> {
    await changeExperiment(id, (record) => ({ ...record, phase: 'paused', problem }));
  }

  async #trainOne(experiment: ExperimentRecord, { name }: QueuedRun, tellBegun: () => void): Promise<void> {
    const { id } = experiment;
    const since = performance.now();
    const stored = await this.#begin(experiment, name);
    const end = async (standing: Standing): Promise<void> => {
      const tookMs = performance.now() - since;
      await changeExperiment(id, (record) => ({
        ...record,
        runs: ended(record.runs, name, standing, tookMs),
      }));
    };
    if (stored === 'left out') return;
    let standing: Standing;
    try {
      this.#begins = true;
      const work = await this.#work(experiment, name, stored).finally(() => (this.#begins = false));
      if (work.kind === 'failed') {
        await end(work);
        return;
      }
      const { runId } = work;
      this.#atWork = { id, runId };
      await changeExperiment(id, (record) => ({ ...record, runs: named(record.runs, name, runId) }));
      tellBegun();
      await this.#keeper.end;
      const isHalted = (await readExperiment(id))?.phase === 'paused';
      standing = standingOf(await readRun(runId), isHalted);
    } catch (error) {
      // Something else took the machine first: the run is begun when that is over.
      if (this.#keeper.busy) return;
      standing = isAbort(error) ? { kind: 'waiting' } : { kind: 'failed', words: reportError(error).message };
    } finally {
      this.#atWork = { id, runId: null };
    }
    // A person stopped the run alone: the experiment waits too.
    if (standing.kind === 'waiting') await changeExperiment(id, (record) => ({ ...record, phase: 'paused' }));
    await end(standing);
  }

  /** Writes down that a run begins. @returns The run that was begun for it before; null for none. */
  async #begin(experiment: ExperimentRecord, name: string): Promise<RunRecord | null | 'left out'> {
    const known = experiment.runs.find((run) => run.name === name)?.runId ?? null;
    const stored = known === null ? null : await readRun(known);
    const savedStep = stored?.savedStep ?? 0;
    const after = await changeExperiment(experiment.id, (record) => ({
      ...record,
      runs: begun(record.runs, name, { savedStep }),
    }));
    const standing = after?.runs.find((run) => run.name === name)?.standing;
    return standing?.kind === 'at work' ? stored : 'left out';
  }

  /** Continues a run, compares it, or begins it. Begins no second one where the first has a curve but no whole checkpoint. */
  async #work(experiment: ExperimentRecord, name: string, stored: RunRecord | null): Promise<Work> {
    if (stored !== null) {
      const { state, comparison, id } = stored;
      if (state.phase === 'done' && !isStopped(state)) {
        // Trained: what is missing is its accuracy, if that.
        if (comparison === null)
          await this.#keeper.compare(
            { type: 'compare', runId: id, testRows: experiment.testRows },
            { report: () => undefined, signal: new AbortController().signal },
          );
        return { kind: 'at work', runId: id };
      }
      const resumed = await this.#keeper.resumeRun(id, null, false);
      if (resumed.kind === 'resumed') return { kind: 'at work', runId: id };
      return { kind: 'failed', words: resumed.words, beginsAgain: true };
    }
    const { runId } = await this.#keeper.start(newRunOf(experiment, name));
    return { kind: 'at work', runId };
  }
}

/** The record of a planned run at its beginning. */
function newRunOf(experiment: ExperimentRecord, name: string): NewRun {
  const spec = parseSpec(experiment.spec, specFile);
  const run = plannedRuns(spec, specFile).find((one) => one.name === name);
  if (run === undefined || run.student === null) {
    throw new InputError(`${name} is no run of this experiment, or names no student.`, 'Leave it out.');
  }
  return {
    datasetId: experiment.datasetId,
    studentId: run.student,
    recipe: run.recipe,
    testRows: experiment.testRows,
    engine: experiment.engineChoice,
    backend: experiment.backend,
    ...(spec.metric === undefined ? {} : { metric: spec.metric }),
    experiment: { id: experiment.id, name: experiment.name, fraction: run.fraction },
  };
}

/** Whether a person stopped a run: one that ended early by itself is none of these. */
function isStopped(state: RunRecord['state']): boolean {
  return state.phase === 'done' && state.stopped;
}

/** What has become of a run that is at rest. @param isHalted A person stopped it, in its last step or its comparison perhaps. */
function standingOf(run: RunRecord | null, isHalted: boolean): Standing {
  if (run === null) return { kind: 'failed', words: 'It was deleted while it was at work.' };
  const { state, comparison } = run;
  if (state.phase === 'failed') return { kind: 'failed', words: state.error.message };
  if (state.phase !== 'done' || isStopped(state)) return { kind: 'waiting' };
  if (comparison !== null) {
    const { base, distilled, teacher } = comparison;
    return { kind: 'ended', accuracy: { base, distilled, teacher } };
  }
  if (isHalted && state.problem === undefined) return { kind: 'waiting' };
  const why = state.problem === undefined ? '' : ` ${state.problem.message}`;
  return { kind: 'failed', words: `It is trained, and its accuracy was not measured.${why}` };
}

/** In words, where the rows are not those that the experiment began with; null where they are. */
async function otherRows({ datasetId, datasetName, ...began }: ExperimentRecord): Promise<string | null> {
  const dataset = await readDataset(datasetId);
  if (dataset === null)
    return `The rows of ${datasetName} are no longer stored. Nothing of its results is lost.`;
  const isSame =
    began.rowsSha256 === (await trainSha256(dataset)) && began.testSha256 === (await testSha256(datasetId));
  return isSame
    ? null
    : `The rows of ${datasetName} are not those that this experiment began with, so that new results would not belong together with the others. Put its files back as they were on Data, or begin another experiment.`;
}

/** @throws InputError where there are none: runs are compared by their accuracy on them. */
async function testSha256(datasetId: string): Promise<string> {
  const rows = await readExamples(datasetId, 'test');
  if (rows.length > 0) return digestRows(rows);
  throw new InputError(
    'The dataset has no test rows, by which runs are compared.',
    'Add a test file on Data.',
  );
}
