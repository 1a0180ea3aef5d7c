/** The states of a run: one union for the worker, the store, the terminal and every screen. */
import type { MetricId } from '../data/metrics/metrics.ts';
import type { ErrorReport } from '../base/errors.ts';

/** What a student is being asked for while it is evaluated. */
export type EvaluationPurpose = 'accuracy' | 'validation' | 'watched' | 'distilled' | 'rationales' | 'base';

/** True for what is asked when training is over (or paused), false for what is asked on its way. */
export function isComparing(purpose: EvaluationPurpose): boolean {
  switch (purpose) {
    case 'accuracy':
    case 'validation':
    case 'watched':
      return false;
    case 'distilled':
    case 'rationales':
    case 'base':
      return true;
    default:
      return purpose satisfies never;
  }
}

export type RunState =
  | { phase: 'idle' }
  /** `inBytes`: what `done` and `total` count. */
  | { phase: 'preparing'; what: string; done: number; total: number; inBytes?: true | undefined }
  /** The first step of a shape is being made ready: kernels `done` of `total`, where the engine counts them. */
  | { phase: 'compiling'; done?: number; total?: number }
  | { phase: 'training'; step: number; steps: number }
  | { phase: 'evaluating'; purpose: EvaluationPurpose; step: number; done: number; total: number }
  | { phase: 'pausing'; step: number }
  /** `problem`: it paused by itself, since something could not be stored; resuming tries again. */
  | { phase: 'paused'; step: number; problem?: ErrorReport }
  /** What was computing failed; the run goes back to its checkpoint and on. `step` is where it was. */
  | { phase: 'recovering'; step: number; reason: string }
  /**
   * `stopped`: before the last step, by a person who kept what there was. `early`: before it, since the measurements had
   * stopped to get better (the recipe's patience). `problem`: what went wrong after training.
   */
  | { phase: 'done'; step: number; stopped: boolean; early?: true | undefined; problem?: ErrorReport }
  | { phase: 'failed'; step: number; error: ErrorReport };

/** True while a worker is at work on the run (or holds it, paused). */
export function isActive(state: RunState): boolean {
  switch (state.phase) {
    case 'idle':
    case 'done':
    case 'failed':
      return false;
    case 'preparing':
    case 'compiling':
    case 'training':
    case 'evaluating':
    case 'pausing':
    case 'paused':
    case 'recovering':
      return true;
    default:
      return state satisfies never;
  }
}

/** One optimiser step, as `metrics.jsonl`, the CSV and the curves have it. */
export interface MetricsPoint {
  /** From 1. */
  step: number;
  learningRate: number;
  answerLoss: number;
  /** Null where the step had no rationale rows. */
  rationaleLoss: number | null;
  loss: number;
  /** Global L2 norm before clipping. */
  gradNorm: number;
  /** Input and target tokens read, both tasks. */
  tokens: number;
  /** Time spent in steps so far, pauses and evaluations left out. */
  elapsedMs: number;
}

/** What was measured at a step: accuracy on the validation rows, and the losses; without such rows test accuracy alone. */
export interface Evaluation {
  step: number;
  correct: number;
  total: number;
  /** Missing: the test rows. */
  split?: 'validation' | undefined;
  /** Mean token losses on the validation rows, without dropout. */
  answerLoss?: number | undefined;
  /** Null where no validation row has a rationale, or the method no task for it. */
  rationaleLoss?: number | null | undefined;
  /** Of both, weighted as in training. */
  loss?: number | undefined;
}

/** One test row, answered by everybody. */
export interface Prediction {
  row: number;
  input: string;
  label: string;
  /** The label as the student can write it (`writtenLabel`), by which its answers are judged; only where it differs. */
  writtenLabel?: string | undefined;
  /** What its answers are judged by, where that is not equality. */
  judgedBy?: MetricId;
  teacher: string | null;
  base: string;
  distilled: string;
  /** The student's own rationale; null for the standard method, which does not teach any. */
  rationale: string | null;
  /** What the teacher wrote. */
  teacherRationale: string | null;
}
