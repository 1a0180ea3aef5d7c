/**
 * Every operation that a plan may contain, and exactly what it means. The f64 twin (twin/) is this text in code;
 * another executor may sum in another order than the twin, but in one that depends on shapes and counts only: never on
 * the number of threads, on timing, or on what unused memory holds. Nothing outside what is listed as written may
 * change, and rows beyond the run's counts are neither read nor written (they may hold NaN).
 *
 * Letters: D d_model, H heads, S head size (d_kv), I = H·S, F d_ff, V vocabulary. R is a count of rows at run time.
 * `drop(v)` is dropout of a value at (row, column) of a site: v·1/(1-rate) where the counter's bit (../dropout.ts) says
 * keep, else 0; where `dropout` is null, or the run's rate is 0, it is v.
 */
import type { Columns, CountName, Extent, Table, Tensor } from './tensors.ts';

/** `never` overwrites; `always` adds to what is there; `laterPasses` adds if `run.accumulate`, else overwrites. */
export type Accumulate = 'never' | 'always' | 'laterPasses';

/**
 * A place in the student where values are dropped: `dropoutSite()` of ../dropout.ts. The counter's row is the row in
 * this pass + `run.firstEncoderRow` or `run.firstDecoderRow`, by `stack`. Plans made without dropout have null.
 */
export interface Dropout {
  site: number;
  stack: 'encoder' | 'decoder';
}

/**
 * output[r, :] = drop(weight[ids[r], :]) for r < rows.
 * Reads ids, weight [V, D]; writes output [R, D]. Dropout at (r, column).
 */
export interface Embed {
  kind: 'embed';
  rows: CountName;
  ids: Table;
  weight: Tensor;
  output: Tensor;
  dropout: Dropout | null;
}

/**
 * T5's layer norm: inverse[r] = 1 / sqrt(mean(x[r, :]²) + epsilon); y[r, c] = drop(weight[c] · (x[r, c] · inverse[r])).
 * Reads x [R, D], weight [D]; writes y [R, D], inverse [R]. No mean is subtracted; columns are summed in order.
 */
export interface RmsNorm {
  kind: 'rmsNorm';
  rows: CountName;
  x: Tensor;
  weight: Tensor;
  y: Tensor;
  inverse: Tensor;
  epsilon: number;
  dropout: Dropout | null;
}

/**
 * Adjoint of rmsNorm, per row r, with u = dropped dy (dropout here is the forward's: u[r, c] = drop(dy[r, c])),
 * i = inverse[r]:
 *   dot = Σ_c weight[c]·u[r, c]·x[r, c]
 *   v[c] = i·(weight[c]·u[r, c] - x[r, c]·i²·dot / D)
 *   dx[r, c] = v[c], or dx[r, c] + v[c] where `accumulate` is `always` (the residual stream's gradient)
 *   next.output[r, c] = drop_next(new dx[r, c]), where `next` is given: what the sublayer below gets as its gradient.
 * Weight gradient: rows are cut into `partials.shape[0]` = P runs of ceil(R / P) consecutive rows (the last ones may be
 * short or empty); partials[p, c] = Σ_{r in run p, ascending} u[r, c]·x[r, c]·i, 0 for an empty run. Always overwritten.
 * Reads dy, x [R, D], inverse [R], weight [D], dx if accumulating; writes dx [R, D], partials [P, D], next.output.
 */
export interface RmsNormBackward {
  kind: 'rmsNormBackward';
  rows: CountName;
  dy: Tensor;
  x: Tensor;
  inverse: Tensor;
  weight: Tensor;
  dx: Tensor;
  accumulate: Exclude<Accumulate, 'laterPasses'>;
  partials: Tensor;
  dropout: Dropout | null;
  next: { output: Tensor; dropout: Dropout } | null;
}

/**
 * output[g, c] = Σ_{p ascending} partials[g, p, c] for g < G, c < C. Fixed sizes: no counts.
 * Reads partials [G, P, C]; writes (or adds to) output [G, C].
 */
export interface SumPartials {
  kind: 'sumPartials';
  partials: Tensor;
  output: Tensor;
  accumulate: Accumulate;
}

/**
 * v = scale · product, where the product of row-major matrices is, by `form`,
 *   nt: A [M, K] · B [N, K]ᵀ (forward: B is a Linear weight [out, in])
 *   nn: A [M, K] · B [K, N]  (gradient of the input)
 *   tn: A [K, M]ᵀ · B [K, N] (gradient of the weight; K is a count of rows)
 * Each element is one sum over k ascending, taken before scale and epilogue. Then, by epilogue, c is written.
 * `accumulate`: c = c + v with epilogue `none`. With others only `never` and `always` occur, and `always` means that the
 * product is added to what lies where the epilogue keeps values of v's size, before anything else is done with it: to c
 * (relu, reluBackward), to `hidden` (gated), to `activation` (gatedBackward). Never with `residual`.
 * Operands are contiguous: the row stride of A, B and C is their own number of columns. Where `strides` is given they
 * are columns of wider matrices, with these row strides in floats (their offsets say from which column on); with
 * epilogue `none` only.
 * A count of 0 rows for K makes v = 0.
 */
export interface Matmul {
  kind: 'matmul';
  form: 'nt' | 'nn' | 'tn';
  m: Extent;
  n: Extent;
  k: Extent;
  a: Tensor;
  b: Tensor;
  c: Tensor;
  scale: number;
  accumulate: Accumulate;
  epilogue: Epilogue;
  strides?: MatmulStrides;
}

export interface MatmulStrides {
  a: number;
  b: number;
  c: number;
}

/** Row strides of a product's operands, in floats. */
export function stridesOf(
  { form, strides }: Pick<Matmul, 'form' | 'strides'>,
  sizes: { m: number; n: number; k: number },
): MatmulStrides {
  return (
    strides ?? { a: form === 'tn' ? sizes.m : sizes.k, b: form === 'nt' ? sizes.k : sizes.n, c: sizes.n }
  );
}

/**
 * Dropout with its own rate, of adapters: value = input[r, c]·1/(1-rate) where the counter's bit (of the run's
 * seed and step, whatever its rate) says keep, else 0; output[r, c] = value, or output[r, c] + value where `accumulate`
 * is `always`. Reads input [R, C]; writes output [R, C]. The output may be the input where nothing is added.
 */
export interface Drop {
  kind: 'drop';
  rows: CountName;
  /** In (0, 1). */
  rate: number;
  dropout: Dropout;
  input: Tensor;
  output: Tensor;
  accumulate: Exclude<Accumulate, 'laterPasses'>;
}

/**
 * What the first half of a gated feed-forward layer passes through.
 * - `gelu` (T5 v1.1, in its tanh form): g(x) = 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)));
 *   g′(x) = 0.5·(1 + t) + 0.5·x·(1 - t²)·√(2/π)·(1 + 3·0.044715·x²), t = tanh(√(2/π)·(x + 0.044715·x³)).
 * - `silu` (UL2): g(x) = x·s, g′(x) = s + x·s·(1 - s), s = 1 / (1 + exp(-x)).
 *
 * Both are x / (1 + exp(-r·(x + a·x³))): r = 2·√(2/π) and a = 0.044715, or r = 1 and a = 0.
 */
export type Gate = 'gelu' | 'silu';

export type Epilogue =
  /** c [M, N] = v. */
  | { kind: 'none' }
  /** c [M, N] = residual [M, N] + drop(v), dropout at (row, column) of v. c and residual are different tensors. */
  | { kind: 'residual'; residual: Tensor; dropout: Dropout | null }
  /** c [M, N] = drop(max(v, 0)). */
  | { kind: 'relu'; dropout: Dropout | null }
  /**
   * N = 2F; B is wi_0 [F, K] followed by wi_1 [F, K]. hidden [M, 2F] = v;
   * c [M, F] = drop(g(v[:, :F]) · v[:, F:]), g by `gate`, dropout at (row, column of c).
   */
  | { kind: 'gated'; gate: Gate; hidden: Tensor; dropout: Dropout | null }
  /**
   * Adjoint of relu and its dropout: c [M, N] = activation[i] > 0 ? v · keepScale : 0, where activation [M, N] is what
   * `relu` wrote (after dropout), and keepScale is 1 / (1 - run.dropout) if `dropout`, else 1.
   */
  | { kind: 'reluBackward'; activation: Tensor; dropout: Dropout | null }
  /**
   * Adjoint of `gated`, in place: N = F; c [M, 2F] is `hidden` of the forward pass. With u = drop(v) (the same bits),
   * h0 = c[m, n], h1 = c[m, F + n] as they were:
   * c[m, n] = u·h1·g′(h0), c[m, F + n] = u·g(h0).
   * `activation` [M, F] is written as well: activation[m, n] = drop(g(h0)·h1), what the forward's c held. The plan
   * does not keep that one, and needs it for the gradient of wo.
   */
  | { kind: 'gatedBackward'; gate: Gate; activation: Tensor; dropout: Dropout | null };

/** Which queries meet which keys: sequence i of `queries` attends to sequence i of `keys`. */
export interface AttentionShape {
  heads: number;
  headSize: number;
  /** `causal`: query i of a sequence sees keys 0 … i of the same sequence. Only where queries and keys are the same. */
  causal: boolean;
  /** Count of sequences. */
  sequences: CountName;
  /** Count of query rows. */
  rows: CountName;
  /** Count of query tiles. */
  tileCount: CountName;
  /** [.][3] first row, length, first tile; of the queries. */
  querySequences: Table;
  /** [.][3] likewise of the keys; the same table in self-attention. */
  keySequences: Table;
  /** [.][2] sequence, first query in it; of the queries. */
  tiles: Table;
}

/** Bias by distance: bias[buckets[j - i + maxLength - 1], h] for query i, key j. maxLength = (buckets.length + 1) / 2. */
export interface RelativeBias {
  buckets: Table;
  /** [number of buckets, H]. */
  weight: Tensor;
}

/**
 * For sequence s, head h, query i, keys j (all keys of s, or j ≤ i if causal):
 *   score[j] = Σ_d q[i, h·S + d]·k[j, h·S + d] (+ bias); no 1/√S
 *   p[j] = exp(score[j] - max) / Σ exp(score - max)
 *   context[row of i, h·S + d] = Σ_j drop(p[j])·v[j, h·S + d], j ascending.
 * Saves p (before dropout): probabilities [H, capacity of rows, T], at ((h·capacity + row of i)·T + j), where
 * capacity = probabilities.shape[1] and T = probabilities.shape[2]. Keys beyond a sequence, or beyond i if causal, are
 * not written. Dropout at row = packed row of i, column = h·65,536 + j (`headStride` of ../dropout.ts).
 * q: columns from q.from of [rows, …]; k, v likewise of the key rows. Writes context [rows, I].
 */
export interface Attention extends AttentionShape {
  kind: 'attention';
  q: Columns;
  k: Columns;
  v: Columns;
  bias: RelativeBias | null;
  probabilities: Tensor;
  context: Tensor;
  dropout: Dropout | null;
}

/**
 * Adjoint of attention. For sequence s, head h, with dO = dContext:
 *   dp[i, j] = drop(Σ_d dO[i, d]·v[j, d])     (the forward's bits)
 *   delta[i] = Σ_j p[i, j]·dp[i, j]           (equals Σ_d dO[i, d]·context[i, d]: an executor may use that)
 *   ds[i, j] = p[i, j]·(dp[i, j] - delta[i])
 *   dq[i, :] = Σ_j ds[i, j]·k[j, :]; dk[j, :] = Σ_i ds[i, j]·q[i, :]; dv[j, :] = Σ_i drop(p[i, j])·dO[i, :].
 * Every row of dq, dk, dv in this head's columns is overwritten.
 * Bias, where `biasPartials` [tiles, H, 2·maxLength - 1] is given: for each tile t (16 queries of one sequence)
 *   biasPartials[t, h, j - i + maxLength - 1] = Σ_{i in tile, ascending} ds[i, j]; entries that no pair reaches are 0.
 * `accumulate` `always` adds to the partials instead (layers share the table; the stack's last layer runs first and
 * overwrites). dq, dk, dv are never q, k, v's own memory.
 */
export interface AttentionBackward extends AttentionShape {
  kind: 'attentionBackward';
  q: Columns;
  k: Columns;
  v: Columns;
  probabilities: Tensor;
  context: Tensor;
  dContext: Tensor;
  dq: Columns;
  dk: Columns;
  dv: Columns;
  biasPartials: Tensor | null;
  accumulate: Exclude<Accumulate, 'laterPasses'>;
  dropout: Dropout | null;
}

/**
 * output[b, h] = Σ_{t < tiles, ascending} Σ_{δ ascending, buckets[δ] = b} partials[t, h, δ]; 0 where none.
 * For causal tables δ > maxLength - 1 (the future) counts for nothing.
 * Reads partials [tiles, H, 2·maxLength - 1]; writes (or adds to) output [buckets, H].
 */
export interface BiasGradient {
  kind: 'biasGradient';
  tileCount: CountName;
  causal: boolean;
  buckets: Table;
  partials: Tensor;
  output: Tensor;
  accumulate: Accumulate;
}

/**
 * Softmax cross entropy of each row of logits [R, V] with labels[r]:
 *   losses[r] = log Σ_c exp(logits[r, c] - max) + max - logits[r, label]; 0 where the label is -1.
 * With `gradient`: logits[r, c] = rowWeights[r]·(softmax[c] - (c = label ? 1 : 0)) in place; zeros where the label is -1.
 * Without: logits are left alone (rowWeights is null).
 * Then the sums: results[0] = Σ_{r < answerRows} losses[r], results[1] = Σ_{answerRows ≤ r < R} losses[r], overwritten or
 * added to by `laterPasses`. (A GPU takes a second dispatch for the sums.)
 */
export interface CrossEntropy {
  kind: 'crossEntropy';
  rows: CountName;
  logits: Tensor;
  labels: Table;
  rowWeights: Tensor | null;
  losses: Tensor;
  results: Tensor;
  accumulate: Accumulate;
  gradient: boolean;
}

/** target[...] = 0 over the whole tensor, unless `accumulate` is `laterPasses` and the run accumulates. */
export interface Zero {
  kind: 'zero';
  target: Tensor;
  accumulate: Exclude<Accumulate, 'always'>;
}

/**
 * Gradient of the embedding table, added to what is there: for each distinct id e (n < distinctIds), and its positions
 * p from embeddingStarts[n] to embeddingStarts[n + 1], ascending: output[ids[n], c] += Σ_p g[p, c], the sum first,
 * then one addition. g[p] is encoder row p if p < encoderRows, else decoder row p - encoderRows.
 * Reads encoder [Re, D], decoder [Rd, D]; adds to rows of output [V, D].
 */
export interface EmbedBackward {
  kind: 'embedBackward';
  ids: Table;
  starts: Table;
  rows: Table;
  encoder: Tensor;
  decoder: Tensor;
  output: Tensor;
}

/** Indices into `results` [8]. */
export const results = {
  /** Sum of token losses of the answer rows, and of the others, over all passes of the step. Written by crossEntropy. */
  answerLoss: 0,
  rationaleLoss: 1,
  /** The gradient's global L2 norm before clipping, and the factor that clips it. Written by clip. */
  gradNorm: 2,
  clipFactor: 3,
  /** 1 where both sums and the norm are finite and no step before it was halted, else 0: then adamw changes nothing. Written by clip. */
  proceed: 4,
  /** 1 once clip found a step that may not proceed: no later one does, until the host writes 0 here. Written by clip. */
  halted: 5,
} as const;

/** Floats that one partial of squaredNorm covers. */
export const normChunk = 16_384;

/**
 * partials[first + i] = Σ g² over floats [i·normChunk, (i + 1)·normChunk) of the tensor `gradients` (a whole part of
 * the slab, [length]), i < ceil(length / normChunk). Padding between blocks is 0 there always.
 */
export interface SquaredNorm {
  kind: 'squaredNorm';
  gradients: Tensor;
  partials: Tensor;
  first: number;
}

/**
 * norm = sqrt(Σ partials, ascending), results[gradNorm] = norm;
 * results[clipFactor] = run.maxGradNorm > 0 ? min(1, run.maxGradNorm / (norm + 1e-6)) : 1;
 * results[proceed] and results[halted] as above.
 */
export interface Clip {
  kind: 'clip';
  partials: Tensor;
  results: Tensor;
}

/**
 * AdamW over `length` floats at `offset` of part `part` of all four slabs. Nothing at all if results[proceed] is 0.
 * The host computes in double precision, from b1 = 0.9, b2 = 0.999, lr, wd and t = run.step:
 *   decay = 1 - lr·wd (1 where not `decayed`), stepSize = lr / (1 - b1^t), rootCorrection = sqrt(1 - b2^t).
 * Then per float: g = gradient·results[clipFactor]; p = p·decay; m = m + (1 - b1)·(g - m); v = b2·v + (1 - b2)·g·g;
 * p = p - stepSize·m / (sqrt(v) / rootCorrection + 1e-8).
 * Gradients are only read.
 */
export interface AdamW {
  kind: 'adamw';
  part: number;
  offset: number;
  length: number;
  decayed: boolean;
  results: Tensor;
}

/** Rows whose squares Adafactor sums in one piece, column by column. */
export const adafactorChunk = 128;

/**
 * Adafactor without a first moment, as transformers has it, over `count` tensors [rows, columns] that lie end to end.
 * Nothing at all if results[proceed] is 0. The host computes in double precision grow = t^-0.8 and keep = 1 - grow.
 * For each tensor apart, with G = gradient·results[clipFactor] and Q = G² + 1e-30:
 *   rate = lr · max(1e-3, rms(W)) where `scaled`, else lr; W as it was before the step
 *   row = keep·row + grow·(mean of Q over columns); column = keep·column + grow·(mean of Q over rows)
 *   U = G · sqrt(mean(row) / row[r]) / sqrt(column[c]); of a vector ([n, 1], `vector`) column is mean(row) instead, so
 *   that U = G / sqrt(row)
 *   W = W·(1 - rate·wd) (as it is where not `decayed`) - rate / max(1, rms(U)) · U.
 * Reads gradients; changes parameters, rowState [count, rows] and columnState [count, columns]; writes for itself
 * rowSums [count·rows], columnSums [count, ceil(rows / adafactorChunk), columns] and scalars [count, 4] (mean of row,
 * rate, factor of U).
 */
export interface Adafactor {
  kind: 'adafactor';
  count: number;
  rows: number;
  columns: number;
  vector: boolean;
  decayed: boolean;
  scaled: boolean;
  parameters: Tensor;
  gradients: Tensor;
  rowState: Tensor;
  columnState: Tensor;
  rowSums: Tensor;
  columnSums: Tensor;
  scalars: Tensor;
  results: Tensor;
}

/**
 * Self-attention of one decoder step with a cache, position t = run.position. For row r and head h:
 *   cache[(r·L + t), 0:I] = k part of qkv[r], cache[(r·L + t), I:2I] = v part, where qkv [R, 3I] is q, k, v and
 *   L = maxDecoderLength = ancestry.length / capacity of generationRows;
 *   keys at p < t are in cache row ancestry[r·L + p]·L + p, at p = t the row's own (as just written);
 *   score[p] = q·k + weight[buckets[p - t + maxLength - 1], h]; softmax over p = 0 … t; context[r] = Σ_p prob·v.
 * cache is [capacity·L, 2I]. No row reads what another writes in this step.
 */
export interface DecodeSelfAttention {
  kind: 'decodeSelfAttention';
  rows: CountName;
  heads: number;
  headSize: number;
  qkv: Tensor;
  cache: Tensor;
  ancestry: Table;
  bias: RelativeBias;
  context: Tensor;
}

/**
 * Cross-attention of one decoder step: row r attends to all rows of encoder sequence rowSequences[r]; no bias.
 * q [R, I]; k, v columns of [encoderRows, …]; context [R, I].
 */
export interface DecodeCrossAttention {
  kind: 'decodeCrossAttention';
  rows: CountName;
  heads: number;
  headSize: number;
  q: Tensor;
  k: Columns;
  v: Columns;
  rowSequences: Table;
  sequences: Table;
  context: Tensor;
}

/**
 * Greedy choice, t = run.position: best = the lowest index of the greatest logit of row r; id = finished[r] ? padId :
 * best; generated[t·capacity + r] = id; ids[r] = id (the next step's input); finished[r] = finished[r] or id = endId.
 * logits [R, V].
 */
export interface ArgMax {
  kind: 'argMax';
  rows: CountName;
  logits: Tensor;
  ids: Table;
  finished: Table;
  generated: Table;
  endId: number;
  padId: number;
}

export type Operation =
  | Embed
  | RmsNorm
  | RmsNormBackward
  | SumPartials
  | Matmul
  | Drop
  | Attention
  | AttentionBackward
  | BiasGradient
  | CrossEntropy
  | Zero
  | EmbedBackward
  | SquaredNorm
  | Clip
  | AdamW
  | Adafactor
  | DecodeSelfAttention
  | DecodeCrossAttention
  | ArgMax;
