/**
 * What is written down about a run as it happens: first to the store, then to the page. Metrics go out in small
 * batches, so that a fast student does not spend its time in IndexedDB; a batch is at most as old as `flushEveryMs`.
 */
import { NoRoomError, reportError } from '../base/errors.ts';
import type { Tally } from '../data/example.ts';
import type { CompareResult } from '../distill/compare.ts';
import type { RunSink, RunSoFar } from '../distill/ports.ts';
import type { Evaluation, MetricsPoint, RunState } from '../distill/run-state.ts';
import type { SessionEvent } from '../distill/session.ts';
import { withMoment } from '../distill/watched.ts';
import type { EngineDescription } from '../engine/engine.ts';
import { weightsAlone } from '../engine/state-source.ts';
import { tellAccuracy, writeCheckpoint } from '../store/checkpoints.ts';
import { appendMetrics, writeComparison, writeRun } from '../store/runs.ts';
import type { RunRecord } from '../store/records.ts';
import type { T5Config } from '../student/config.ts';
import type { Wire } from './wire.ts';

/** How often points are stored while a run trains. */
export const flushEveryMs = 400;
/** How old a run's heartbeat may become while the worker lives. */
export const heartbeatEveryMs = 2000;

export class RunJournal implements RunSink {
  readonly #wire: Wire;
  #record: RunRecord;
  #points: MetricsPoint[] = [];
  #last: MetricsPoint | null = null;
  #flushedAt = 0;
  #flushing: Promise<void> = Promise.resolve();
  #writtenAt = 0;
  readonly #waitingForRest: (() => void)[] = [];

  constructor(record: RunRecord, wire: Wire) {
    this.#record = record;
    this.#wire = wire;
  }

  get record(): RunRecord {
    return this.#record;
  }

  get soFar(): RunSoFar {
    return this.#record;
  }

  /** Resolves when the run is paused or has ended, and that is stored. */
  atRest(): Promise<void> {
    if (isAtRest(this.#record.state)) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForRest.push(resolve));
  }

  /** A new state: told at once, stored at once where the phase changes, else with the heartbeat. */
  async state(state: RunState): Promise<void> {
    const samePhase = state.phase === this.#record.state.phase;
    this.#record = { ...this.#record, state };
    const lacksRoom = state.phase === 'paused' && state.problem !== undefined;
    if (state.phase !== 'training' && !lacksRoom) await this.flush();
    if (!samePhase || performance.now() - this.#writtenAt > heartbeatEveryMs) await this.#write();
    this.#wire.run(this.#record.id, { type: 'state', state });
    if (isAtRest(state)) this.#rest();
  }

  #rest(): void {
    for (const resolve of this.#waitingForRest.splice(0)) resolve();
  }

  async engine(description: EngineDescription): Promise<void> {
    await this.change({ engine: description });
    this.#wire.run(this.#record.id, { type: 'engine', description });
  }

  async metrics(point: MetricsPoint, description: EngineDescription): Promise<void> {
    // Told again where there was no room: then it waits already.
    if (this.#last?.step !== point.step) this.#points.push(point);
    this.#last = point;
    this.#record = { ...this.#record, step: point.step, engine: description };
    if (performance.now() - this.#flushedAt > flushEveryMs) await this.flush();
  }

  async evaluation(evaluation: Evaluation): Promise<void> {
    await tellAccuracy(this.#record.id, evaluation);
    await this.change({ evaluations: [...this.#record.evaluations, evaluation] });
    this.#wire.run(this.#record.id, { type: 'evaluation', evaluation });
  }

  async watched({ moment, questions }: SessionEvent & { type: 'watched' }): Promise<void> {
    const moments = withMoment(this.#record.watched?.moments ?? [], moment);
    await this.change({ watched: { questions, moments } });
  }

  /** The weights themselves are in their checkpoint. */
  async taken(step: number): Promise<void> {
    await this.change({ takenStep: step });
  }

  async comparison({ predictions, accuracy, generation }: CompareResult, step: number): Promise<void> {
    const { id: runId, recipe, comparison: before } = this.#record;
    const isOther = JSON.stringify(generation) !== JSON.stringify(recipe.generation ?? null);
    // The heartbeat writes the record too.
    this.#record = {
      ...this.#record,
      comparison: { ...accuracy, ...(isOther && { generation }), step },
      heartbeatAt: Date.now(),
    };
    try {
      await writeComparison(this.#record, predictions);
    } catch (error) {
      this.#record = { ...this.#record, comparison: before };
      throw error;
    }
    this.#wire.run(runId, { type: 'record' });
  }

  /** Keeps a checkpoint: when it counts, every point up to its step is stored. */
  async save(
    { step, elapsedMs, state }: SessionEvent & { type: 'save' },
    config: T5Config,
    description: EngineDescription,
  ): Promise<void> {
    await this.flush();
    const { id: runId, evaluations, recipe, savedStep } = this.#record;
    // The state of a step is the same whenever it is reached: where its checkpoint is there, it stays.
    if (savedStep === step) return;
    const { engine, backend, adapter } = description;
    const told = {
      elapsedMs,
      engine: { engine, backend, adapter },
      accuracy: talliedAt(evaluations, step),
      loss: this.#last?.step === step ? this.#last.loss : null,
    };
    // After the last step nothing asks for the moments again.
    const kept = step < recipe.steps ? state : weightsAlone(state);
    // The heartbeat writes the record too: from the moment that the checkpoint counts, it must name it.
    const runAtSave = (): RunRecord => (this.#record = { ...this.#record, savedStep: step });
    try {
      await writeCheckpoint(runId, kept, config, told, runAtSave);
    } catch (error) {
      this.#record = { ...this.#record, savedStep };
      throw error;
    }
    this.#wire.run(runId, { type: 'record' });
  }

  /** Changes the record otherwise. */
  async change(change: Partial<RunRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await this.#write();
    this.#wire.run(this.#record.id, { type: 'record' });
  }

  /** The run is again what it was at its checkpoint, as the store has it by now. */
  rewind(record: RunRecord): void {
    this.#points = [];
    this.#last = null;
    this.#record = { ...record, state: this.#record.state };
    this.#wire.run(record.id, { type: 'trimmed', step: record.step });
  }

  /** Tells the page a state that is not stored. */
  tell(state: RunState): void {
    this.#wire.run(this.#record.id, { type: 'state', state });
  }

  /** Tells the page that this worker has stopped working on the run. Its record says how it is. */
  leave(): void {
    this.#wire.run(this.#record.id, { type: 'left' });
  }

  /** The run has failed: what was measured stays. Never throws, since nothing is left to catch it. */
  async fail(error: unknown): Promise<void> {
    const state: RunState = { phase: 'failed', step: this.#record.step, error: reportError(error) };
    this.#record = { ...this.#record, state };
    // The store itself may be what failed: each is tried, and the page is told in any case.
    await this.flush().catch(() => undefined);
    await this.#write().catch(() => undefined);
    this.tell(state);
    this.#rest();
  }

  /** Says that the worker is alive, also in the middle of a long step. */
  async beat(): Promise<void> {
    this.#wire.sign();
    if (performance.now() - this.#writtenAt > heartbeatEveryMs) await this.#write();
  }

  /**
   * Stores and tells the points that are waiting. One flush goes after the other: two at once would store the same
   * points, and the second would drop those that came in between.
   */
  flush(): Promise<void> {
    const flushed = this.#flushing.then(() => this.#flushWaiting());
    this.#flushing = flushed.catch(() => undefined);
    return flushed;
  }

  async #flushWaiting(): Promise<void> {
    const points = this.#points;
    this.#flushedAt = performance.now();
    if (points.length === 0) return;
    await appendMetrics(this.#record.id, points);
    // Those alone: the run may have gone back to a checkpoint meanwhile, and taken other steps since.
    const stored = new Set(points);
    this.#points = this.#points.filter((point) => !stored.has(point));
    await this.#write();
    this.#wire.run(this.#record.id, { type: 'metrics', points });
    const { engine } = this.#record;
    if (engine) this.#wire.run(this.#record.id, { type: 'engine', description: engine });
  }

  /** Without room the record waits: the next write has all of it, and points and checkpoints tell of the lack. */
  async #write(): Promise<void> {
    this.#writtenAt = performance.now();
    this.#record = { ...this.#record, heartbeatAt: Date.now() };
    try {
      await writeRun(this.#record);
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error;
    }
  }
}

/** The accuracy that was measured at a step; null where none was. */
export function talliedAt(evaluations: readonly Evaluation[], step: number): Tally | null {
  const found = evaluations.find((one) => one.step === step);
  return found === undefined ? null : { correct: found.correct, total: found.total };
}

/** Paused, or at its end. */
export function isAtRest({ phase }: RunState): boolean {
  return phase === 'paused' || phase === 'done' || phase === 'failed';
}
