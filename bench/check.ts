/**
 * Before it is timed, each contender must compute what the compiled engine on WebAssembly computes: an engine that
 * trains something else has no time worth knowing.
 */
import { makeUpdate } from '../src/bench/cases.ts';
import type { EngineState, MicroBatch, StepResult, Update } from '../src/engine/engine.ts';
import type { Weights } from '../src/student/config.ts';
import type { Contender } from './contender.ts';

export const checkedSteps = 2;

/**
 * What may differ, relative: the sums' order, and exponentials and tanh that WGSL allows to be a few ulp off. A wrong
 * rule of AdamW (decay of the norms, epsilon inside of the root) or a mean of means is off by 1 % or more.
 */
export const tolerance = {
  /** Losses of each step, to the larger of the loss and 1. */
  loss: 1e-4,
  /** Global norm of each step's gradient. */
  gradNorm: 1e-4,
  /** Each weight's gradient after the first step, by its first moment: ‖difference‖ / ‖gradient‖. */
  gradient: 1e-3,
  /**
   * What each weight has moved by in all steps: ‖difference‖ / ‖movement‖. AdamW divides a gradient by its own size,
   * so that where it is nothing but rounding the movement's sign is chance.
   */
  movement: 1e-2,
} as const;

export type Differences = { -readonly [Quantity in keyof typeof tolerance]: number };

/** What the checked steps gave. */
export interface CheckedRun {
  results: StepResult[];
  /** First moments after the first step: the clipped gradient · 0.1. */
  firstMoments: Weights;
  /** After the last of the steps. */
  weights: Weights;
}

/** Learning rate and decay are large enough for the rules of the update to show in the weights. */
export function checkUpdate(step: number): Update {
  return { ...makeUpdate(step), learningRate: 1e-3, weightDecay: 0.5 };
}

export async function runChecked(
  contender: Pick<Contender, 'step' | 'read'>,
  batch: MicroBatch,
): Promise<CheckedRun> {
  const results = [await contender.step(batch, checkUpdate(1))];
  const { expAvg: firstMoments } = await contender.read();
  for (let step = 2; step <= checkedSteps; step += 1) {
    results.push(await contender.step(batch, checkUpdate(step)));
  }
  const { weights }: EngineState = await contender.read();
  return { results, firstMoments, weights };
}

/** The largest difference of each kind. @param origin The weights before the first step. */
export function compareRuns(actual: CheckedRun, expected: CheckedRun, origin: Weights): Differences {
  const found: Differences = { loss: 0, gradNorm: 0, gradient: 0, movement: 0 };
  const note = (quantity: keyof Differences, difference: number) => {
    // A NaN must not vanish in a maximum.
    if (!(difference <= found[quantity])) found[quantity] = Number.isNaN(difference) ? Infinity : difference;
  };
  expected.results.forEach((result, index) => {
    const other = actual.results[index]!;
    for (const key of ['answerLoss', 'rationaleLoss', 'loss'] as const) {
      const [mine, theirs] = [other[key] ?? 0, result[key] ?? 0];
      note('loss', Math.abs(mine - theirs) / Math.max(1, Math.abs(theirs)));
    }
    note('gradNorm', Math.abs(other.gradNorm / result.gradNorm - 1));
  });
  for (const [name, values] of expected.firstMoments) {
    note('gradient', relativeDistance(actual.firstMoments.get(name), values, null));
  }
  for (const [name, values] of expected.weights) {
    note('movement', relativeDistance(actual.weights.get(name), values, origin.get(name)!));
  }
  return found;
}

/** The quantities that differ by more than they may, in words; null where none does. */
export function refusal(differences: Differences): string | null {
  const over = (Object.keys(tolerance) as (keyof Differences)[])
    .filter((quantity) => !(differences[quantity] <= tolerance[quantity]))
    .map((quantity) => `${quantity} by ${differences[quantity].toExponential(1)} (${tolerance[quantity]})`);
  return over.length === 0 ? null : `differs from the wasm engine: ${over.join(', ')}`;
}

/** ‖actual - expected‖ / ‖expected - origin‖, no origin being zero. */
function relativeDistance(
  actual: Float32Array | undefined,
  expected: Float32Array,
  origin: Float32Array | null,
): number {
  if (actual?.length !== expected.length) return Infinity;
  let distance = 0;
  let size = 0;
  for (let index = 0; index < expected.length; index += 1) {
    distance += (actual[index]! - expected[index]!) ** 2;
    size += (expected[index]! - (origin?.[index] ?? 0)) ** 2;
  }
  return distance === 0 ? 0 : Math.sqrt(distance / size);
}
