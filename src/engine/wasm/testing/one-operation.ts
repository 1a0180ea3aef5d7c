/**
 * Runs one operation on the f64 twin and in WebAssembly, on the same numbers, and compares every float and
 * integer; then again as several threads would, where the bytes must be the same.
 */
import { expect } from 'vitest';
import { haveSameBytes } from '../../../../tests/support/same-state.ts';
import { parseT5Config } from '../../../student/config.ts';
import type { Floats } from '../../plan/executor.ts';
import type { Operation } from '../../plan/operations.ts';
import {
  noCounts,
  type Counts,
  type Plan,
  type PlanTables,
  type Run,
  type Table,
  type Tensor,
} from '../../plan/plan.ts';
import { SlabLayout } from '../../plan/slab-layout.ts';
import { TwinExecutor } from '../../plan/twin/twin-executor.ts';
import { loadKernels } from '../kernels.ts';
import { WasmExecutor } from '../wasm-executor.ts';

const noTable: Table = { offset: 0, length: 0 };
const tables = Object.fromEntries(
  [
    'encoderIds',
    'decoderIds',
    'labels',
    'encoderSequences',
    'decoderSequences',
    'encoderTiles',
    'decoderTiles',
    'embeddingIds',
    'embeddingStarts',
    'embeddingRows',
    'encoderBuckets',
    'decoderBuckets',
    'rowSequences',
    'ancestry',
    'finished',
    'generated',
  ].map((name) => [name, noTable]),
) as unknown as PlanTables;

export const quietRun: Run = {
  counts: noCounts,
  accumulate: false,
  firstEncoderRow: 0,
  firstDecoderRow: 0,
  step: 3,
  seed: 11,
  dropout: 0,
  learningRate: 0,
  weightDecay: 0,
  maxGradNorm: 0,
  position: 0,
};

/** The smallest student there is: its slabs are of use to AdamW only. */
export const tinyLayout = new SlabLayout(
  parseT5Config(
    JSON.stringify({
      model_type: 't5',
      vocab_size: 37,
      d_model: 20,
      d_kv: 3,
      num_heads: 2,
      d_ff: 9,
      num_layers: 1,
      feed_forward_proj: 'gated-gelu',
      tie_word_embeddings: false,
    }),
    'config.json',
  ),
);

/** Gathers an operation's tensors and tables with what they hold. */
export class Bench {
  readonly #floats: Float64Array[] = [];
  readonly #integers: number[] = [];
  readonly #random: () => number;

  /** @param random Uniform in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Values around 0; or those given. Rounded to what a float holds. */
  tensor(shape: readonly number[], spread = 1, values?: readonly number[]): Tensor {
    const length = shape.reduce((product, size) => product * size, 1);
    const floats = Float64Array.from({ length }, (_, index) =>
      Math.fround(values?.[index] ?? spread * (2 * this.#random() - 1)),
    );
    const slot = this.#floats.push(floats) - 1;
    return { place: { kind: 'slot', slot }, offset: 0, shape };
  }

  table(values: ArrayLike<number>): Table {
    const offset = this.#integers.length;
    this.#integers.push(...Array.from(values));
    return { offset, length: values.length };
  }

  /**
   * @param tolerance Largest difference, as a share of the largest value that the twin has in the same tensor.
   */
  async check(
    operation: Operation,
    run: Partial<Omit<Run, 'counts'>> & { counts?: Partial<Counts> },
    tolerance: number,
  ) {
    const plan: Plan = {
      programs: new Map([['pass', [operation]]]),
      tables,
      slots: this.#floats.map(({ length }) => ({ length, persistent: true })),
      tablesLength: this.#integers.length,
      constants: [],
      capacities: { ...noCounts, ...run.counts },
      host: { rowWeights: null, results: null, encoderOutput: null, logits: null },
    };
    const counts = { ...noCounts, ...run.counts };
    const whole: Run = { ...quietRun, ...run, counts };
    const kernels = await loadKernels();
    const twin = new TwinExecutor(tinyLayout);
    const one = new WasmExecutor(tinyLayout, { kernels });
    const expected = await this.#run(twin, plan, whole);
    const found = await this.#run(one, plan, whole);
    expect(found.integers).toEqual(expected.integers);
    expected.floats.forEach((values, slot) => {
      const wrong = firstBeyond(found.floats[slot]!, values, tolerance);
      if (wrong !== null) expect.fail(`slot ${slot}, ${wrong}; ${JSON.stringify(operation)}`);
    });
    // Many threads have few rows or columns each, some of them none.
    for (const parts of [2, 5]) {
      const shared = await this.#run(new WasmExecutor(tinyLayout, { kernels, turns: parts }), plan, whole);
      expect(shared.floats.every((floats, slot) => haveSameBytes(floats, found.floats[slot]!))).toBe(true);
      expect(shared.integers).toEqual(found.integers);
    }
    one.dispose();
  }

  async #run(executor: TwinExecutor | WasmExecutor, plan: Plan, run: Run) {
    await executor.prepare(plan);
    executor.writeTable({ offset: 0, length: plan.tablesLength }, Int32Array.from(this.#integers));
    this.#floats.forEach((values, slot) => executor.writeTensor(slotTensor(slot), values));
    executor.run('pass', run);
    const floats = await Promise.all(
      this.#floats.map(({ length }, slot) => executor.readTensor(slotTensor(slot), length)),
    );
    return {
      floats,
      integers: await executor.readTable({ offset: 0, length: plan.tablesLength }, plan.tablesLength),
    };
  }
}

/** The first value that is further off than a share of the largest, in words. */
function firstBeyond(found: Floats, expected: Floats, tolerance: number): string | null {
  let largest = 1e-3;
  for (const value of expected) if (Math.abs(value) > largest) largest = Math.abs(value);
  const accepted = tolerance * largest;
  for (let index = 0; index < expected.length; index += 1) {
    const difference = Math.abs(found[index]! - expected[index]!);
    // What was NaN and was not to be touched is NaN still.
    if (difference <= accepted || (Number.isNaN(found[index]!) && Number.isNaN(expected[index]!))) continue;
    return `float ${index}: ${found[index]!} instead of ${expected[index]!}, off by ${difference}, accepted ${accepted}`;
  }
  return null;
}

function slotTensor(slot: number): Tensor {
  return { place: { kind: 'slot', slot }, offset: 0, shape: [] };
}
