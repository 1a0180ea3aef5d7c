/**
 * Finds the first operation of a plan that two executors do not agree on. Each operation is its own program in a
 * copy of the plan whose slots keep their content, so that both can be looked at after every one of them.
 */
import type { Executor, Floats } from '../executor.ts';
import type { Operation } from '../operations.ts';
import { operandsOf } from '../operands.ts';
import { lengthOf, type Plan, type ProgramName, type Run } from '../plan.ts';

export interface Difference {
  program: ProgramName;
  /** Number of the operation in its program. */
  index: number;
  operation: Operation;
  /** Largest difference, as a share of the largest value. */
  share: number;
}

/** One operation of the plan, and the name of the program that is only it. */
export interface SingleStep {
  name: ProgramName;
  program: ProgramName;
  index: number;
  operation: Operation;
}

/** The same plan with a program for each operation, in order. */
export function splitPrograms(plan: Plan): { plan: Plan; steps: SingleStep[] } {
  const programs = new Map<ProgramName, readonly Operation[]>();
  const steps: SingleStep[] = [];
  for (const [program, operations] of plan.programs) {
    operations.forEach((operation, index) => {
      // Executors look programs up by name and know none of them.
      const name = `${program} ${index}` as ProgramName;
      programs.set(name, [operation]);
      steps.push({ name, program, index, operation });
    });
  }
  const slots = plan.slots.map(({ length }) => ({ length, persistent: true }));
  return { plan: { ...plan, programs, slots }, steps };
}

/**
 * Runs a split plan on both; the plan must be prepared and its tables written on both.
 * @param tolerance Largest difference accepted, as a share of the largest value of the tensor.
 * @returns Null where all agree.
 */
export async function firstDifference(
  steps: readonly SingleStep[],
  executors: readonly [Executor, Executor],
  run: Run,
  tolerance: number,
): Promise<Difference | null> {
  for (const { name, program, index, operation } of steps) {
    for (const executor of executors) executor.run(name, run);
    for (const tensor of operandsOf(operation).writes) {
      const length = lengthOf(tensor);
      const [one, other] = await Promise.all(
        executors.map((executor) => executor.readTensor(tensor, length)),
      );
      const share = differenceOf(one!, other!);
      if (!(share <= tolerance)) return { program, index, operation, share };
    }
  }
  return null;
}

/** What is NaN on both sides, or was never written on either, does not count. */
function differenceOf(one: Floats, other: Floats): number {
  let [largest, difference] = [1e-3, 0];
  one.forEach((value, index) => {
    const twin = other[index]!;
    if (Number.isNaN(value) && Number.isNaN(twin)) return;
    largest = Math.max(largest, Math.abs(value));
    const off = Math.abs(value - twin);
    if (!(off <= difference)) difference = off;
  });
  return difference / largest;
}
