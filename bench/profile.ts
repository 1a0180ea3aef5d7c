/** Where a step's time goes. Node's: browsers tell no processor time. */
import type { Case } from '../src/bench/cases.ts';
import { only, openStep, writeTables } from '../src/bench/work.ts';
import { costOf } from '../src/engine/plan/cost.ts';
import type { Operation } from '../src/engine/plan/operations.ts';

/** Processor time of each kind of operation in a step, run alone on one thread: where a step's time goes. */
export async function measureProfile(one: Case): Promise<{ kind: string; cpuMs: number; flops: number }[]> {
  const step = await openStep(one);
  const { plan, run, executor, packed } = step;
  const { counts } = packed;
  const name = (operation: Operation) =>
    operation.kind === 'matmul' ? `matmul ${operation.form} ${operation.epilogue.kind}` : operation.kind;
  const operations = [...plan.programs.values()].flat();
  const found: { kind: string; cpuMs: number; flops: number }[] = [];
  for (const kind of new Set(operations.map(name))) {
    const alone = only(plan, (operation) => name(operation) === kind);
    await executor.prepare(alone);
    writeTables(step);
    let cpuMs = Infinity;
    for (let repeat = 0; repeat < one.steps; repeat += 1) {
      const before = process.cpuUsage();
      for (const program of plan.programs.keys()) executor.run(program, run);
      const { user, system } = process.cpuUsage(before);
      cpuMs = Math.min(cpuMs, (user + system) / 1000);
    }
    const flops = operations
      .filter((one) => name(one) === kind)
      .reduce((sum, one) => sum + costOf(one, counts).flops, 0);
    found.push({ kind, cpuMs, flops });
    executor.release(alone);
  }
  executor.dispose();
  return found.sort((a, b) => b.cpuMs - a.cpuMs);
}
