/**
 * What a plan is: programs (static lists of operations), the memory that they use, and the few numbers that differ
 * from run to run. A plan is made once per student and bucket of capacities; every executor (f64 twin, WebAssembly,
 * WGSL) runs the same lists. Rows are packed, never padded: an operation over tokens sees the sum of lengths.
 */
import type { Operation } from './operations.ts';
import type { Counts, Table, Tensor } from './tensors.ts';

export * from './tensors.ts';

/** Query rows in a tile: the unit in which attention's bias gradient is summed. */
export const tileRows = 16;

/**
 * The Int32 tables. The host writes them before a run (only `constant` ones once, when the plan is loaded);
 * operations that write one say so. Tables that a plan does not use have length 0.
 */
export interface PlanTables {
  /** [encoderRows] token ids, sequence after sequence. */
  encoderIds: Table;
  /** [decoderRows] decoder input ids (targets shifted right); when generating [generationRows] the next input ids. */
  decoderIds: Table;
  /** [decoderRows] the id to predict, or -1 where the row counts for nothing. */
  labels: Table;
  /** [encoderSequences][3]: first packed row, length, first tile. A sequence may not be empty. */
  encoderSequences: Table;
  /** [decoderSequences][3] likewise. Decoder sequence i attends to encoder sequence i. */
  decoderSequences: Table;
  /** [encoderTiles][2]: sequence, first query in it (0, 16, 32 …). In order of sequences, each with ceil(length / 16). */
  encoderTiles: Table;
  /** [decoderTiles][2] likewise. */
  decoderTiles: Table;
  /** [distinctIds] ids that occur in encoderIds or decoderIds, ascending. */
  embeddingIds: Table;
  /** [distinctIds + 1] where each id's positions begin in embeddingRows. */
  embeddingStarts: Table;
  /** [encoderRows + decoderRows] positions, ascending per id: row r < encoderRows is encoder row r, else decoder row r - encoderRows. */
  embeddingRows: Table;
  /** Constant. [2 · maxEncoderLength - 1]: bucket of distance key - query, at index key - query + maxEncoderLength - 1; bidirectional. */
  encoderBuckets: Table;
  /** Constant. [2 · maxDecoderLength - 1] likewise, causal: distances above 0 are never read. */
  decoderBuckets: Table;
  /** [generationRows] the encoder sequence that each generated row continues. */
  rowSequences: Table;
  /** [generationRows][maxDecoderLength]: the cache row that holds position p of row r; read for p < position only. */
  ancestry: Table;
  /** [generationRows] 1 once the row has produced the end token, else 0. Written by argMax. */
  finished: Table;
  /** [maxDecoderLength][capacity of generationRows] ids produced, by position. Written by argMax. */
  generated: Table;
}

/** What a run is told besides tables: everything that changes from step to step without changing the plan. */
export interface Run {
  counts: Counts;
  /** False on the first micro-batch of a step (gradients and sums are overwritten), true on later ones (added to). */
  accumulate: boolean;
  /** Rows of this step's earlier passes (see ../dropout.ts): added to a row's number in the dropout counters. */
  firstEncoderRow: number;
  firstDecoderRow: number;
  /** Optimiser step, from 1. */
  step: number;
  seed: number;
  /** In [0, 1). Plans made without dropout ignore it. */
  dropout: number;
  learningRate: number;
  weightDecay: number;
  /** 0 for none. */
  maxGradNorm: number;
  /** Generation: position of the token that is read in this decoder step, from 0. */
  position: number;
}

/** The rest of a run that trains nothing: an evaluation, or a step of generation. */
export const quietRun: Omit<Run, 'counts'> = {
  accumulate: false,
  firstEncoderRow: 0,
  firstDecoderRow: 0,
  step: 1,
  seed: 0,
  dropout: 0,
  learningRate: 0,
  weightDecay: 0,
  maxGradNorm: 0,
  position: 0,
};

/** A buffer of activations. `persistent` ones keep their content between programs and runs (results, caches). */
export interface Slot {
  /** In floats. */
  length: number;
  persistent: boolean;
}

/** Lists of operations of one plan that share its slots. Run in order; each list from first to last. */
export type ProgramName =
  /** Forward and backward of one micro-batch: gradients and loss sums are written or added to. */
  | 'pass'
  /** Norm, clip factor and AdamW; once per step after all passes. */
  | 'update'
  /** Forward and losses only. */
  | 'evaluate'
  /** Generation: the encoder, and keys and values for cross-attention. */
  | 'encode'
  /** Generation: one decoder step, ending in arg-max (greedy) or in logits (beam search, which the host decides). */
  | 'decode';

export interface Plan {
  programs: ReadonlyMap<ProgramName, readonly Operation[]>;
  slots: readonly Slot[];
  tables: PlanTables;
  /** Length of the Int32 array that holds all tables. */
  tablesLength: number;
  /** What the constant tables hold. */
  constants: readonly { table: Table; values: Int32Array }[];
  capacities: Counts;
  /** Slots that the host writes or reads by name. */
  host: HostTensors;
}

/** Tensors that the host writes before a run or reads after it. */
export interface HostTensors {
  /** [decoderRows], written by the host: the factor of each row's loss in the gradient (alpha / tokens, …). */
  rowWeights: Tensor | null;
  /** [8], see `results` in operations.ts. */
  results: Tensor | null;
  /** [encoderRows, d_model] the encoder's output, for tests and probes. */
  encoderOutput: Tensor | null;
  /** [decoderRows, vocab_size] in `evaluate` plans, [generationRows, vocab_size] in plans of a beam search. */
  logits: Tensor | null;
}
