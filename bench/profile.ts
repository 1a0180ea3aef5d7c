/** Where a step's time goes, by kinds of operations. In Node: browsers tell no processor time. */
import { makeStudent, type Case } from '../src/bench/cases.ts';
import { layOutStep, only, openStep, stepRun, writeTables } from '../src/bench/work.ts';
import { costOf } from '../src/engine/plan/cost.ts';
import type { Operation } from '../src/engine/plan/operations.ts';
import type { Counts } from '../src/engine/plan/plan.ts';
import { writeStudent } from '../src/engine/plan/student-slabs.ts';
import type { Gpu } from '../src/engine/wgsl/gpu.ts';
import { WgslExecutor } from '../src/engine/wgsl/wgsl-executor.ts';

/** What one kind of operations takes in a step, run alone. */
export interface ProfileRow {
  kind: string;
  elapsedMs: number;
  flops: number;
}

function nameOf(operation: Operation): string {
  return operation.kind === 'matmul' ? `matmul ${operation.form} ${operation.epilogue.kind}` : operation.kind;
}

/** Time of each kind of operation in a step on the GPU, run alone, from the first command to a read of its results. */
export async function measureGpuProfile(one: Case, openGpu: () => Promise<Gpu>): Promise<ProfileRow[]> {
  const { layout, plan, packed } = layOutStep(one);
  const executor = new WgslExecutor(layout, await openGpu());
  writeStudent(executor, layout, makeStudent(one).weights);
  const run = stepRun(packed.counts);
  const operations = [...plan.programs.values()].flat();
  const found: ProfileRow[] = [];
  for (const kind of new Set(operations.map(nameOf))) {
    const alone = only(plan, (operation) => nameOf(operation) === kind);
    await executor.prepare(alone);
    writeTables({ plan: alone, executor, packed });
    let elapsedMs = Infinity;
    for (let repeat = 0; repeat < 4; repeat += 1) {
      const startedAt = performance.now();
      for (const program of plan.programs.keys()) executor.run(program, run);
      await executor.readTensor(plan.host.results!, 8);
      elapsedMs = Math.min(elapsedMs, performance.now() - startedAt);
    }
    found.push({ kind, elapsedMs, flops: flopsOf(operations, kind, packed.counts) });
    executor.release(alone);
  }
  executor.dispose();
  return found.sort((a, b) => b.elapsedMs - a.elapsedMs);
}

function flopsOf(operations: readonly Operation[], kind: string, counts: Counts): number {
  return operations
    .filter((one) => nameOf(one) === kind)
    .reduce((sum, one) => sum + costOf(one, counts).flops, 0);
}

/** Processor time of each kind of operation in a step, run alone on one thread: where a step's time goes. */
export async function measureProfile(one: Case): Promise<ProfileRow[]> {
  const step = await openStep(one);
  const { plan, run, executor, packed } = step;
  const { counts } = packed;
  const operations = [...plan.programs.values()].flat();
  const found: ProfileRow[] = [];
  for (const kind of new Set(operations.map(nameOf))) {
    const alone = only(plan, (operation) => nameOf(operation) === kind);
    await executor.prepare(alone);
    writeTables(step);
    let elapsedMs = Infinity;
    for (let repeat = 0; repeat < one.steps; repeat += 1) {
      const before = process.cpuUsage();
      for (const program of plan.programs.keys()) executor.run(program, run);
      const { user, system } = process.cpuUsage(before);
      elapsedMs = Math.min(elapsedMs, (user + system) / 1000);
    }
    found.push({ kind, elapsedMs, flops: flopsOf(operations, kind, counts) });
    executor.release(alone);
  }
  executor.dispose();
  return found.sort((a, b) => b.elapsedMs - a.elapsedMs);
}
