/** What kernels are told of an operation, and how many threads they have: enough for all of it, and no workgroup too many. */
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../base/errors.ts';
import type { Operation } from '../plan/operations.ts';
import { countNames, noCounts, type CountName, type Counts, type Tensor } from '../plan/plan.ts';
import { operationCases, smallSizes, type CaseSizes } from '../plan/testing/operation-cases.ts';
import { fold, foldThreads, type Dispatch, type Sharing } from './dispatch.ts';
import { dispatchesOf } from './dispatches.ts';
import { matmulVariants } from './matmul.ts';
import { extentWord } from './run-block.ts';

/** The dispatches of the last operation of a case, with it and the counts of its run. */
function of<Kind extends Operation['kind']>(
  name: string,
  kind: Kind,
  changed: Partial<CaseSizes> = {},
  sharing: Sharing = 'workgroup',
) {
  const { lab, operations } = operationCases[name]!({ ...smallSizes, ...changed });
  const operation = operations.find((one): one is Extract<Operation, { kind: Kind }> => one.kind === kind)!;
  const { capacities } = lab.plan(operations);
  const dispatches = dispatchesOf(operation, capacities, { product: () => matmulVariants[0]!, sharing });
  return { operation, dispatches, dispatch: dispatches[0]!, counts: lab.counts, capacities };
}

const access = ({ bindings }: Dispatch) => bindings.map(({ name, access }) => `${name} ${access}`);
const written = ({ bindings }: Dispatch) =>
  bindings.filter(({ access }) => access === 'read_write').map(({ name }) => name);
const threads = (grid: readonly number[]) => grid.reduce((product, size) => product * size, 1);

describe('grids', () => {
  test('are folded where one dimension would hold more than 65,535 workgroups', () => {
    expect(fold(1)).toEqual([1, 1, 1]);
    expect(fold(65_535)).toEqual([65_535, 1, 1]);
    expect(fold(65_536)).toEqual([65_535, 2, 1]);
    expect(fold(0)).toEqual([0, 0, 1]);
    expect(foldThreads(64, 64)).toEqual([1, 1, 1]);
    expect(foldThreads(65, 64)).toEqual([2, 1, 1]);
  });

  test('of rows have a thread for each four columns, or a workgroup for each row', () => {
    const counts: Counts = {
      ...noCounts,
      encoderRows: 40,
      decoderRows: 41,
      distinctIds: 33,
      generationRows: 3,
    };
    // Two threads for 7 columns, 64 threads to a workgroup.
    expect(of('embed', 'embed').dispatch.grid(counts)).toEqual([2, 1, 1]);
    expect(of('embed', 'embed', { columns: 16 }).dispatch.grid(counts)).toEqual([3, 1, 1]);
    const { operation, dispatch } = of('drop', 'drop', { columns: 9 });
    expect(dispatch.grid(counts)).toEqual([Math.ceil((counts[operation.rows] * 3) / 64), 1, 1]);
    expect(of('embedBackward', 'embedBackward').dispatch.grid(counts)).toEqual([4, 1, 1]);
    const norm = of('rmsNorm', 'rmsNorm');
    expect(norm.dispatch.grid(counts)).toEqual([counts[norm.operation.rows], 1, 1]);
    expect(of('crossEntropy without', 'crossEntropy').dispatch.grid(counts)).toEqual([41, 1, 1]);
    expect(of('argMax', 'argMax').dispatch.grid(counts)).toEqual([3, 1, 1]);
    expect(of('decodeSelfAttention', 'decodeSelfAttention').dispatch.grid(counts)).toEqual([3, 2, 1]);
    expect(of('decodeCrossAttention', 'decodeCrossAttention').dispatch.grid(counts)).toEqual([3, 2, 1]);
  });

  test('of what has a fixed size go over all of it', () => {
    const { operation, dispatch } = of('sumPartials', 'sumPartials', { columns: 200 });
    const [groups, , columns] = operation.partials.shape as [number, number, number];
    expect(dispatch.grid(noCounts)).toEqual([Math.ceil((groups * columns) / 64), 1, 1]);
    const norm = of('rmsNormBackward', 'rmsNormBackward');
    expect(norm.dispatch.grid(noCounts)).toEqual([norm.operation.partials.shape[0], 1, 1]);
    expect(of('zero', 'zero', { rows: 257, columns: 1 }).dispatch.grid(noCounts)).toEqual([2, 1, 1]);
    expect(of('squaredNorm and clip', 'clip').dispatch.grid(noCounts)).toEqual([1, 1, 1]);
    expect(of('squaredNorm and clip', 'squaredNorm').dispatch.grid(noCounts)).toEqual([2, 1, 1]);
    expect(of('crossEntropy without', 'crossEntropy').dispatches[1]!.grid(noCounts)).toEqual([1, 1, 1]);
    const bias = of('attentionBackward, causal', 'biasGradient');
    expect(bias.dispatch.grid(noCounts)).toEqual([5, 2, 1]);
  });

  test('of attention have a workgroup for each tile of queries, or of keys, and each head', () => {
    const counts: Counts = { ...noCounts, decoderTiles: 70_000, decoderSequences: 3 };
    expect(of('attention, cross', 'attention').dispatch.grid(counts)).toEqual([65_535, 2, 2]);
    // Keys of up to 34 + 1 tokens: three tiles each of three sequences.
    const { dispatches } = of('attentionBackward, cross', 'attentionBackward');
    expect(dispatches.map(({ grid }) => grid({ ...counts, decoderTiles: 4 }))).toEqual([[9, 2, 2]]);
    expect(dispatches.map(({ grid }) => grid({ ...counts, decoderTiles: 11 }))).toEqual([[11, 2, 2]]);
  });
});

describe('what is counted at run time', () => {
  test.each(countNames.map((name, index) => [name, index] as const))(
    '%s is word %i, marked',
    (name, index) => {
      expect(extentWord(name)).toBe(2 ** 31 + index);
      expect(extentWord(index)).toBe(index);
    },
  );

  test('and where tables begin is told to each kernel', () => {
    const word = (name: CountName) => extentWord(name);
    const embed = of('embed', 'embed');
    expect(embed.dispatch.params).toMatchObject({
      rows: word('encoderRows'),
      columns: 7,
      site: 0x010203,
      stack: 0,
    });
    const backward = of('embedBackward', 'embedBackward');
    expect(backward.dispatch.params).toMatchObject({
      columns: 7,
      ids: backward.operation.ids.offset,
      starts: backward.operation.starts.offset,
      positions: backward.operation.rows.offset,
      distinctIds: word('distinctIds'),
      encoderRows: word('encoderRows'),
    });
    const argMax = of('argMax', 'argMax');
    expect(argMax.dispatch.params).toMatchObject({
      rows: word('generationRows'),
      columns: argMax.operation.logits.shape[1],
      ids: argMax.operation.ids.offset,
      finished: argMax.operation.finished.offset,
      generated: argMax.operation.generated.offset,
      capacity: 7,
    });
    const self = of('decodeSelfAttention', 'decodeSelfAttention');
    // The longest of 18 tokens and one more, for each of 7 rows; 2 · 19 - 1 distances.
    expect(self.dispatch.params).toMatchObject({ heads: 2, length: 19, maxLength: 19 });
    expect(self.dispatch.constants).toEqual({ HEAD: 5, STEPS: 1 });
    expect(
      of('decodeSelfAttention', 'decodeSelfAttention', { headSize: 65 }).dispatch.constants['STEPS'],
    ).toBe(2);
    const cross = of('decodeCrossAttention', 'decodeCrossAttention', { headSize: 65 });
    expect(cross.dispatch.params).toMatchObject({ keys: 1, keyStride: 261, valueStride: 261 });
    expect(cross.dispatch.constants).toEqual({ HEAD: 65, STEPS: 2 });
  });
});

describe('threads', () => {
  test('of a row are as many as its columns keep busy, or the four of a quad', () => {
    const constants = (columns: number, sharing: Sharing = 'workgroup') =>
      of('rmsNorm', 'rmsNorm', { columns }, sharing).dispatch;
    expect(constants(512).constants).toEqual({ THREADS: 32, ROWS_EACH: 1, SIZE: 32 });
    expect(constants(513).constants).toEqual({ THREADS: 64, ROWS_EACH: 1, SIZE: 64 });
    expect(constants(513).flags).toContain('FEW_THREADS');
    expect(constants(513).subgroups).toBe(false);
    expect(constants(513, 'quad')).toMatchObject({ constants: { THREADS: 4 }, subgroups: true });
    expect(constants(513, 'quad').flags).toContain('QUAD');
    const loss = (columns: number) => of('crossEntropy without', 'crossEntropy', { columns }).dispatch;
    expect(loss(2048)).toMatchObject({ constants: { THREADS: 64 } });
    expect(loss(2049)).toMatchObject({ constants: { THREADS: 256 } });
    expect(loss(2048).flags).toContain('FEW_THREADS');
    expect(loss(2049).flags).not.toContain('FEW_THREADS');
    const backward = (columns: number) =>
      of('rmsNormBackward', 'rmsNormBackward', { columns }).dispatch.constants;
    expect(backward(128)).toEqual({ THREADS: 32, ROWS_EACH: 1, SIZE: 32, QUADS: 1 });
    expect(backward(129)).toEqual({ THREADS: 32, ROWS_EACH: 1, SIZE: 32, QUADS: 2 });
  });

  test('of rows by quads have a row for each quad of a workgroup', () => {
    for (const [name, kind] of [
      ['rmsNorm', 'rmsNorm'],
      ['crossEntropy without', 'crossEntropy'],
      ['rmsNormBackward', 'rmsNormBackward'],
    ] as const) {
      const { operation, capacities } = of(name, kind);
      const cut = (sharing: Sharing, quads?: number) => {
        const [{ constants, grid }] = dispatchesOf(operation, capacities, {
          product: () => matmulVariants[0]!,
          sharing,
          quads,
        }) as [Dispatch];
        const { THREADS, ROWS_EACH, SIZE } = constants;
        const counts = Object.fromEntries(countNames.map((one) => [one, 19])) as unknown as Counts;
        return [THREADS, ROWS_EACH, SIZE, threads(grid(counts))];
      };
      // A backward norm has a run of rows for each of so many partial sums.
      const rows = operation.kind === 'rmsNormBackward' ? operation.partials.shape[0]! : 19;
      expect(cut('quad', 2)).toEqual([4, 2, 8, Math.ceil(rows / 2)]);
      expect(cut('quad')).toEqual([4, 1, 4, rows]);
      expect(cut('workgroup', 2).slice(1)).toEqual([1, expect.any(Number), rows]);
    }
  });

  test('of attention by quads have a head for each quad of a workgroup, where as many divide the heads', () => {
    for (const kind of ['attention', 'attentionBackward'] as const) {
      const cut = (heads: number, sharing: Sharing) => {
        const { operation, capacities, counts } = of(`${kind}, causal`, kind, { heads });
        const [{ constants, grid }] = dispatchesOf(operation, capacities, {
          product: () => matmulVariants[0]!,
          sharing,
          quads: 2,
        }) as [Dispatch];
        return [constants['THREADS'], constants['HEADS_EACH'], grid(counts)[1]];
      };
      expect(cut(4, 'quad')).toEqual([8, 2, 2]);
      expect(cut(3, 'quad')).toEqual([4, 1, 3]);
      expect(cut(4, 'workgroup').slice(1)).toEqual([undefined, 4]);
    }
  });

  test('of attention by quads take four floats at once where all is whole fours', () => {
    const fours = { headSize: 20, heads: 4, lengths: [3, 19], keyLengths: [19, 3] };
    for (const [kind, name] of [
      ['attention', 'cross'],
      ['attentionBackward', 'cross'],
      ['attention', 'causal'],
      ['attentionBackward', 'bidirectional'],
    ] as const) {
      const isInFours = (changed: Partial<CaseSizes>, quads = 2) => {
        const { operation, capacities } = of(`${kind}, ${name}`, kind, { ...fours, ...changed });
        const choices = { product: () => matmulVariants[0]!, sharing: 'quad', quads } as const;
        return dispatchesOf(operation, capacities, choices).every(
          ({ flags, constants, bindings }) =>
            flags.includes('FOURS') &&
            constants['AT_ONCE'] === 4 &&
            bindings.every(({ name: bound, vector }) => vector === true || /^(diagonals|bias)$/.test(bound)),
        );
      };
      expect(isInFours({})).toBe(true);
      expect(isInFours({}, 1)).toBe(true);
      expect(isInFours({ headSize: 21 })).toBe(false);
      expect(isInFours({ lengths: [3, 18], keyLengths: [18, 3] })).toBe(false);
    }
  });

  test('of attention are cut by the width of a head, which has a limit', () => {
    const constants = (headSize: number, sharing: Sharing = 'workgroup') =>
      of('attention, causal', 'attention', { headSize }, sharing).dispatch.constants;
    expect(constants(64)).toEqual({ HEAD: 64, THREADS: 64, SUBS: 4, GROUPS: 16, STEPS: 4 });
    expect(constants(65)).toEqual({ HEAD: 65, THREADS: 32, SUBS: 2, GROUPS: 8, STEPS: 9 });
    expect(constants(128)).toMatchObject({ THREADS: 32, STEPS: 16 });
    expect(() => constants(129)).toThrow(EngineError);
    // A quad is told the width: one kernel for all widths of as many steps.
    expect(constants(64, 'quad')).toEqual({
      THREADS: 4,
      HEADS_EACH: 1,
      STEPS: 4,
      STEPS_EACH: 2,
      STEP_LOOPS: 2,
      AT_ONCE: 1,
    });
    expect(constants(49, 'quad')).toEqual(constants(64, 'quad'));
    expect(of('attention, causal', 'attention', { headSize: 49 }, 'quad').dispatch.params).toMatchObject({
      headSize: 49,
    });
    expect(constants(17, 'quad')).toMatchObject({ STEPS: 2 });
    // Too wide for a quad.
    expect(constants(65, 'quad')).toMatchObject({ THREADS: 32 });
  });
});

describe('attention', () => {
  test('has its tables, columns and distances', () => {
    const { operation, dispatch } = of('attention, causal', 'attention');
    expect(dispatch.flags).toEqual(['DROPOUT', 'CAUSAL', 'BIAS']);
    expect(written(dispatch)).toEqual(['probabilities', 'context']);
    expect(dispatch.params).toMatchObject({
      heads: 2,
      tileCount: extentWord('decoderTiles'),
      sequences: extentWord('decoderSequences'),
      tiles: operation.tiles.offset,
      querySequences: operation.querySequences.offset,
      keySequences: operation.keySequences.offset,
      capacity: 23,
      maxKeys: 19,
      inner: 10,
      q: 0,
      k: 10,
      v: 20,
      qStride: 30,
      kStride: 30,
      vStride: 30,
      maxLength: 19,
    });
    const cross = of('attention, cross', 'attention').dispatch;
    expect(cross.flags).toEqual(['DROPOUT']);
    expect(cross.params).toMatchObject({ k: 3, v: 13, qStride: 30, kStride: 23, maxKeys: 35 });
    expect(cross.params).not.toHaveProperty('maxLength');
  });

  test('backwards is one dispatch where eight buffers are enough, else one for each role', () => {
    const one = of('attentionBackward, causal', 'attentionBackward');
    expect(one.dispatches.map(({ flags }) => flags)).toEqual([
      ['QUERIES', 'KEYS', 'DROPOUT', 'CAUSAL', 'DIAGONALS', 'ADDS'],
    ]);
    expect(one.dispatch.params).toMatchObject({
      q: 0,
      dk: 10,
      dv: 20,
      dqStride: 30,
      dkStride: 30,
      maxLength: 19,
    });
    const { operation, capacities } = one;
    // Everything in its own buffer: nine with the tables.
    const apart: Operation = {
      ...operation,
      k: { of: { ...operation.k.of, place: { kind: 'slot', slot: 90 } }, from: 0 },
      v: { of: { ...operation.v.of, place: { kind: 'slot', slot: 91 } }, from: 0 },
      dk: { of: { ...operation.dk.of, place: { kind: 'slab', slab: 'gradients', part: 1 } }, from: 0 },
    };
    const two = dispatchesOf(apart, capacities, { product: () => matmulVariants[0]!, sharing: 'quad' });
    expect(two.map(({ flags }) => flags.slice(0, 3))).toEqual([
      ['QUERIES', 'DROPOUT', 'QUAD'],
      ['KEYS', 'DROPOUT', 'QUAD'],
    ]);
    expect(two.map(written)).toEqual([
      ['dq', 'diagonals'],
      ['dk', 'dv'],
    ]);
    expect(two[0]!.params).not.toHaveProperty('dk');
    expect(two[1]!.params).not.toHaveProperty('dq');
    const counts = { ...noCounts, decoderTiles: 4, decoderSequences: 3 };
    expect(two.map(({ grid }) => threads(grid(counts)))).toEqual([4 * 2, 3 * 2 * 2]);
  });

  test('by quads is told when it runs what other kernels are compiled for', () => {
    const parts = (name: string, kind: 'attention' | 'attentionBackward') => {
      const { flags, params } = of(name, kind, {}, 'quad').dispatch;
      return { flags, causal: params['causal'], adds: params['adds'] };
    };
    expect([parts('attention, causal', 'attention'), parts('attention, cross', 'attention')]).toEqual([
      { flags: ['DROPOUT', 'QUAD', 'BIAS'], causal: 1, adds: undefined },
      { flags: ['DROPOUT', 'QUAD'], causal: 0, adds: undefined },
    ]);
    const backward = ['QUERIES', 'KEYS', 'DROPOUT', 'QUAD'];
    expect(parts('attentionBackward, causal', 'attentionBackward')).toEqual({
      flags: [...backward, 'DIAGONALS'],
      causal: 1,
      adds: 1,
    });
    expect(parts('attentionBackward, cross', 'attentionBackward')).toEqual({
      flags: backward,
      causal: 0,
      adds: undefined,
    });
  });

  test('has the gradient of its bias from the tiles', () => {
    const { operation, dispatch } = of('attentionBackward, bidirectional', 'biasGradient');
    expect(dispatch.params).toEqual({
      tileCount: extentWord('decoderTiles'),
      heads: 2,
      maxLength: 19,
      causal: 0,
      buckets: operation.buckets.offset,
      accumulate: 2,
    });
    expect(of('attentionBackward, causal', 'biasGradient').dispatch.params['causal']).toBe(1);
  });
});

describe('loss and update', () => {
  test('the gradient takes the place of the logits, where it is asked for', () => {
    expect(access(of('crossEntropy with gradient', 'crossEntropy').dispatch)).toEqual([
      'logits read_write',
      'weights read',
      'losses read_write',
    ]);
    expect(access(of('crossEntropy without', 'crossEntropy').dispatch)).toEqual([
      'logits read',
      'losses read_write',
    ]);
    const { dispatches } = of('crossEntropy without', 'crossEntropy');
    expect(dispatches[1]!.params).toEqual({
      rows: extentWord('decoderRows'),
      answerRows: extentWord('answerRows'),
      accumulate: 2,
    });
  });

  test('a norm is read in fours where they are whole', () => {
    const { operation, capacities } = of('squaredNorm and clip', 'squaredNorm');
    const flags = (changes: Partial<Tensor>) => {
      const gradients = { ...operation.gradients, ...changes };
      const [dispatch] = dispatchesOf({ ...operation, gradients, first: 3 }, capacities, {
        product: () => matmulVariants[0]!,
        sharing: 'workgroup',
      });
      expect(dispatch!.bindings[0]!.vector).toBe(dispatch!.flags.includes('VECTOR'));
      expect(dispatch!.params['output']).toBe(3);
      return dispatch!.flags;
    };
    expect(flags({ shape: [8] })).toContain('VECTOR');
    expect(flags({ shape: [9] })).not.toContain('VECTOR');
    expect(flags({ shape: [8], offset: 2 })).not.toContain('VECTOR');
  });

  test('AdamW goes through its range of all four slabs in fours', () => {
    const results: Tensor = { place: { kind: 'slot', slot: 0 }, offset: 0, shape: [8] };
    const [dispatch] = dispatchesOf(
      { kind: 'adamw', part: 2, offset: 64, length: 1028, decayed: true, results },
      noCounts,
      { product: () => matmulVariants[0]!, sharing: 'workgroup' },
    );
    expect(access(dispatch!)).toEqual([
      'gradients read',
      'parameters read_write',
      'expAvg read_write',
      'expAvgSq read_write',
      'results read',
    ]);
    expect(dispatch!.bindings.map(({ vector }) => vector === true)).toEqual([true, true, true, true, false]);
    expect(dispatch!.bindings[1]!.tensor).toEqual({
      place: { kind: 'slab', slab: 'parameters', part: 2 },
      offset: 64,
      shape: [1028],
    });
    expect(dispatch!.params).toEqual({ quads: 257, decayed: 1 });
    expect(dispatch!.grid(noCounts)).toEqual([2, 1, 1]);
  });

  test('Adafactor leaves columns out of vectors, and gives narrow rows a thread each', () => {
    const names = (dispatches: readonly Dispatch[]) =>
      dispatches.map(({ label }) => label.replace('adafactor ', ''));
    const matrices = of('adafactor of matrices', 'adafactor');
    expect(names(matrices.dispatches)).toEqual(['rows', 'columns', 'totals', 'squares', 'factors', 'apply']);
    expect(names(of('adafactor of vectors', 'adafactor').dispatches)).toEqual([
      'rows',
      'totals',
      'squares',
      'factors',
      'apply',
    ]);
    // Two of 133 rows and 55 columns, in two chunks.
    const [rows, columns, totals, , factors, apply] = matrices.dispatches as [
      Dispatch,
      Dispatch,
      Dispatch,
      Dispatch,
      Dispatch,
      Dispatch,
    ];
    expect(rows.params).toEqual({ allRows: 266, rows: 133, columns: 55 });
    expect(rows.grid(noCounts)).toEqual([266, 1, 1]);
    expect(columns.params).toEqual({ items: 4, chunks: 2, rows: 133, columns: 55 });
    expect(columns.grid(noCounts)).toEqual([4, 1, 1]);
    expect(totals.params).toEqual({ count: 2, rows: 133, columns: 55, chunks: 2, scaled: 1 });
    expect(totals.grid(noCounts)).toEqual([2, 1, 1]);
    expect(factors.params).toEqual({ count: 2, rows: 133, columns: 55 });
    expect(apply.params).toEqual({ length: 266 * 55, rows: 133, columns: 55, decayed: 1 });
    expect(apply.grid(noCounts)).toEqual([Math.ceil((266 * 55) / 256), 1, 1]);
    expect(matrices.dispatches.map(written)).toEqual([
      ['rowState', 'rowSums'],
      ['columnSums'],
      ['columnState', 'scalars'],
      ['rowSums'],
      ['scalars'],
      ['parameters'],
    ]);
    const narrow = (columns: number) => of('adafactor of matrices', 'adafactor', { columns, dropout: false });
    expect(narrow(48).dispatch.flags).toEqual(['NARROW']);
    expect(narrow(48).dispatch.grid(noCounts)).toEqual([5, 1, 1]);
    expect(narrow(49).dispatch.flags).toEqual(['FEW_THREADS']);
  });
});
