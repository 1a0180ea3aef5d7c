/**
 * Relaxed SIMD against plain SIMD on one thread: what the choice between the two measures, and whole steps in turns.
 * Node 20 has relaxed SIMD behind a flag, which is set here.
 */
import { setFlagsFromString } from 'node:v8';
import { makeBatch, makeStudent, makeUpdate, type Case } from '../src/bench/cases.ts';
import { PlanEngine } from '../src/engine/plan/plan-engine.ts';
import { judgeRelaxed, measureGain, type RelaxedVerdict } from '../src/engine/wasm/kernel-trial.ts';
import { loadKernels, type Kernels } from '../src/engine/wasm/kernels.ts';
import { hasRelaxedSimd, loadRelaxedKernels } from '../src/engine/wasm/relaxed-kernels.ts';
import { WasmExecutor } from '../src/engine/wasm/wasm-executor.ts';

const repeats = 3;

export interface KernelComparison {
  verdict: RelaxedVerdict;
  /** Of the products, repeat by repeat, as the choice has it: times as fast, or null where that was not believed. */
  products: (number | null)[];
  /** Of whole steps, repeat by repeat: times as fast, by processor time of the fastest quarter of each. */
  steps: { model: Case['model']; gains: number[] }[];
}

/** @returns Null where this runtime has no relaxed SIMD. */
export async function compareKernels(chosen: readonly Case[]): Promise<KernelComparison | null> {
  if (!hasRelaxedSimd()) setFlagsFromString('--experimental-wasm-relaxed-simd');
  if (!hasRelaxedSimd()) return null;
  const [plain, relaxed] = [await loadKernels(), await loadRelaxedKernels()];
  const products: (number | null)[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) products.push(await measureGain(plain, relaxed));
  const steps: KernelComparison['steps'] = [];
  for (const one of chosen) {
    const both = [openOn(one, plain), openOn(one, relaxed)] as const;
    const gains: number[] = [];
    // The first repeat warms both up.
    for (let repeat = 0; repeat <= repeats; repeat += 1) {
      const gain = await stepsInTurns(one, both);
      if (repeat > 0) gains.push(gain);
    }
    steps.push({ model: one.model, gains });
    for (const engine of both) engine.dispose();
  }
  return { verdict: judgeRelaxed(plain, relaxed), products, steps };
}

function openOn(one: Case, kernels: Kernels): PlanEngine {
  return new PlanEngine(makeStudent(one), {
    createExecutor: (layout) => new WasmExecutor(layout, { kernels }),
    reason: 'Measured.',
  });
}

/** Steps on one and the other, by processor time; each comes first in every other round. */
async function stepsInTurns(one: Case, both: readonly [PlanEngine, PlanEngine]): Promise<number> {
  const batch = [makeBatch(one)];
  const elapsed: [number[], number[]] = [[], []];
  for (let round = 0; round < one.steps; round += 1) {
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const before = process.cpuUsage();
      await both[which].step(batch, makeUpdate(round + 1));
      const { user, system } = process.cpuUsage(before);
      elapsed[which].push(user + system);
    }
  }
  const [plainTime, relaxedTime] = elapsed.map((times) => times.sort((a, b) => a - b)[times.length >> 2]!);
  return plainTime! / relaxedTime!;
}

/** As lines of text. */
export function kernelLines({ verdict, products, steps }: KernelComparison): string[] {
  const words = (gains: readonly (number | null)[]): string =>
    gains.map((gain) => (gain === null ? 'too busy to tell' : gain.toFixed(3))).join(', ');
  return [
    `Relaxed SIMD is ${verdict} here. Times as fast as plain SIMD, one thread, ${repeats} repeats:`,
    `products   ${words(products)}`,
    ...steps.map(({ model, gains }) => `${`${model} step`.padEnd(11)}${words(gains)}`),
  ];
}
