/** How products are cut up, and what their kernels are told. */
import { describe, expect, test } from 'vitest';
import type { Matmul } from '../plan/operations.ts';
import { noCounts, type Tensor } from '../plan/plan.ts';
import { dispatchesOf } from './dispatches.ts';
import { hasFewColumns, matmulVariants, variantsFor } from './matmul.ts';

test('a variant is cut up as its name says: rows and columns of a workgroup, or of a thread', () => {
  const told = matmulVariants.map(({ name, kernel, threadsX, threadsY, rowBlocks, groups }) => {
    // A quad’s four threads have row blocks and columns of their own, and exchange rows.
    const rows = 4 * rowBlocks * threadsY * (kernel === 'quad' ? 4 : 1);
    const [aThread, aGroup] = [`${4 * rowBlocks}×${4 * groups}`, `${rows}×${4 * groups * threadsX}`];
    if (kernel === 'direct') return [name, `direct ${aThread} a thread`];
    if (kernel === 'quad') return [name, `${threadsX * threadsY === 8 ? 'two quads' : 'quad'} ${aGroup}`];
    const isSmall = rowBlocks === 1 && groups === 1;
    return [name, `${kernel} ${aGroup}${isSmall ? '' : `, ${aThread} a thread`}`];
  });
  for (const [name, expected] of told) expect(name).toBe(expected);
});

test('staged ones take sixteen of the inner dimension at a time; threads are whole squares, or one quad or two', () => {
  for (const { kernel, threadsX, threadsY, rowBlocks, depth } of matmulVariants) {
    expect(depth).toBe(kernel === 'staged' ? 16 : 0);
    if (kernel === 'quad') {
      // Rows are told apart by exclusive or: a lane has a power of two of them.
      expect([1, 2, 4]).toContain(rowBlocks);
      expect([4, 8]).toContain(threadsX * threadsY);
      expect(threadsX % 4).toBe(0);
    } else {
      expect([8, 16]).toContain(threadsX);
      expect(threadsY).toBe(threadsX);
    }
  }
});

describe('products', () => {
  const tensor = (slot: number, changes: Partial<Tensor> = {}): Tensor => ({
    place: { kind: 'slot', slot },
    offset: 0,
    shape: [],
    ...changes,
  });
  const product = (changes: Partial<Matmul> = {}): Matmul => ({
    kind: 'matmul',
    form: 'nt',
    m: 'decoderRows',
    n: 8,
    k: 12,
    a: tensor(0),
    b: tensor(1),
    c: tensor(2),
    scale: 1,
    accumulate: 'never',
    epilogue: { kind: 'none' },
    ...changes,
  });
  const gated = { kind: 'gated', gate: 'gelu', hidden: tensor(3), dropout: null } as const;
  const dispatchOf = (operation: Matmul, variant = matmulVariants[0]!) =>
    dispatchesOf(operation, noCounts, { product: () => variant, sharing: 'workgroup' })[0]!;

  test.each(matmulVariants.map((variant) => [variant.name, variant] as const))(
    '%s: its workgroups cover every row and column, and none lies beyond',
    (_, variant) => {
      for (const epilogue of [{ kind: 'none' } as const, gated]) {
        for (const [rows, n] of [
          [1, 2],
          [32, 64],
          [33, 66],
          [64, 128],
          [129, 130],
        ] as const) {
          // Each is held on any width, also on one that it is not offered for.
          if (epilogue.kind === 'gated' && variant.groups % 2 !== 0) continue;
          const { constants, grid } = dispatchOf(product({ n, epilogue }), variant);
          const { THREADS_X, THREADS_Y, ROWS, GROUPS, PAIRS, ROW_BLOCKS } = constants as Record<
            string,
            number
          >;
          const rowsEach = ROWS! * THREADS_Y!;
          // A thread of a gate has as many groups of one half as of the other.
          const columns = epilogue.kind === 'gated' ? n / 2 : n;
          const columnsEach = 4 * THREADS_X! * (epilogue.kind === 'gated' ? PAIRS! : GROUPS!);
          const [x, y, z] = grid({ ...noCounts, decoderRows: rows });
          expect(x * columnsEach).toBeGreaterThanOrEqual(columns);
          expect((x - 1) * columnsEach).toBeLessThan(columns);
          expect(y * rowsEach).toBeGreaterThanOrEqual(rows);
          expect((y - 1) * rowsEach).toBeLessThan(rows);
          expect(z).toBe(1);
          expect(ROWS).toBe(4 * ROW_BLOCKS! * (variant.kernel === 'quad' ? 4 : 1));
        }
      }
    },
  );

  test('no gate is cut into an odd number of groups, and quads need a device that has them', () => {
    const names = (operation: Matmul, lanes: 0 | 4 | 8) =>
      variantsFor(operation, lanes).map(({ name }) => name);
    const all = new Set([...names(product({ n: 32 }), 4), ...names(product({ n: 32 }), 8)]);
    expect(all).toEqual(new Set(matmulVariants.map(({ name }) => name)));
    expect(names(product({ n: 32 }), 0).some((name) => name.includes('quad'))).toBe(false);
    expect(names(product({ n: 32 }), 4).some((name) => name.startsWith('two quads'))).toBe(false);
    expect(names(product({ n: 32 }), 8).some((name) => name.startsWith('quad'))).toBe(false);
    expect(names(product({ epilogue: gated }), 4)).not.toContain('staged 32×32');
    expect(names(product({ epilogue: gated }), 4)).toContain('direct 4×8 a thread');
    expect(names(product({ epilogue: gated }), 4)).toContain('quad 16×32');
    expect(names(product({ epilogue: gated }), 8)).toContain('two quads 16×64');
  });

  test('two quads below each other are offered where columns are few: up to 32, or twice that where half of them are a gate', () => {
    const isOffered = (changes: Partial<Matmul>) =>
      variantsFor(product(changes), 8).some(({ name }) => name === 'two quads 64×16');
    expect(isOffered({ n: 8 })).toBe(true);
    expect(isOffered({ n: 33 })).toBe(false);
    // A gate has no half of one group.
    expect(isOffered({ n: 8, epilogue: gated })).toBe(false);
    const isFew = (n: number, epilogue: Matmul['epilogue']) => hasFewColumns(product({ n, epilogue }));
    expect([isFew(64, gated), isFew(66, gated)]).toEqual([true, false]);
    expect(hasFewColumns(product({ n: 'decoderRows' }))).toBe(false);
  });

  test.each<[boolean, Partial<Matmul>]>([
    [true, {}],
    [false, { n: 6 }],
    [false, { k: 10 }],
    [true, { k: 'encoderRows', form: 'tn', m: 8 }],
    [false, { k: 'encoderRows', form: 'tn', m: 6 }],
    [true, { form: 'tn', m: 8, k: 10 }],
    [false, { a: tensor(0, { offset: 2 }) }],
    [false, { b: tensor(1, { offset: 2 }) }],
    [false, { c: tensor(2, { offset: 2 }) }],
    [true, { c: tensor(2, { offset: 4 }) }],
    [false, { epilogue: gated, n: 4 }],
    [true, { epilogue: gated, n: 8 }],
    [true, { strides: { a: 12, b: 16, c: 8 } }],
    [false, { strides: { a: 13, b: 16, c: 8 } }],
    [false, { strides: { a: 12, b: 14, c: 8 } }],
    [false, { strides: { a: 12, b: 16, c: 9 } }],
  ])('four floats at once: %s for %o', (vectors, changes) => {
    const dispatch = dispatchOf(product(changes));
    expect(dispatch.vectors).toBe(vectors);
    expect(dispatch.flags.includes('VECTOR')).toBe(vectors);
  });

  test('rows follow each other without gaps, unless they are columns of a wider matrix', () => {
    const strides = (changes: Partial<Matmul>) => {
      const { strideA, strideB, strideC } = dispatchOf(product(changes)).params;
      return [strideA, strideB, strideC];
    };
    expect(strides({ form: 'nt' })).toEqual([12, 12, 8]);
    expect(strides({ form: 'nn' })).toEqual([12, 8, 8]);
    expect(strides({ form: 'tn', m: 16, k: 'encoderRows' })).toEqual([16, 8, 8]);
    expect(strides({ strides: { a: 1, b: 2, c: 3 } })).toEqual([1, 2, 3]);
  });

  test('flags say the form, the epilogue, halves, and what is added to', () => {
    const flags = (changes: Partial<Matmul>, variant = matmulVariants[0]!) =>
      dispatchOf(product({ n: 6, ...changes }), variant).flags;
    expect(flags({})).toEqual(['NT', 'NONE']);
    expect(flags({ accumulate: 'laterPasses', form: 'nn' })).toEqual(['NN', 'NONE', 'ADDS']);
    expect(flags({ b: tensor(1, { half: true }) })).toEqual(['NT', 'NONE', 'HALF']);
    expect(flags({ epilogue: { ...gated, gate: 'silu' } })).toEqual(['NT', 'GATE', 'SILU']);
    const dropout = { site: 9, stack: 'decoder' } as const;
    const dropped = dispatchOf(product({ epilogue: { kind: 'relu', dropout } }));
    expect(dropped.flags).toEqual(expect.arrayContaining(['RELU', 'DROPOUT']));
    expect(dropped.params).toMatchObject({ site: 9, stack: 1 });
    const direct = matmulVariants.find(({ kernel }) => kernel === 'direct')!;
    expect(flags({}, direct)).toEqual(['NT', 'NONE', 'ROWS']);
  });

  test('a matrix that both are read and written by an epilogue is bound for both', () => {
    const epilogues = (form: Matmul['epilogue']) =>
      dispatchOf(product({ epilogue: form })).bindings.map(({ name, access }) => `${name} ${access}`);
    const activation = tensor(3);
    expect(epilogues({ kind: 'residual', residual: activation, dropout: null }).at(-1)).toBe('residual read');
    expect(epilogues(gated).at(-1)).toBe('hidden read_write');
    expect(epilogues({ kind: 'reluBackward', activation, dropout: null }).at(-1)).toBe('activation read');
    expect(epilogues({ kind: 'gatedBackward', gate: 'gelu', activation, dropout: null }).at(-1)).toBe(
      'activation read_write',
    );
  });
});
