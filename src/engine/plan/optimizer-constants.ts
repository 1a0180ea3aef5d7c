/** The constants of one step of AdamW and of Adafactor, computed by the host in double precision for every executor. */
import type { Run } from './plan.ts';

export interface AdamConstants {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Factor of the weights before the step. */
  decay: number;
  /** Learning rate with the first moment's bias correction. */
  stepSize: number;
  /** Square root of the second moment's bias correction. */
  rootCorrection: number;
}

/** @param decayed Whether weight decay applies to the range. */
export function adamConstants(
  { step, learningRate, weightDecay }: Pick<Run, 'step' | 'learningRate' | 'weightDecay'>,
  decayed: boolean,
): AdamConstants {
  const beta1 = 0.9;
  const beta2 = 0.999;
  return {
    beta1,
    beta2,
    epsilon: 1e-8,
    decay: decayed ? 1 - learningRate * weightDecay : 1,
    stepSize: learningRate / (1 - beta1 ** step),
    rootCorrection: Math.sqrt(1 - beta2 ** step),
  };
}

export interface AdafactorConstants {
  /** Share of the averages that stays, and of the new squares: 1 - t^-0.8 and t^-0.8. */
  keep: number;
  grow: number;
  learningRate: number;
  weightDecay: number;
}

export function adafactorConstants({
  step,
  learningRate,
  weightDecay,
}: Pick<Run, 'step' | 'learningRate' | 'weightDecay'>): AdafactorConstants {
  const grow = step ** -0.8;
  return { keep: 1 - grow, grow, learningRate, weightDecay };
}
