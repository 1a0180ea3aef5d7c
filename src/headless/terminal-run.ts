/** A run in a terminal: written to its folder, and told line by line. */
import { formatPercent } from '../base/units.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import type { CompareResult } from '../distill/compare.ts';
import type { CheckpointStore, RunSink, RunSoFar } from '../distill/ports.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { Evaluation, MetricsPoint, RunState } from '../distill/run-state.ts';
import type { SessionEvent } from '../distill/session.ts';
import type { EngineDescription, StateSource } from '../engine/engine.ts';
import type { ProgressLine } from './progress-line.ts';
import type { RunFolder } from './run-folder.ts';

/** Where a run is told. */
export type Progress = Pick<ProgressLine, 'say' | 'step' | 'state'>;

export class TerminalRun implements RunSink, CheckpointStore {
  readonly #folder: RunFolder;
  readonly #recipe: Recipe;
  readonly #progress: Progress;
  readonly #onEngine: (description: EngineDescription) => Promise<void>;
  readonly #onTrained: () => void;
  #begun = false;

  /**
   * @param watch.onEngine The engine is open and nothing is computed yet: the folder is made ready.
   * @param watch.onTrained The last weights are kept; what is left is the comparison.
   */
  constructor(
    folder: RunFolder,
    recipe: Recipe,
    progress: Progress,
    watch: { onEngine: (description: EngineDescription) => Promise<void>; onTrained: () => void },
  ) {
    this.#folder = folder;
    this.#recipe = recipe;
    this.#progress = progress;
    this.#onEngine = watch.onEngine;
    this.#onTrained = watch.onTrained;
  }

  get soFar(): RunSoFar {
    return this.#folder.soFar;
  }

  state(state: RunState): Promise<void> {
    // The first line says which engine runs.
    if (this.#begun) this.#progress.state(state);
    return Promise.resolve();
  }

  tell(state: RunState): void {
    this.#progress.state(state);
  }

  async engine(description: EngineDescription): Promise<void> {
    this.#folder.engine = description;
    const { engine, backend, adapter, reason } = description;
    this.#progress.say(`Engine: ${engine} on ${backend} (${adapter}). ${reason}`);
    if (this.#begun) return;
    this.#begun = true;
    await this.#onEngine(description);
  }

  metrics(point: MetricsPoint): Promise<void> {
    this.#folder.addMetrics(point);
    this.#progress.step(point, this.#recipe.steps);
    return Promise.resolve();
  }

  evaluation(evaluation: Evaluation): Promise<void> {
    const { step, correct, total, split, answerLoss, rationaleLoss } = evaluation;
    this.#folder.addEvaluation(evaluation);
    const rows = split === undefined ? 'test' : 'validation';
    const rationale = typeof rationaleLoss === 'number' ? `, rationale ${rationaleLoss.toFixed(3)}` : '';
    const losses = answerLoss === undefined ? '' : `, loss of answer ${answerLoss.toFixed(3)}${rationale}`;
    this.#progress.say(
      `step ${step}: ${correct} of ${total} ${rows} rows right (${formatPercent(correct / total)})${losses}`,
    );
    return Promise.resolve();
  }

  /** None are asked here. */
  watched(): Promise<void> {
    return Promise.resolve();
  }

  async taken(step: number, weights: StateSource): Promise<void> {
    await this.#folder.take(step, weights);
    this.#progress.say(
      `Taken: the weights of step ${step}${this.#recipe.take === 'best' ? ', the best' : ''}.`,
    );
  }

  openWeights(step: number): Promise<StateSource | null> {
    return this.#folder.openWeights(step);
  }

  /** Written at the end, with everything else. */
  comparison(_result: CompareResult, _step: number): Promise<void> {
    return Promise.resolve();
  }

  async save({ step, elapsedMs, state, last }: SessionEvent & { type: 'save' }): Promise<void> {
    await this.#folder.saveCheckpoint(step, elapsedMs, state);
    if (!last) return;
    await this.#folder.saveModel(state);
    this.#onTrained();
  }

  async rewind(): Promise<Resumption | null> {
    const from = await this.#folder.newestCheckpoint((words) => this.#progress.say(words));
    await this.#folder.resumeAt(from?.state.step ?? 0);
    return from;
  }
}
