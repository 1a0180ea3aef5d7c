/** How much there is to compute in a step, and how fast the plan's own matrix products can be computed alone. */
import { bucketOf, packPass, roundBucket, stepRows, type PackedPass } from '../engine/plan/passes.ts';
import { flopsOfAll } from '../engine/plan/cost.ts';
import type { Executor } from '../engine/plan/executor.ts';
import type { Operation } from '../engine/plan/operations.ts';
import { quietRun, type Plan, type Run } from '../engine/plan/plan.ts';
import { SlabLayout } from '../engine/plan/slab-layout.ts';
import { writeStudent } from '../engine/plan/student-slabs.ts';
import { planStep } from '../engine/plan/training.ts';
import { loadKernels } from '../engine/wasm/kernels.ts';
import { WasmExecutor } from '../engine/wasm/wasm-executor.ts';
import { makeBatch, makeStudent, type Case } from './cases.ts';
import { timeMs, type Timing } from './timing.ts';

/** A step's plan, ready to be run in parts. */
export interface Step {
  plan: Plan;
  run: Run;
  executor: WasmExecutor;
  packed: PackedPass;
}

export interface Work {
  /** Floating-point operations of a step, all of them and the matrix products' alone. */
  flops: number;
  matmulFlops: number;
  /** A step's matrix products, run alone. */
  matmuls: Timing;
}

/** A step's plan and its rows, without anything to run it on. */
export function layOutStep(one: Case): Pick<Step, 'plan' | 'packed'> & { layout: SlabLayout } {
  const { config } = one;
  const layout = new SlabLayout(config);
  const [pass] = stepRows(config, [makeBatch(one)], 0.5).passes;
  const plan = planStep(layout, roundBucket(bucketOf(pass!.pairs)), false);
  return { layout, plan, packed: packPass(config, pass!) };
}

/** A step that changes nothing. */
export function stepRun(counts: Run['counts']): Run {
  return {
    ...quietRun,
    counts,
    // A run's step clips.
    maxGradNorm: 1,
  };
}

export async function openStep(one: Case): Promise<Step> {
  const { layout, plan, packed } = layOutStep(one);
  const run = stepRun(packed.counts);
  const executor = new WasmExecutor(layout, { kernels: await loadKernels() });
  writeStudent(executor, layout, makeStudent(one).weights);
  return { plan, run, executor, packed };
}

/** As PlanEngine does before a pass. */
export function writeTables({
  plan,
  executor,
  packed,
}: Pick<Step, 'plan' | 'packed'> & { executor: Executor }): void {
  const { tables, host } = plan;
  const { encoder, decoder, labels, embedding } = packed;
  executor.writeTable(tables.encoderIds, encoder.ids);
  executor.writeTable(tables.decoderIds, decoder.ids);
  executor.writeTable(tables.labels, labels);
  executor.writeTable(tables.encoderSequences, encoder.sequences);
  executor.writeTable(tables.decoderSequences, decoder.sequences);
  executor.writeTable(tables.encoderTiles, encoder.tiles);
  executor.writeTable(tables.decoderTiles, decoder.tiles);
  executor.writeTable(tables.embeddingIds, embedding.ids);
  executor.writeTable(tables.embeddingStarts, embedding.starts);
  executor.writeTable(tables.embeddingRows, embedding.rows);
  executor.writeTensor(host.rowWeights!, packed.rowWeights);
}

/** The plan with some of its operations left out. */
export function only(plan: Plan, keep: (operation: Operation) => boolean): Plan {
  const programs = new Map([...plan.programs].map(([name, operations]) => [name, operations.filter(keep)]));
  return { ...plan, programs };
}

/** Floating-point operations of a step: all of them, and the matrix products' alone. */
export function countFlops({
  plan,
  packed,
}: Pick<Step, 'plan' | 'packed'>): Pick<Work, 'flops' | 'matmulFlops'> {
  const operations = [...plan.programs.values()].flat();
  const products = operations.filter(({ kind }) => kind === 'matmul');
  return { flops: flopsOfAll(operations, packed.counts), matmulFlops: flopsOfAll(products, packed.counts) };
}

/** The roof: one thread. Values are zeros: on these processors products take the same time whatever they are. */
export async function measureWork(one: Case, signal?: AbortSignal): Promise<Work> {
  const { plan, run, executor, packed } = await openStep(one);
  const alone = only(plan, ({ kind }) => kind === 'matmul');
  await executor.prepare(alone);
  try {
    const timing = await timeMs(one.steps, () => executor.run('pass', run), signal);
    return { ...countFlops({ plan, packed }), matmuls: timing };
  } finally {
    executor.dispose();
  }
}
