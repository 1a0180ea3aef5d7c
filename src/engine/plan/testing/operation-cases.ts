/**
 * One made-up case of every operation, in any size: the twin's adjoints are checked with them, and other executors are
 * held against the twin.
 */
import type {
  Attention,
  AttentionBackward,
  AttentionShape,
  Dropout,
  Epilogue,
  Gate,
  Matmul,
  Operation,
} from '../operations.ts';
import { results as resultIndex } from '../operations.ts';
import { packStack } from '../passes.ts';
import type { Extent, Tensor } from '../plan.ts';
import { OperationLab } from './operation-lab.ts';

/** Sizes are at least 1 and may be odd. */
export interface CaseSizes {
  seed: number;
  rows: number;
  columns: number;
  inner: number;
  heads: number;
  headSize: number;
  /** Of the query sequences, and of the key sequences as many. */
  lengths: readonly number[];
  keyLengths: readonly number[];
  /** Whether values are dropped. */
  dropout: boolean;
  /** Whether the run adds to what earlier passes left. */
  accumulate: boolean;
}

/** Tensors of rows have two more than the counted five; the sequences have 21 and 39 tokens. */
export const smallSizes: CaseSizes = {
  seed: 2,
  rows: 5,
  columns: 7,
  inner: 6,
  heads: 2,
  headSize: 5,
  lengths: [3, 18],
  keyLengths: [5, 34],
  dropout: true,
  accumulate: true,
};

export interface OperationCase {
  lab: OperationLab;
  operations: readonly Operation[];
}

const encoderSite: Dropout = { site: 0x010203, stack: 'encoder' };
const decoderSite: Dropout = { site: 0x1000402, stack: 'decoder' };

function makeLab(sizes: CaseSizes): OperationLab {
  const lab = new OperationLab(sizes.seed);
  lab.counts.encoderRows = sizes.rows;
  lab.counts.decoderRows = sizes.rows;
  lab.counts.generationRows = sizes.rows;
  lab.run.accumulate = sizes.accumulate;
  lab.run.dropout = sizes.dropout ? 0.3 : 0;
  return lab;
}

function randomIds(lab: OperationLab, count: number, bound: number): Int32Array {
  return Int32Array.from({ length: count }, () => lab.random.nextInt(bound));
}

function embed(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  const ids = lab.table(randomIds(lab, sizes.rows, 7));
  const weight = lab.filled([7, sizes.columns]);
  const output = lab.output('encoderRows', sizes.columns);
  return {
    lab,
    operations: [{ kind: 'embed', rows: 'encoderRows', ids, weight, output, dropout: encoderSite }],
  };
}

function embedBackward(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  // Position p has id p mod 3, twice over: duplicates in both stacks, ids in between that never occur.
  const positions = Array.from({ length: 2 * sizes.rows }, (_, position) => position);
  const idOf = (position: number) => 2 * (position % 3);
  const ids = [...new Set(positions.map(idOf))].sort((a, b) => a - b);
  const groups = ids.map((id) => positions.filter((position) => idOf(position) === id));
  const starts = groups.map((_, index) => groups.slice(0, index).flat().length);
  lab.counts.distinctIds = ids.length;
  return {
    lab,
    operations: [
      {
        kind: 'embedBackward',
        ids: lab.table(ids),
        starts: lab.table([...starts, positions.length]),
        rows: lab.table(groups.flat()),
        encoder: lab.rows('encoderRows', sizes.columns),
        decoder: lab.rows('decoderRows', sizes.columns),
        output: lab.filled([6, sizes.columns]),
      },
    ],
  };
}

function rmsNorm(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  const x = lab.rows('encoderRows', sizes.columns);
  const weight = lab.filled([sizes.columns]);
  const y = lab.output('encoderRows', sizes.columns);
  const inverse = lab.tensor([sizes.rows + 2]);
  return {
    lab,
    operations: [
      { kind: 'rmsNorm', rows: 'encoderRows', x, weight, y, inverse, epsilon: 1e-6, dropout: encoderSite },
    ],
  };
}

function rmsNormBackward(sizes: CaseSizes): OperationCase {
  const { lab, operations } = rmsNorm(sizes);
  const [forward] = operations;
  if (forward?.kind !== 'rmsNorm') throw new Error('The case of rmsNorm begins with one.');
  const { rows, x, inverse, weight, dropout } = forward;
  return {
    lab,
    operations: [
      forward,
      {
        kind: 'rmsNormBackward',
        rows,
        x,
        inverse,
        weight,
        dropout,
        dy: lab.rows(rows, sizes.columns),
        dx: lab.rows(rows, sizes.columns),
        accumulate: sizes.accumulate ? 'always' : 'never',
        partials: lab.tensor([4, sizes.columns]),
        next: { output: lab.output(rows, sizes.columns), dropout: decoderSite },
      },
    ],
  };
}

function sumPartials(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  const partials = lab.filled([2, sizes.rows, sizes.columns]);
  const output = lab.filled([2, sizes.columns]);
  return { lab, operations: [{ kind: 'sumPartials', partials, output, accumulate: 'laterPasses' }] };
}

function product(
  lab: OperationLab,
  form: Matmul['form'],
  operands: { a: Tensor; b: Tensor; c: Tensor },
  extents: readonly [Extent, Extent, Extent],
  more: { epilogue?: Epilogue; accumulate?: Matmul['accumulate'] } = {},
): OperationCase {
  const [m, n, k] = extents;
  const { epilogue = { kind: 'none' }, accumulate = 'never' } = more;
  return {
    lab,
    operations: [{ kind: 'matmul', form, m, n, k, ...operands, scale: 0.75, accumulate, epilogue }],
  };
}

function matmulNt(
  sizes: CaseSizes,
  kind: 'none' | 'residual' | 'relu' | 'gated',
  gate: Gate = 'gelu',
): OperationCase {
  const lab = makeLab(sizes);
  const { columns, inner } = sizes;
  const rows = 'encoderRows';
  const width = kind === 'gated' ? 2 * columns : columns;
  const a = lab.rows(rows, inner);
  const b = lab.filled([width, inner], 1 / Math.sqrt(inner));
  const c = lab.output(rows, columns);
  const epilogue: Epilogue = {
    none: { kind: 'none' } as const,
    residual: { kind: 'residual', residual: lab.rows(rows, columns), dropout: encoderSite } as const,
    relu: { kind: 'relu', dropout: encoderSite } as const,
    gated: { kind: 'gated', gate, hidden: lab.output(rows, width), dropout: encoderSite } as const,
  }[kind];
  return product(lab, 'nt', { a, b, c }, [rows, width, inner], { epilogue });
}

function matmulNn(
  sizes: CaseSizes,
  kind: 'none' | 'reluBackward' | 'gatedBackward',
  gate: Gate = 'gelu',
): OperationCase {
  const lab = makeLab(sizes);
  const { columns, inner } = sizes;
  const rows = 'encoderRows';
  const a = lab.rows(rows, inner);
  const b = lab.filled([inner, columns], 1 / Math.sqrt(inner));
  const c = lab.rows(rows, kind === 'gatedBackward' ? 2 * columns : columns);
  const activation = kind === 'reluBackward' ? lab.rows(rows, columns) : lab.output(rows, columns);
  const adjoint = { activation, dropout: encoderSite };
  const epilogue: Epilogue = {
    none: { kind: 'none' } as const,
    reluBackward: { kind: 'reluBackward', ...adjoint } as const,
    gatedBackward: { kind: 'gatedBackward', gate, ...adjoint } as const,
  }[kind];
  const accumulate = kind === 'none' && sizes.accumulate ? 'always' : 'never';
  return product(lab, 'nn', { a, b, c }, [rows, columns, inner], { epilogue, accumulate });
}

/** The same with weights of 16-bit floats. */
function ofHalves({ lab, operations }: OperationCase): OperationCase {
  return {
    lab,
    operations: operations.map((operation) => {
      if (operation.kind === 'embed') return { ...operation, weight: lab.halve(operation.weight) };
      if (operation.kind === 'matmul') return { ...operation, b: lab.halve(operation.b) };
      throw new Error('Only tables and factors are 16-bit floats.');
    }),
  };
}

/** A product that is added to before its epilogue. */
function added({ lab, operations }: OperationCase, sizes: CaseSizes): OperationCase {
  const [operation] = operations;
  if (operation?.kind !== 'matmul') throw new Error('Only products are added to.');
  const { epilogue, c } = operation;
  const target =
    epilogue.kind === 'gated' ? epilogue.hidden : epilogue.kind === 'gatedBackward' ? epilogue.activation : c;
  lab.valuesOf(target).set(lab.randomFloats(sizes.rows * target.shape[1]!));
  return { lab, operations: [{ ...operation, accumulate: 'always' }] };
}

/** Operands that are columns of wider matrices: of all but the first `from`, and a last one. */
function matmulOfColumns(sizes: CaseSizes, form: Matmul['form']): OperationCase {
  const lab = makeLab(sizes);
  const { columns, inner } = sizes;
  const from = 1 + (sizes.seed % 5);
  const wider = (size: number) => size + from + 1;
  const within = (tensor: Tensor): Tensor => ({ ...tensor, offset: from });
  const a = lab.rows('encoderRows', wider(inner));
  const tall = form === 'tn';
  const width = form === 'nt' ? inner : columns;
  const b = tall
    ? lab.rows('encoderRows', wider(width))
    : lab.filled([form === 'nt' ? columns : inner, wider(width)]);
  const c = tall ? lab.filled([inner, wider(columns)]) : lab.rows('encoderRows', wider(columns));
  const extents = tall
    ? ([inner, columns, 'encoderRows'] as const)
    : (['encoderRows', columns, inner] as const);
  const accumulate = sizes.accumulate ? 'always' : 'never';
  const one = product(lab, form, { a: within(a), b: within(b), c: within(c) }, extents, { accumulate });
  const operations = one.operations.map((operation) => ({
    ...(operation as Matmul),
    strides: { a: wider(inner), b: wider(width), c: wider(columns) },
  }));
  return { lab, operations };
}

/** At a rate that is not the run's; and in place. */
function drop(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  const [input, output] = [lab.rows('encoderRows', sizes.columns), lab.rows('encoderRows', sizes.columns)];
  const accumulate = sizes.accumulate ? 'always' : 'never';
  const one = { kind: 'drop', rows: 'encoderRows', rate: 0.2, dropout: encoderSite } as const;
  return {
    lab,
    operations: [
      { ...one, input, output, accumulate },
      { ...one, dropout: decoderSite, input, output: input, accumulate: 'never' },
    ],
  };
}

function matmulTn(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  const { columns, inner } = sizes;
  const a = lab.rows('encoderRows', inner);
  const b = lab.rows('encoderRows', columns);
  const c = lab.filled([inner, columns]);
  const extents = [inner, columns, 'encoderRows'] as const;
  return product(lab, 'tn', { a, b, c }, extents, { accumulate: 'laterPasses' });
}

/** The shape of self-attention (causal or not) or cross-attention over the case's sequences. */
function attentionShape(
  lab: OperationLab,
  sizes: CaseSizes,
  kind: 'self' | 'causal' | 'cross',
): AttentionShape & { width: number } {
  const { heads, headSize, lengths } = sizes;
  const keyLengths = kind === 'cross' ? lengths.map((_, index) => sizes.keyLengths[index] ?? 1) : lengths;
  const queries = packStack(lengths.map((length) => new Int32Array(length)));
  const keys = packStack(keyLengths.map((length) => new Int32Array(length)));
  lab.counts.decoderRows = queries.ids.length;
  lab.counts.encoderRows = keys.ids.length;
  lab.counts.decoderSequences = lengths.length;
  lab.counts.encoderSequences = lengths.length;
  lab.counts.decoderTiles = queries.tiles.length / 2;
  const querySequences = lab.table(queries.sequences);
  return {
    heads,
    headSize,
    causal: kind === 'causal',
    querySequences,
    sequences: 'decoderSequences',
    rows: 'decoderRows',
    tileCount: 'decoderTiles',
    keySequences: kind === 'cross' ? lab.table(keys.sequences) : querySequences,
    tiles: lab.table(queries.tiles),
    width: Math.max(...keyLengths) + 1,
  };
}

function attention(sizes: CaseSizes, kind: 'self' | 'causal' | 'cross'): OperationCase {
  const lab = makeLab(sizes);
  const { width, ...shape } = attentionShape(lab, sizes, kind);
  const inner = sizes.heads * sizes.headSize;
  const keyRows = kind === 'cross' ? 'encoderRows' : 'decoderRows';
  const qkv = lab.rows('decoderRows', 3 * inner);
  // Keys of a cross attention lie within wider rows: whole fours where heads are, as some kernels take them, else odd.
  const aside = sizes.headSize % 4 === 0 ? 4 : 3;
  const keys = kind === 'cross' ? lab.rows(keyRows, 2 * inner + aside) : qkv;
  const buckets = lab.table(randomIds(lab, 2 * width - 1, 5));
  const operation: Attention = {
    kind: 'attention',
    ...shape,
    q: { of: qkv, from: 0 },
    k: { of: keys, from: kind === 'cross' ? aside : inner },
    v: { of: keys, from: kind === 'cross' ? aside + inner : 2 * inner },
    bias: kind === 'cross' ? null : { buckets, weight: lab.filled([5, sizes.heads]) },
    probabilities: lab.tensor([sizes.heads, lab.counts.decoderRows + 2, width]),
    context: lab.output('decoderRows', inner),
    dropout: decoderSite,
  };
  return { lab, operations: [operation] };
}

function attentionBackward(sizes: CaseSizes, kind: 'self' | 'causal' | 'cross'): OperationCase {
  const { lab, operations } = attention(sizes, kind);
  const [forward] = operations;
  if (forward?.kind !== 'attention') throw new Error('The case of attention begins with one.');
  const { kind: _, bias, ...rest } = forward;
  const inner = sizes.heads * sizes.headSize;
  const dqkv = lab.output('decoderRows', 3 * inner);
  const dKeys = kind === 'cross' ? lab.output('encoderRows', forward.k.of.shape[1]!) : dqkv;
  const diagonals = bias === null ? 0 : bias.buckets.length;
  const tileCount = lab.counts.decoderTiles;
  const partials = bias === null ? null : lab.filled([tileCount, sizes.heads, diagonals]);
  const backward: AttentionBackward = {
    ...rest,
    kind: 'attentionBackward',
    dContext: lab.rows('decoderRows', inner),
    dq: { of: dqkv, from: 0 },
    dk: { of: dKeys, from: forward.k.from },
    dv: { of: dKeys, from: forward.v.from },
    biasPartials: partials,
    accumulate: sizes.accumulate ? 'always' : 'never',
  };
  if (partials === null || bias === null) return { lab, operations: [forward, backward] };
  return {
    lab,
    operations: [
      forward,
      backward,
      {
        kind: 'biasGradient',
        tileCount: 'decoderTiles',
        causal: kind === 'causal',
        buckets: bias.buckets,
        partials,
        accumulate: 'laterPasses',
        output: lab.filled([5, sizes.heads]),
      },
    ],
  };
}

function crossEntropy(sizes: CaseSizes, gradient: boolean): OperationCase {
  const lab = makeLab(sizes);
  lab.counts.answerRows = Math.floor(sizes.rows / 2);
  // Every third row counts for nothing; with one row, sometimes all of them.
  const labels = randomIds(lab, sizes.rows, sizes.columns).map((id, row) =>
    (row + sizes.seed) % 3 === 0 ? -1 : id,
  );
  return {
    lab,
    operations: [
      {
        kind: 'crossEntropy',
        rows: 'decoderRows',
        gradient,
        logits: lab.rows('decoderRows', sizes.columns, 4),
        labels: lab.table(labels),
        rowWeights: gradient ? lab.rows('decoderRows', 1) : null,
        losses: lab.tensor([sizes.rows + 2]),
        results: lab.filled([8]),
        accumulate: 'laterPasses',
      },
    ],
  };
}

function zero(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  const target = lab.filled([sizes.rows, sizes.columns]);
  return { lab, operations: [{ kind: 'zero', target, accumulate: 'laterPasses' }] };
}

/** Norm of one tensor of gradients, and the factor that clips it. */
function normAndClip(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  // Sometimes more than one chunk.
  const length = sizes.accumulate ? 16_384 + 4 * sizes.rows : sizes.rows * sizes.columns;
  const gradients = lab.filled([length]);
  const partials = lab.tensor([Math.ceil(length / 16_384)]);
  const results = lab.filled([8]);
  // A step before it was halted, or not.
  lab.valuesOf(results)[resultIndex.halted] = sizes.dropout ? 1 : 0;
  return {
    lab,
    operations: [
      { kind: 'squaredNorm', gradients, partials, first: 0 },
      { kind: 'clip', partials, results },
    ],
  };
}

/** Two tensors, matrices or vectors; a first row without gradient. */
function adafactor(sizes: CaseSizes, vector: boolean): OperationCase {
  const lab = makeLab(sizes);
  const count = 2;
  // Sometimes more rows than one chunk, more columns than one thread takes.
  const rows = sizes.rows + (sizes.accumulate ? 128 : 0);
  const columns = vector ? 1 : sizes.columns + (sizes.dropout ? 48 : 0);
  const gradients = lab.filled([count * rows, columns]);
  if (rows > 1) lab.valuesOf(gradients).fill(0, 0, columns);
  const positive = (length: number) =>
    lab.randomFloats(length).map((value) => Math.fround(value * value + 0.1));
  return {
    lab,
    operations: [
      {
        kind: 'adafactor',
        count,
        rows,
        columns,
        vector,
        gradients,
        decayed: sizes.seed % 2 === 0,
        scaled: sizes.seed % 3 !== 0,
        parameters: lab.filled([count * rows, columns]),
        rowState: lab.tensor([count, rows], positive(count * rows)),
        columnState: lab.tensor([count, columns], positive(count * columns)),
        rowSums: lab.tensor([count * rows]),
        columnSums: lab.tensor([count, Math.ceil(rows / 128), columns]),
        scalars: lab.tensor([count, 4]),
        results: lab.tensor([8], [0, 0, 1, 0.5, 1, 0, 0, 0]),
      },
    ],
  };
}

function decodeSelfAttention(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  const { rows, heads, headSize } = sizes;
  const inner = heads * headSize;
  const capacity = rows + 2;
  const length = Math.max(...sizes.lengths) + 1;
  lab.run.position = length - 2;
  const past = lab.filled([capacity * length, 2 * inner]);
  const buckets = lab.table(randomIds(lab, 2 * length - 1, 5));
  return {
    lab,
    operations: [
      {
        kind: 'decodeSelfAttention',
        rows: 'generationRows',
        heads,
        headSize,
        cache: past,
        qkv: lab.rows('generationRows', 3 * inner),
        ancestry: lab.table(randomIds(lab, capacity * length, rows)),
        bias: { buckets, weight: lab.filled([5, heads]) },
        context: lab.output('generationRows', inner),
      },
    ],
  };
}

function decodeCrossAttention(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  const { rows, heads, headSize } = sizes;
  const inner = heads * headSize;
  const keys = packStack(sizes.keyLengths.map((length) => new Int32Array(length)));
  lab.counts.encoderRows = keys.ids.length;
  const of = lab.rows('encoderRows', 2 * inner + 1);
  return {
    lab,
    operations: [
      {
        kind: 'decodeCrossAttention',
        rows: 'generationRows',
        heads,
        headSize,
        q: lab.rows('generationRows', inner),
        k: { of, from: 1 },
        v: { of, from: 1 + inner },
        rowSequences: lab.table(randomIds(lab, rows, sizes.keyLengths.length)),
        sequences: lab.table(keys.sequences),
        context: lab.output('generationRows', inner),
      },
    ],
  };
}

function argMax(sizes: CaseSizes): OperationCase {
  const lab = makeLab(sizes);
  lab.run.position = 1;
  const logits = lab.rows('generationRows', sizes.columns);
  // Few different values: equal logits are the rule.
  const values = lab.valuesOf(logits);
  values.forEach((value, index) => (values[index] = Math.round(value)));
  return {
    lab,
    operations: [
      {
        kind: 'argMax',
        rows: 'generationRows',
        logits,
        endId: 1,
        padId: 0,
        ids: lab.table(new Int32Array(sizes.rows)),
        finished: lab.table(randomIds(lab, sizes.rows, 2)),
        generated: lab.table(new Int32Array(2 * (sizes.rows + 2))),
      },
    ],
  };
}

/** Cases by name. */
export const operationCases: Readonly<Record<string, (sizes: CaseSizes) => OperationCase>> = {
  embed,
  embedBackward,
  rmsNorm,
  rmsNormBackward,
  sumPartials,
  'matmul nt': (sizes) => matmulNt(sizes, 'none'),
  'matmul nt, residual': (sizes) => matmulNt(sizes, 'residual'),
  'matmul nt, relu': (sizes) => matmulNt(sizes, 'relu'),
  'matmul nt, gated by gelu': (sizes) => matmulNt(sizes, 'gated', 'gelu'),
  'matmul nt, gated by silu': (sizes) => matmulNt(sizes, 'gated', 'silu'),
  'matmul nn': (sizes) => matmulNn(sizes, 'none'),
  'matmul nn, reluBackward': (sizes) => matmulNn(sizes, 'reluBackward'),
  'matmul nn, gatedBackward by gelu': (sizes) => matmulNn(sizes, 'gatedBackward', 'gelu'),
  'matmul nn, gatedBackward by silu': (sizes) => matmulNn(sizes, 'gatedBackward', 'silu'),
  'matmul tn': matmulTn,
  'matmul nt, relu, added to': (sizes) => added(matmulNt(sizes, 'relu'), sizes),
  'matmul nt, gated, added to': (sizes) => added(matmulNt(sizes, 'gated'), sizes),
  'matmul nn, reluBackward, added to': (sizes) => added(matmulNn(sizes, 'reluBackward'), sizes),
  'matmul nn, gatedBackward, added to': (sizes) => added(matmulNn(sizes, 'gatedBackward'), sizes),
  'embed of halves': (sizes) => ofHalves(embed(sizes)),
  'matmul nt of halves': (sizes) => ofHalves(matmulNt(sizes, 'none')),
  'matmul nt of halves, gated': (sizes) => ofHalves(matmulNt(sizes, 'gated')),
  'matmul nn of halves': (sizes) => ofHalves(matmulNn(sizes, 'none')),
  'matmul nt of columns': (sizes) => matmulOfColumns(sizes, 'nt'),
  'matmul nn of columns': (sizes) => matmulOfColumns(sizes, 'nn'),
  'matmul tn of columns': (sizes) => matmulOfColumns(sizes, 'tn'),
  drop,
  'attention, bidirectional': (sizes) => attention(sizes, 'self'),
  'attention, causal': (sizes) => attention(sizes, 'causal'),
  'attention, cross': (sizes) => attention(sizes, 'cross'),
  'attentionBackward, bidirectional': (sizes) => attentionBackward(sizes, 'self'),
  'attentionBackward, causal': (sizes) => attentionBackward(sizes, 'causal'),
  'attentionBackward, cross': (sizes) => attentionBackward(sizes, 'cross'),
  'crossEntropy with gradient': (sizes) => crossEntropy(sizes, true),
  'crossEntropy without': (sizes) => crossEntropy(sizes, false),
  zero,
  'squaredNorm and clip': normAndClip,
  'adafactor of matrices': (sizes: CaseSizes) => adafactor(sizes, false),
  'adafactor of vectors': (sizes: CaseSizes) => adafactor(sizes, true),
  decodeSelfAttention,
  decodeCrossAttention,
  argMax,
};
