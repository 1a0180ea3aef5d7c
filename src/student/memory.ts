/** The step that a student is trained with, as far as work and memory depend on it. */
export interface TrainingShape {
  /** Rows of one micro-batch. */
  batchSize: number;
  /** Tokens of the longest input and the longest target after truncation. */
  inputTokens: number;
  targetTokens: number;
  method: TrainingMethod;
}

/** Step-by-step takes an answer and a rationale pass through each row, all others one. */
export type TrainingMethod = 'step-by-step' | 'standard' | 'rationale-then-label' | 'label-then-rationale';
