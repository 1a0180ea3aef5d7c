/** Weights and the optimiser's averages by name, in and out of an executor's slabs: one tensor at a time. */
import { EngineError } from '../../base/errors.ts';
import type { Weights } from '../../student/config.ts';
import { sizeOf, type Parameter } from '../../student/parameters.ts';
import type { StateGroup } from '../engine.ts';
import type { Executor, Floats } from './executor.ts';
import type { SlabName } from './plan.ts';
import type { SlabLayout } from './slab-layout.ts';

/** A named tensor, and where it lies. */
export interface PlacedTensor {
  name: string;
  slab: SlabName;
  part: number;
  /** In floats, as `length`. */
  offset: number;
  length: number;
  /** What it is in: small ones are read together with their neighbours. */
  around: { offset: number; length: number };
}

function placed(layout: SlabLayout, slab: SlabName, parameters: readonly Parameter[]): PlacedTensor[] {
  const places = new Map<string, PlacedTensor>();
  for (const { members, part, offset, memberShape } of layout.blocks) {
    const around = { offset, length: members.length * sizeOf(memberShape) };
    for (const { name, offset: within, length } of members) {
      places.set(name, { name, slab, part, offset: offset + within, length, around });
    }
  }
  return parameters.map(({ name }) => places.get(name)!);
}

/** Adafactor's averages, of rows or of columns. */
function placedFactors(
  layout: SlabLayout,
  group: 'expAvgSq' | 'expAvgSqRow' | 'expAvgSqCol',
): PlacedTensor[] {
  const found = new Map<string, PlacedTensor>();
  for (const { block, rows, columns, vector, rowState, columnState } of layout.factors.values()) {
    if (vector !== (group === 'expAvgSq')) continue;
    const [state, length] = group === 'expAvgSqCol' ? [columnState, columns] : [rowState, rows];
    const around = { offset: state.offset, length: block.members.length * length };
    block.members.forEach(({ name }, index) => {
      const offset = state.offset + index * length;
      found.set(name, { name, slab: 'expAvgSq', part: 0, offset, length, around });
    });
  }
  return layout.trained.flatMap(({ name }) => found.get(name) ?? []);
}

/** What an engine's state consists of, group by group, in the order of `expectedParameters`. */
export function placedState(layout: SlabLayout): Record<StateGroup, readonly PlacedTensor[]> {
  const { lora, parameters, trained, optimizer } = layout;
  const weights = placed(layout, 'parameters', lora === null ? parameters : trained);
  if (optimizer === 'adamw') {
    const moments = {
      expAvg: placed(layout, 'expAvg', trained),
      expAvgSq: placed(layout, 'expAvgSq', trained),
    };
    return { weights, ...moments, expAvgSqRow: [], expAvgSqCol: [] };
  }
  return {
    weights,
    expAvg: [],
    expAvgSq: placedFactors(layout, 'expAvgSq'),
    expAvgSqRow: placedFactors(layout, 'expAvgSqRow'),
    expAvgSqCol: placedFactors(layout, 'expAvgSqCol'),
  };
}

/** The weights that are trained. */
export function placedTrained(layout: SlabLayout): PlacedTensor[] {
  return placed(layout, 'parameters', layout.trained);
}

export function placedGradients(layout: SlabLayout): PlacedTensor[] {
  return placed(layout, 'gradients', layout.trained);
}

/** The base's weights too, where there are adapters. */
export function placedWeights(layout: SlabLayout): PlacedTensor[] {
  return placed(layout, 'parameters', layout.parameters);
}

/** Tensors by name, or what is known of them before they are read. */
export type Sized = ReadonlyMap<string, { readonly length: number }>;

/**
 * Checks that tensors can be written from these; names that are not among them are left aside.
 * @throws EngineError where one is missing or has another size. Nothing is written then.
 */
export function checkTensors(tensors: readonly PlacedTensor[], weights: Sized): void {
  for (const { name, length } of tensors) {
    const size = weights.get(name)?.length;
    if (size === length) continue;
    const what = size === undefined ? 'is missing' : `has ${size} values instead of ${length}`;
    throw new EngineError(`The weight ${name} ${what}.`, 'Load the student again from its folder.');
  }
}

/** Writes tensors; `weights` must have been checked. */
export function writeTensors(executor: Executor, tensors: readonly PlacedTensor[], weights: Weights): void {
  for (const { name, slab, part, offset } of tensors) {
    executor.writeSlab(slab, part, offset, weights.get(name)!);
  }
}

/** All weights of a student. */
export function writeStudent(executor: Executor, layout: SlabLayout, weights: Weights): void {
  writeTensors(executor, placedWeights(layout), weights);
}

/** Floats that are worth one read: more would be held for nothing. */
const togetherLength = 2 ** 21;
/** Floats of a tensor that is read with its neighbours. */
const smallLength = 2 ** 16;

/**
 * Reads tensors one by one. On a GPU each read is a wait, so that small ones come with their neighbours: no more than
 * 8 MB is held for that, and one tensor.
 */
export class SlabReader {
  readonly #executor: Executor;
  readonly #layout: SlabLayout;
  #kept: { key: string; offset: number; values: Floats } | null = null;
  /** For what is read together: used again, so that it does not wait for a collection of garbage. */
  #room = new Float32Array(0);

  constructor(executor: Executor, layout: SlabLayout) {
    this.#executor = executor;
    this.#layout = layout;
  }

  /**
   * A copy of a tensor, or of at most `most` floats of it from `from` on.
   * @param room At least so many floats: where the copy goes, instead of new memory.
   */
  async read(
    { slab, part, offset, length, around }: PlacedTensor,
    from = 0,
    most = Infinity,
    room?: Float32Array,
  ): Promise<Float32Array> {
    const partLength = this.#layout.partLengthsOf(slab)[part]!;
    const count = Math.min(most, length - from);
    const near =
      partLength <= togetherLength
        ? { offset: 0, length: partLength }
        : length <= smallLength && around.length <= togetherLength
          ? around
          : null;
    if (near === null) {
      const values = await this.#executor.readSlab(
        slab,
        part,
        offset + from,
        count,
        room?.subarray(0, count),
      );
      return values instanceof Float32Array ? values : Float32Array.from(values);
    }
    const key = `${slab} ${part} ${near.offset}`;
    if (this.#kept?.key !== key) {
      this.#kept = null;
      if (this.#room.length < near.length) this.#room = new Float32Array(near.length);
      const together = this.#room.subarray(0, near.length);
      const values = await this.#executor.readSlab(slab, part, near.offset, near.length, together);
      this.#kept = { key, offset: near.offset, values };
    }
    const first = offset + from - near.offset;
    const found = room?.subarray(0, count) ?? new Float32Array(count);
    found.set(this.#kept.values.subarray(first, first + count));
    return found;
  }

  /** Copies of all of these. */
  async readAll(tensors: readonly PlacedTensor[]): Promise<Weights> {
    const found: Weights = new Map();
    for (const tensor of tensors) found.set(tensor.name, await this.read(tensor));
    return found;
  }
}
