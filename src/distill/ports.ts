/**
 * What a job needs from the place where it runs, and nothing else of it: where a run is written down, where its
 * checkpoints are, how an engine is opened. The page's worker has them in IndexedDB and OPFS, the terminal in folders,
 * and tests in memory.
 */
import type { EngineRequest } from '../engine/choose.ts';
import type { Engine, EngineDescription, StateSource } from '../engine/engine.ts';
import type { CompareResult } from './compare.ts';
import type { Resumption } from './checkpoint.ts';
import type { Evaluation, MetricsPoint, RunState } from './run-state.ts';
import type { SessionEvent } from './session.ts';

/** Told how far something is: `done` of `total` of what is being done. */
export type ReportProgress = (what: string, done: number, total: number) => void;

/** How work is watched and cancelled from outside. */
export interface Watch {
  report: ReportProgress;
  /** Looked at between two pieces of the work, which then ends with the signal's reason. */
  signal: AbortSignal;
}

/** Told how many kernels a GPU's driver has compiled, of how many. */
export type TellCompiling = (done: number, total: number) => void;

/**
 * Opens an engine with the run's student on it.
 * @param signal Gives up an opening that takes long, with its reason; once it is open it is no longer looked at.
 * @throws EngineError where what was asked for does not start.
 */
export type OpenEngine = (
  request: EngineRequest,
  tellCompiling: TellCompiling,
  signal?: AbortSignal,
) => Promise<Engine>;

/** What is written down of a run by now. */
export interface RunSoFar {
  /** Optimiser steps whose metrics are written down. */
  readonly step: number;
  /** Step of the newest checkpoint; null where there is none. */
  readonly savedStep: number | null;
  readonly evaluations: readonly Evaluation[];
}

/**
 * Where a run is written down as it happens. Each promise resolves when it is stored (or kept to be stored soon), and
 * rejects with NoRoomError where there is no room for it: the same may be told again then.
 */
export interface RunSink {
  readonly soFar: RunSoFar;
  state(state: RunState): Promise<void>;
  /** Shows a state that is not stored: whatever comes next says what the run does. */
  tell(state: RunState): void;
  engine(description: EngineDescription): Promise<void>;
  metrics(point: MetricsPoint, description: EngineDescription): Promise<void>;
  evaluation(evaluation: Evaluation): Promise<void>;
  watched(event: SessionEvent & { type: 'watched' }): Promise<void>;
  /** Training is over, and these weights, of an earlier step than the last, are those that are compared and taken away. */
  taken(step: number, weights: StateSource): Promise<void>;
  /** @param step The step of the weights that were compared. */
  comparison(result: CompareResult, step: number): Promise<void>;
}

/** Where the checkpoints of a run are. */
export interface CheckpointStore {
  /** Keeps a checkpoint. When it counts, every point up to its step is stored. */
  save(event: SessionEvent & { type: 'save' }, description: EngineDescription): Promise<void>;
  /**
   * Makes the run what it was at its newest checkpoint that is whole; null: it begins with step 1.
   * @throws CheckpointError where it had some and none is whole, UnreadableError where one could not be read now.
   */
  rewind(): Promise<Resumption | null>;
  /** The weights of the checkpoint of a step, piece by piece; null where there is none that is whole. */
  openWeights(step: number): Promise<StateSource | null>;
}
