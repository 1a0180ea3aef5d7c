import { describe, expect, test, vi } from 'vitest';
import type { Matmul } from '../plan/operations.ts';
import { noCounts, quietRun } from '../plan/plan.ts';
import { matmul, matmulVariants, type MatmulVariant } from './matmul.ts';
import { Pipelines } from './pipelines.ts';
import { runBlockBytes, writeRunBlock } from './run-block.ts';
import { openFakeGpu, type FakeDispatch } from './testing/fake-gpu.ts';
import { areSame, isProduct, operandsOfTrial, shrink, trialsOn } from './trial.ts';

const slot = (number: number) => ({ place: { kind: 'slot', slot: number }, offset: 64, shape: [] }) as const;
const product = (changes: Partial<Matmul> = {}): Matmul => ({
  kind: 'matmul',
  form: 'nt',
  m: 'decoderRows',
  n: 24,
  k: 16,
  a: slot(5),
  b: slot(6),
  c: slot(7),
  scale: 0.5,
  accumulate: 'always',
  epilogue: { kind: 'none' },
  ...changes,
});
const counts = { ...noCounts, decoderRows: 40 };
const gated = { kind: 'gated', gate: 'silu', hidden: slot(8), dropout: null } as const;

describe('a product that is shrunk', () => {
  const sizes = (changes: Partial<Matmul>, flops: number) => {
    const { product: small, flops: cost } = shrink(product(changes), counts, flops);
    expect(cost).toBe(2 * small.m * small.n * small.k);
    return [small.m, small.n, small.k];
  };

  test('has its longest dimension halved until it costs so much at most', () => {
    expect(sizes({}, 1e9)).toEqual([40, 24, 16]);
    expect(sizes({ m: 512, n: 256, k: 128 }, 2 * 512 * 256 * 128)).toEqual([512, 256, 128]);
    expect(sizes({ m: 512, n: 256, k: 128 }, 2 * 512 * 256 * 128 - 1)).toEqual([256, 256, 128]);
    // Of equal ones rows come first, then columns.
    expect(sizes({ m: 256, n: 256, k: 256 }, 2 * 128 * 256 * 256)).toEqual([128, 256, 256]);
    expect(sizes({ m: 256, n: 256, k: 256 }, 2 * 128 * 128 * 256)).toEqual([128, 128, 256]);
    expect(sizes({ m: 256, n: 256, k: 256 }, 2 * 128 * 128 * 128)).toEqual([128, 128, 128]);
  });

  test('keeps whole fours, tiles that are full, and two equal halves of a gate', () => {
    expect(sizes({ m: 100, n: 8, k: 8 }, 2 * 60 * 64)).toEqual([52, 8, 8]);
    expect(sizes({ m: 64, n: 64, k: 64 }, 1)).toEqual([64, 64, 64]);
    expect(sizes({ m: 68, n: 64, k: 64 }, 1)).toEqual([36, 64, 64]);
    expect(sizes({ m: 8, n: 200, k: 8, epilogue: gated }, 2 * 64 * 104)).toEqual([8, 104, 8]);
  });

  test('stands by itself: its own tensors, nothing added to, no wider matrix', () => {
    const { product: small } = shrink(product({ strides: { a: 99, b: 99, c: 99 } }), counts, 1e9);
    expect(small).not.toHaveProperty('strides');
    expect([small.accumulate, small.epilogue.kind, small.scale]).toEqual(['never', 'none', 0.5]);
    expect([small.a, small.b, small.c].map(({ place, offset, shape }) => [place, offset, shape])).toEqual([
      [{ kind: 'slot', slot: 0 }, 0, [40, 16]],
      [{ kind: 'slot', slot: 1 }, 0, [24, 16]],
      [{ kind: 'slot', slot: 2 }, 0, [40, 24]],
    ]);
    const turned = shrink(product({ form: 'tn' }), counts, 1e9).product;
    expect([turned.a.shape, turned.b.shape]).toEqual([
      [16, 40],
      [16, 24],
    ]);
    const { c, epilogue } = shrink(product({ epilogue: gated }), counts, 1e9).product;
    expect(c.shape).toEqual([40, 12]);
    expect(epilogue).toMatchObject({ kind: 'gated', gate: 'silu', hidden: { shape: [40, 24] } });
  });

  test('has the kernel that a step has too: of gradients, and of a gate that drops', () => {
    const dropout = { site: 3, stack: 'encoder' } as const;
    const epilogue = { ...gated, dropout };
    const gradient = shrink(product({ form: 'tn', accumulate: 'laterPasses' }), counts, 1e9).product;
    const dropped = shrink(product({ accumulate: 'never', epilogue }), counts, 1e9).product;
    expect(matmul(gradient, matmulVariants[0]!).flags).toContain('ADDS');
    expect(matmul(dropped, matmulVariants[1]!).flags).toContain('DROPOUT');
  });
});

/** C = scale · A·B as `form` has it, in double precision. */
function multiply(
  { form, m, n, k, scale }: { form: Matmul['form']; m: number; n: number; k: number; scale: number },
  a: Float32Array,
  b: Float32Array,
): Float32Array {
  return Float32Array.from({ length: m * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let inner = 0; inner < k; inner += 1)
      sum +=
        a[form === 'tn' ? inner * m + row : row * k + inner]! *
        b[form === 'nt' ? column * k + inner : inner * n + column]!;
    return scale * sum;
  });
}

describe('results', () => {
  test.each(['nt', 'nn', 'tn'] as const)(
    '%s: the product is known, and one wrong value in any row looked at',
    (form) => {
      const trial = shrink(product({ form, m: 60 }), counts, 1e9);
      const operands = operandsOfTrial(trial);
      const right = multiply(trial.product, operands.a, operands.b);
      expect(isProduct(trial, operands, right)).toBe(true);
      expect(isProduct(trial, operands, right.subarray(1))).toBe(false);
      for (const [row, column] of [
        [0, 0],
        [0, 23],
        [59, 5],
      ] as const) {
        for (const off of [1e-4, -1e-4, NaN]) {
          const wrong = right.slice();
          wrong[row * 24 + column]! += off;
          expect(isProduct(trial, operands, wrong)).toBe(false);
        }
      }
      // What rounding explains is no fault.
      expect(
        isProduct(
          trial,
          operands,
          right.map((value) => value + 5e-6),
        ),
      ).toBe(true);
    },
  );

  test('of few rows all are looked at, of many two dozen from the first to the last', () => {
    const lookedAt = (m: number) => {
      const trial = shrink(product({ m, n: 2, k: 2 }), counts, 1e9);
      const operands = operandsOfTrial(trial);
      const right = multiply(trial.product, operands.a, operands.b);
      return Array.from({ length: m }, (_, row) => row).filter((row) => {
        const wrong = right.slice();
        wrong[2 * row + 1]! += 1;
        return !isProduct(trial, operands, wrong);
      });
    };
    expect(lookedAt(24)).toHaveLength(24);
    const many = lookedAt(47);
    expect(many).toEqual(Array.from({ length: 24 }, (_, at) => 2 * at));
  });

  test('are the same to the bit, or not', () => {
    const one = [Float32Array.of(1, 2), Float32Array.of(0)];
    expect(areSame(one, [Float32Array.of(1, 2), Float32Array.of(0)])).toBe(true);
    expect(areSame(one, [Float32Array.of(1, 2), Float32Array.of(-0)])).toBe(false);
    expect(areSame(one, [Float32Array.of(1, 2, 3), Float32Array.of(0)])).toBe(false);
    expect(areSame([new Float32Array(4).subarray(1)], [new Float32Array(3)])).toBe(true);
  });

  test('operands are the same always, between -1 and 1, and differ', () => {
    const trial = shrink(product(), counts, 1e9);
    const { a, b } = operandsOfTrial(trial);
    expect([a.length, b.length]).toEqual([40 * 16, 24 * 16]);
    expect(operandsOfTrial(trial)).toEqual({ a, b });
    expect(a.every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(Math.min(...a)).toBeLessThan(-0.9);
    expect(Math.max(...a)).toBeGreaterThan(0.9);
    expect(a[0]).not.toBe(b[0]);
  });
});

describe('on a GPU', () => {
  async function open(changes: Partial<Matmul>, variant: MatmulVariant) {
    const trial = shrink(product(changes), counts, 1e9);
    const seen: FakeDispatch[] = [];
    const device = await openFakeGpu({
      compute: (dispatch) => {
        seen.push(dispatch);
        if (vi.isFakeTimers()) vi.advanceTimersByTime(5);
        const [a, b, c, hidden] = dispatch.buffers;
        const whole = multiply(trial.product, a!.floats, b!.floats);
        (hidden ?? c)!.floats.set(whole);
        if (hidden !== undefined) c!.floats.fill(7, 0, whole.length / 2);
      },
    });
    const held = device.gpu.bytesHeld;
    const opened = await trialsOn(device.gpu, Pipelines.of(device.gpu))(trial, variant);
    return { trial, device, held, opened, seen };
  }

  test('a trial runs as often as it is told, in one submission, and gives what was written', async () => {
    const { trial, device, held, opened, seen } = await open({}, matmulVariants[0]!);
    const before = device.submissions();
    // By a clock that is not at its beginning, each product taking five milliseconds.
    vi.useFakeTimers({ toFake: ['performance'] });
    vi.advanceTimersByTime(1000);
    try {
      expect(await opened.run(3)).toBe(3 * 5);
    } finally {
      vi.useRealTimers();
    }
    expect(device.submissions()).toBe(before + 1);
    expect(seen.map(({ grid }) => grid)).toEqual([
      [1, 2, 1],
      [1, 2, 1],
      [1, 2, 1],
    ]);
    // Whatever its kernel could do in a run, it adds to nothing and drops nothing.
    const quiet = new DataView(new ArrayBuffer(runBlockBytes));
    writeRunBlock(quiet, { ...quietRun, counts: noCounts });
    expect(seen.map(({ run }) => [...run])).toEqual(seen.map(() => [...new Uint8Array(quiet.buffer)]));
    const results = await opened.results();
    expect(results.map(({ length }) => length)).toEqual([40 * 24]);
    expect(isProduct(trial, operandsOfTrial(trial), results[0]!)).toBe(true);
    const whileOpen = device.gpu.bytesHeld;
    expect(whileOpen).toBe(held + 4 * (40 * 16 + 24 * 16 + 40 * 24) + 512);
    opened.close();
    expect(device.gpu.bytesHeld).toBe(held);
  });

  test('with a gate it gives the values before and after it', async () => {
    const variant = matmulVariants.find(({ name }) => name === 'staged 64×64, 8×8 a thread')!;
    const { trial, opened } = await open({ epilogue: gated }, variant);
    await opened.run(1);
    const [before, after] = (await opened.results()) as [Float32Array, Float32Array];
    expect(isProduct(trial, operandsOfTrial(trial), before)).toBe(true);
    expect([...new Set(after)]).toEqual([7]);
    expect(after).toHaveLength(40 * 12);
  });
});
