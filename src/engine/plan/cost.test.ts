/** What each operation costs, counted by hand on small shapes; how a plan's costs are written. */
import { expect, test } from 'vitest';
import { costOf, flopsOfAll } from './cost.ts';
import { formatPlan, formatStepPlan } from './format-plan.ts';
import { noCounts } from './plan.ts';
import { operationCases, smallSizes } from './testing/operation-cases.ts';
import { OperationLab } from './testing/operation-lab.ts';
import { parseTiny } from './testing/tiny-engine.ts';

const [rows, columns, inner, heads, headSize] = [5, 7, 6, 2, 5];
const capacity = rows + 2;
/** Weights and values are counted as they are kept, rows that are not used among them. */
const [a, b, c] = [capacity * inner, columns * inner, capacity * columns];
/** Norms of 16,404 values are taken in two chunks; adafactor has two matrices of 133 rows and 55 columns. */
const [normed, factored] = [16_404, 2 * 133 * 55];
/** Pairs of query and key of two sequences. */
const pairs = { self: (21 * 21) / 2, causal: (21 * (21 / 2 + 1)) / 2, cross: (21 * 39) / 2 };

test.each<[name: string, kind: string, flops: number, floats: number]>([
  // Of the table the rows that are looked up.
  ['embed', 'embed', 0, 2 * rows * columns],
  ['embedBackward', 'embedBackward', (rows + rows) * columns, (rows + rows + 2 * 3) * columns],
  ['rmsNorm', 'rmsNorm', rows * (4 * columns + 2), 2 * c + columns + capacity],
  [
    'rmsNormBackward',
    'rmsNormBackward',
    rows * 11 * columns,
    // dy, x, dx as it was and as it is, what goes on below; the norm’s own, and four partial sums.
    5 * c + capacity + columns + 4 * columns,
  ],
  ['sumPartials', 'sumPartials', 2 * rows * columns, 2 * rows * columns + 2 * 2 * columns],
  ['matmul nt', 'matmul', 2 * rows * columns * inner, a + b + c],
  ['matmul nt, residual', 'matmul', 2 * rows * columns * inner, a + b + 2 * c],
  ['matmul nt, gated by gelu', 'matmul', 2 * rows * 2 * columns * inner, a + 2 * b + 3 * c],
  ['matmul nt of halves', 'matmul', 2 * rows * columns * inner, a + b / 2 + c],
  // Columns of wider matrices are all that is read of them.
  ['matmul nt of columns', 'matmul', 2 * rows * columns * inner, rows * inner + b + 2 * rows * columns],
  ['matmul nn of columns', 'matmul', 2 * rows * columns * inner, rows * inner + b + 2 * rows * columns],
  [
    'matmul tn of columns',
    'matmul',
    2 * rows * columns * inner,
    rows * inner + rows * columns + 2 * inner * columns,
  ],
  ['drop', 'drop', rows * columns, 3 * c],
  ['attention, bidirectional', 'attention', pairs.self * heads * (4 * headSize + 4), NaN],
  ['attention, causal', 'attention', pairs.causal * heads * (4 * headSize + 4), NaN],
  ['attention, cross', 'attention', pairs.cross * heads * (4 * headSize + 4), NaN],
  ['attentionBackward, causal', 'attentionBackward', pairs.causal * heads * (8 * headSize + 4), NaN],
  ['attentionBackward, cross', 'attentionBackward', pairs.cross * heads * (8 * headSize + 4), NaN],
  // Three tiles, 2 · 19 - 1 distances.
  ['attentionBackward, causal', 'biasGradient', 3 * heads * 37, 3 * heads * 37 + 2 * 5 * heads],
  ['crossEntropy with gradient', 'crossEntropy', 5 * rows * columns, 2 * c + 2 * capacity + 2 * 8],
  ['crossEntropy without', 'crossEntropy', 3 * rows * columns, c + capacity + 2 * 8],
  ['zero', 'zero', 0, rows * columns],
  ['squaredNorm and clip', 'squaredNorm', 2 * normed, normed + 2],
  ['squaredNorm and clip', 'clip', 2, 2 + 2 * 8],
  ['adafactor of matrices', 'adafactor', 16 * factored, 7 * factored],
  // The longest is 19 tokens; an input has 20.5 of the capacity of 41 on average.
  ['decodeSelfAttention', 'decodeSelfAttention', (rows * heads * 4 * headSize * 19) / 2, NaN],
  ['decodeCrossAttention', 'decodeCrossAttention', rows * heads * 4 * headSize * 20.5, NaN],
  ['argMax', 'argMax', 0, c],
])('%s: %s', (name, kind, flops, floats) => {
  const { lab, operations } = operationCases[name]!(smallSizes);
  const operation = operations.find((one) => one.kind === kind)!;
  const cost = costOf(operation, lab.counts);
  expect(cost.flops).toBeCloseTo(flops, 6);
  expect(flopsOfAll([operation, operation], lab.counts)).toBeCloseTo(2 * flops, 6);
  if (!Number.isNaN(floats)) expect(cost.bytes).toBe(4 * floats);
});

test('AdamW reads four slabs and writes three of its range', () => {
  const results = new OperationLab(1).tensor([8]);
  const operation = { kind: 'adamw', part: 0, offset: 64, length: 100, decayed: true, results } as const;
  expect(costOf(operation, noCounts)).toEqual({ flops: 1500, bytes: 4 * 7 * 100 });
});

test('attention without sequences costs nothing, and no more than a number', () => {
  const { operations } = operationCases['attention, causal']!(smallSizes);
  expect(costOf(operations[0]!, noCounts).flops).toBe(0);
});

test('a plan is written with its operations, what they take, and totals', () => {
  const lab = new OperationLab(1);
  const product = (m: number, n: number, k: number) =>
    ({
      kind: 'matmul',
      form: 'nt',
      m,
      n,
      k,
      a: lab.tensor([m, k]),
      b: lab.tensor([n, k]),
      c: lab.tensor([m, n]),
      scale: 1,
      accumulate: 'never',
      epilogue: { kind: 'none' },
    }) as const;
  const results = { place: { kind: 'slab', slab: 'gradients', part: 2 }, offset: 0, shape: [8] } as const;
  const plan = {
    ...lab.plan([
      ...[1000, 500, 100, 5].map((m) => product(m, m, m)),
      { kind: 'adamw', part: 1, offset: 0, length: 7, decayed: false, results },
    ]),
    tablesLength: 300,
  };
  // Columns are as wide as their widest entry, numbers at their right; each product has three matrices of its own.
  expect(formatPlan(plan)).toBe(`pass:
#  operation  writes                             reads                               FLOP      bytes
0  matmul nt  s2[1000,1000]                      <- s0[1000,1000] s1[1000,1000]    2.00 G    12.0 MB
1  matmul nt  s5[500,500]                        <- s3[500,500] s4[500,500]      250.00 M    3.00 MB
2  matmul nt  s8[100,100]                        <- s6[100,100] s7[100,100]        2.00 M     120 KB
3  matmul nt  s11[5,5]                           <- s9[5,5] s10[5,5]                0.3 k  300 bytes
4  adamw      parameters, expAvg, expAvgSq.1[7]  <- gradients.2[8]                  0.1 k  196 bytes
5 operations, 2.25 GFLOP, 15.1 MB moved

12 slots, 15.1 MB, the largest 4.00 MB; tables 1.20 KB`);
});

test('a whole million or milliard has the larger unit', () => {
  const flopsOf = (length: number) => {
    const lab = new OperationLab(1);
    const results = lab.tensor([8]);
    const update = { kind: 'adamw', part: 0, offset: 0, length, decayed: false, results } as const;
    return / ([\d.]+ [kMG])FLOP, /.exec(formatPlan(lab.plan([update])))![1];
  };
  expect([1e6 / 15, 1e9 / 15].map(flopsOf)).toEqual(['1.00 M', '1.00 G']);
  expect([(1e6 - 1) / 15, (1e9 - 1) / 15].map(flopsOf)).toEqual(['1000.0 k', '1000.00 M']);
});

test('a step’s plan is of both tasks, and says whose slabs there are', () => {
  const config = parseTiny();
  const shape = { batch: 3, inputTokens: 10, targetTokens: 4 };
  const text = formatStepPlan(config, shape);
  // Two tasks of three rows.
  expect(text).toContain(`[60,${config.d_model}]`);
  expect(text).toContain(`[24,${config.d_model}]`);
  expect(text).toMatch(/ parameters; parameters, gradients and two moments: 4 slabs of .+ in 1 part$/);
  const lora = { rank: 2, alpha: 4, dropout: 0, targets: ['q'] };
  expect(formatStepPlan(config, shape, lora)).toMatch(
    / parameters; parameters, and gradients and two moments of adapters: .+ in 2 parts$/,
  );
});
