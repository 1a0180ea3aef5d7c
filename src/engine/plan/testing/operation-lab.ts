/**
 * Single operations on made-up tensors, for any executor: a plan is made by hand, loaded, run, and all that it could
 * have written is read back. Every tensor has its own slot; rows beyond the counts hold NaN.
 */
import { RandomSequence } from '../../../base/random.ts';
import { floatsToHalves, halvesToFloats } from '../../../student/lora/half-base.ts';
import { parseT5Config } from '../../../student/config.ts';
import { tinyConfig } from '../../../student/testing/tiny-student.ts';
import type { Executor } from '../executor.ts';
import type { Operation } from '../operations.ts';
import {
  noCounts,
  type CountName,
  type Counts,
  type Plan,
  type PlanTables,
  type Run,
  type Slot,
  type Table,
  type Tensor,
} from '../plan.ts';
import { SlabLayout } from '../slab-layout.ts';

/** The layout of the slabs of an executor that is used with labs. */
export function labLayout(): SlabLayout {
  return new SlabLayout(parseT5Config(JSON.stringify(tinyConfig()), 'config.json'));
}

const noTable: Table = { offset: 0, length: 0 };

/** Every tensor and table of a lab, after its operations. */
export interface LabResults {
  tensors: Float64Array[];
  tables: Int32Array[];
}

/** Largest difference, as a share of the largest value of the same tensor, that single precision explains. */
const tolerance = 1e-5;

/** Where an executor's results differ by more than single precision explains, in words; null where they do not. */
export function whereResultsDiffer(found: LabResults, expected: LabResults): string | null {
  for (const [slot, values] of expected.tensors.entries()) {
    let largest = 1e-3;
    for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
    for (const [index, value] of values.entries()) {
      const other = found.tensors[slot]![index]!;
      if (Math.abs(other - value) <= tolerance * largest) continue;
      // What was NaN and was not to be touched is NaN still.
      if (Number.isNaN(other) && Number.isNaN(value)) continue;
      return `tensor ${slot}, float ${index}: ${other} instead of ${value}`;
    }
  }
  for (const [index, table] of expected.tables.entries()) {
    if (table.some((value, at) => value !== found.tables[index]![at])) return `table ${index}`;
  }
  return null;
}

export class OperationLab {
  readonly random: RandomSequence;
  readonly counts: Counts = { ...noCounts };
  readonly run: Run = {
    counts: this.counts,
    accumulate: false,
    firstEncoderRow: 3,
    firstDecoderRow: 5,
    step: 7,
    seed: 11,
    dropout: 0,
    learningRate: 1e-3,
    weightDecay: 0.1,
    maxGradNorm: 1,
    position: 0,
  };
  readonly #tensors: { tensor: Tensor; values: Float64Array }[] = [];
  readonly #tables: { table: Table; values: Int32Array }[] = [];
  #tablesLength = 0;

  constructor(seed: number) {
    this.random = new RandomSequence(seed);
  }

  /** Random values that single precision holds exactly. */
  randomFloats(length: number, scale = 1): Float64Array {
    return Float64Array.from({ length }, () => Math.fround(scale * this.random.nextNormal()));
  }

  /** A tensor with these values at first; NaN where there are none. */
  tensor(shape: readonly number[], values: ArrayLike<number> = []): Tensor {
    const length = shape.reduce((product, size) => product * size, 1);
    const tensor: Tensor = { place: { kind: 'slot', slot: this.#tensors.length }, offset: 0, shape };
    const filled = new Float64Array(length).fill(NaN);
    filled.set(values);
    this.#tensors.push({ tensor, values: filled });
    return tensor;
  }

  /** [capacity of rows, columns], of which the counted rows are random and the others NaN. */
  rows(rows: CountName, columns: number, scale = 1): Tensor {
    return this.tensor(
      [this.counts[rows] + 2, columns],
      this.randomFloats(this.counts[rows] * columns, scale),
    );
  }

  /** [capacity of rows, columns], to be written. */
  output(rows: CountName, columns: number): Tensor {
    return this.tensor([this.counts[rows] + 2, columns]);
  }

  /** All random. */
  filled(shape: readonly number[], scale = 1): Tensor {
    return this.tensor(
      shape,
      this.randomFloats(
        shape.reduce((product, size) => product * size, 1),
        scale,
      ),
    );
  }

  /** The same tensor of 16-bit floats, its first values rounded to them. */
  halve(tensor: Tensor): Tensor {
    const values = this.valuesOf(tensor);
    values.set(halvesToFloats(floatsToHalves(Float32Array.from(values))));
    const half: Tensor = { ...tensor, half: true };
    const index = this.#tensors.findIndex((one) => one.tensor === tensor);
    this.#tensors[index] = { tensor: half, values };
    return half;
  }

  table(values: ArrayLike<number>): Table {
    const table = { offset: this.#tablesLength, length: values.length };
    this.#tablesLength += values.length;
    this.#tables.push({ table, values: Int32Array.from(values) });
    return table;
  }

  /** First values of a tensor, to be looked at or changed. */
  valuesOf({ place }: Tensor): Float64Array {
    if (place.kind !== 'slot') throw new Error('Labs have tensors in slots only.');
    return this.#tensors[place.slot]!.values;
  }

  plan(operations: readonly Operation[]): Plan {
    const slots: Slot[] = this.#tensors.map(({ values }) => ({ length: values.length, persistent: true }));
    const capacities = { ...this.counts };
    for (const name of Object.keys(capacities) as CountName[]) capacities[name] += 2;
    const ancestry = operations.find((operation) => operation.kind === 'decodeSelfAttention')?.ancestry;
    const tables: PlanTables = {
      encoderIds: noTable,
      decoderIds: noTable,
      labels: noTable,
      encoderSequences: noTable,
      decoderSequences: noTable,
      encoderTiles: noTable,
      decoderTiles: noTable,
      embeddingIds: noTable,
      embeddingStarts: noTable,
      embeddingRows: noTable,
      encoderBuckets: noTable,
      decoderBuckets: noTable,
      rowSequences: noTable,
      ancestry: ancestry ?? noTable,
      finished: noTable,
      generated: noTable,
    };
    return {
      programs: new Map([['pass', operations]]),
      slots,
      tables,
      tablesLength: this.#tablesLength,
      constants: [],
      capacities,
      host: { rowWeights: null, results: null, encoderOutput: null, logits: null },
    };
  }

  /** Runs operations once from the first values; returns every tensor and table afterwards. */
  async results(executor: Executor, operations: readonly Operation[]): Promise<LabResults> {
    const plan = this.plan(operations);
    await executor.prepare(plan);
    for (const { tensor, values } of this.#tensors) executor.writeTensor(tensor, values);
    for (const { table, values } of this.#tables) executor.writeTable(table, values);
    executor.run('pass', this.run);
    const tensors: Float64Array[] = [];
    for (const { tensor, values } of this.#tensors) {
      tensors.push(Float64Array.from(await executor.readTensor(tensor, values.length)));
    }
    const tables: Int32Array[] = [];
    for (const { table, values } of this.#tables) tables.push(await executor.readTable(table, values.length));
    executor.release(plan);
    return { tensors, tables };
  }

  /** A tensor's values among results. */
  static of(results: { tensors: Float64Array[] }, { place }: Tensor): Float64Array {
    if (place.kind !== 'slot') throw new Error('Labs have tensors in slots only.');
    return results.tensors[place.slot]!;
  }
}
