/** The constants of one Adafactor step, computed by the host in double precision for every executor. */
import type { Run } from './plan.ts';

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
