/** An engine's whole state in an executor's slabs: read and written piece by piece, or at once. */
import { EngineError } from '../../base/errors.ts';
import type { T5Config, Weights } from '../../student/config.ts';
import { sizeOf } from '../../student/parameters.ts';
import {
  stateGroups,
  type EngineState,
  type StateGroup,
  type StateSource,
  type StateTensor,
} from '../engine.ts';
import { restoreError } from '../stand-in.ts';
import { pieceLength } from '../state-source.ts';
import type { Executor } from './executor.ts';
import { SlabLayout } from './slab-layout.ts';
import {
  checkTensors,
  placedState,
  placedWeights,
  SlabReader,
  writeTensors,
  type PlacedTensor,
  type Sized,
} from './student-slabs.ts';

/** Floats that are written before their arrival is waited for: 16 MB. A driver may hold as many more that have arrived. */
const mostOnTheWay = 2 * pieceLength;
const momentGroups = ['expAvg', 'expAvgSq', 'expAvgSqRow', 'expAvgSqCol'] as const;

export class SlabState {
  /** Optimiser steps taken. */
  steps = 0;
  readonly #config: T5Config;
  readonly #executor: Executor;
  readonly #layout: SlabLayout;

  constructor(config: T5Config, executor: Executor, layout: SlabLayout) {
    this.#config = config;
    this.#executor = executor;
    this.#layout = layout;
  }

  /** @param guarded Lets nothing come between a read and what it reads. */
  source(guarded: (read: () => Promise<Float32Array>) => Promise<Float32Array>): StateSource {
    const groups = placedState(this.#layout);
    const reader = new SlabReader(this.#executor, this.#layout);
    const kept = this.steps === 0 ? (['weights'] as const) : stateGroups;
    const placeOf = new Map<StateTensor, PlacedTensor>();
    const tensors = kept.flatMap((group) =>
      groups[group].map((placed): StateTensor => {
        const tensor = { group, name: placed.name, length: placed.length };
        placeOf.set(tensor, placed);
        return tensor;
      }),
    );
    const longest = tensors.reduce((most, { length }) => Math.max(most, length), 0);
    let room: Float32Array | null = null;
    return {
      step: this.steps,
      tensors,
      async *pieces(tensor) {
        const placed = placeOf.get(tensor)!;
        // One piece after the other, so that they do not wait for a collection of garbage.
        const into = (room ??= new Float32Array(Math.min(longest, pieceLength)));
        for (let from = 0; from < placed.length; from += pieceLength)
          yield await guarded(() => reader.read(placed, from, pieceLength, into));
      },
    };
  }

  /** As `Engine.restore`. */
  write(state: EngineState): void {
    const { groups, isBase } = this.#check(state);
    writeTensors(this.#executor, groups.weights, isBase ? this.#idleAdapters() : state.weights);
    this.#clearMoments();
    for (const group of momentGroups) {
      const values = state[group];
      if (values !== undefined && values.size > 0) writeTensors(this.#executor, groups[group], values);
    }
    this.steps = state.step;
  }

  /**
   * As `Engine.restoreFrom`.
   * @throws EngineError where it does not fit, with nothing written; LostWeightsError where it cannot be read to its end.
   */
  async writeFrom(source: StateSource): Promise<void> {
    const { groups, isBase } = this.#check(sizesOf(source));
    if (isBase) writeTensors(this.#executor, groups.weights, this.#idleAdapters());
    this.#clearMoments();
    try {
      await this.#writePieces(isBase ? { ...groups, weights: [] } : groups, source);
    } catch (error) {
      throw restoreError(error);
    }
    this.steps = source.step;
  }

  /** Names that are not among `groups` are left aside. */
  async #writePieces(
    groups: Record<StateGroup, readonly PlacedTensor[]>,
    source: StateSource,
  ): Promise<void> {
    const places = new Map(
      stateGroups.flatMap((group) => groups[group].map((one) => [`${group} ${one.name}`, one] as const)),
    );
    let onTheWay = 0;
    for (const tensor of source.tensors) {
      const placed = places.get(`${tensor.group} ${tensor.name}`);
      if (placed === undefined) continue;
      let at = placed.offset;
      for await (const piece of source.pieces(tensor)) {
        this.#executor.writeSlab(placed.slab, placed.part, at, piece);
        at += piece.length;
        onTheWay += piece.length;
        if (onTheWay < mostOnTheWay) continue;
        await this.#executor.arrival?.();
        onTheWay = 0;
      }
    }
  }

  /** All is checked before anything is written: a state that does not fit leaves the slabs as they were. */
  #check(state: SizedState) {
    const isBase = this.isBase(state.weights);
    const groups = placedState(this.#layout);
    if (!isBase) checkTensors(groups.weights, state.weights);
    checkMoments(this.#layout, groups, state);
    return { groups, isBase };
  }

  #clearMoments(): void {
    this.#executor.clearSlab('expAvg');
    this.#executor.clearSlab('expAvgSq');
  }

  /**
   * Whether these are not adapters, where those are trained, but the base's own weights.
   * @throws EngineError where they are neither.
   */
  isBase(weights: Sized): boolean {
    const { lora, trained } = this.#layout;
    if (lora === null || trained.some(({ name }) => weights.has(name))) return false;
    checkTensors(placedWeights(new SlabLayout(this.#config, undefined, null, 'adamw', Infinity)), weights);
    return true;
  }

  /** Adapters that do nothing. */
  #idleAdapters(): Weights {
    return new Map(this.#layout.trained.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]));
  }
}

/** A state, or the sizes of one that is yet to be read. */
type SizedState = Record<'weights' | 'expAvg' | 'expAvgSq', Sized> &
  Partial<Record<'expAvgSqRow' | 'expAvgSqCol', Sized>>;

function sizesOf({ tensors }: StateSource): SizedState {
  const group = (wanted: StateGroup) =>
    new Map(tensors.filter((one) => one.group === wanted).map((one) => [one.name, one]));
  const [weights, expAvg, expAvgSq] = [group('weights'), group('expAvg'), group('expAvgSq')];
  return { weights, expAvg, expAvgSq, expAvgSqRow: group('expAvgSqRow'), expAvgSqCol: group('expAvgSqCol') };
}

/**
 * Checks that a state's averages are those of the layout's optimiser, all of them or none.
 * @throws EngineError where they are another's, or do not fit.
 */
function checkMoments(
  layout: SlabLayout,
  groups: Record<StateGroup, readonly PlacedTensor[]>,
  state: Pick<SizedState, (typeof momentGroups)[number]>,
): void {
  const isAdafactor =
    (state.expAvgSqRow?.size ?? 0) > 0 || (state.expAvg.size === 0 && state.expAvgSq.size > 0);
  const isAdam = state.expAvg.size > 0;
  if (layout.optimizer === 'adamw' ? isAdafactor : isAdam) {
    const [theirs, ours] = isAdam ? ['AdamW', 'Adafactor'] : ['Adafactor', 'AdamW'];
    throw new EngineError(
      `The state has the averages of ${theirs}, and this run is trained with ${ours}.`,
      `Go on with the recipe that it was begun with, or begin a new run from its weights.`,
    );
  }
  if (!isAdafactor && !isAdam) return;
  for (const group of momentGroups) checkTensors(groups[group], state[group] ?? new Map<string, never>());
}
