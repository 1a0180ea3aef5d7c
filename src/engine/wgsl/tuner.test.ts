import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EngineError } from '../../base/errors.ts';
import { AdapterNotes, type AdapterMemory, type AdapterRecord } from '../gpu/adapter-notes.ts';
import type { Matmul } from '../plan/operations.ts';
import { SlabLayout } from '../plan/slab-layout.ts';
import { parseTiny } from '../plan/testing/tiny-engine.ts';
import { planStep } from '../plan/training.ts';
import { matmulVariants } from './matmul.ts';
import { operandsOfTrial, type OpenTrials, type Trial } from './trial.ts';
import { Tuner } from './tuner.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

interface Machine {
  /** A GPU in software, with subgroups of a quad or wider ones. */
  software?: 'quad' | 'wide';
  /** Of each variant; of those that are left out 1e5. */
  flopsPerMs?: Record<string, number>;
  compileMs?: number;
  /** The end of work is told at whole multiples of this. */
  lateMs?: number;
  /** Variants that compute something else, and what they do to a right result. */
  wrong?: Record<string, (values: Float32Array) => void>;
}

/** A GPU whose kernels take so long, on its own clock. */
class SlowGpu {
  readonly hasSubgroups = true;
  readonly isSoftware: boolean;
  readonly hasWideSubgroups: boolean;
  readonly lateMs: number;
  readonly lasted: number[] = [];
  readonly opened: string[] = [];
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.isSoftware = machine.software !== undefined;
    this.hasWideSubgroups = machine.software === 'wide';
    this.lateMs = machine.lateMs ?? 0;
  }

  readonly open: OpenTrials = async (trial, variant) => {
    const isNew = !this.opened.includes(variant.name);
    this.opened.push(variant.name);
    if (isNew) await after(this.#machine.compileMs ?? 0);
    return {
      close: () => undefined,
      run: async (times) => {
        const startedAt = performance.now();
        const elapsedMs = (times * trial.flops) / (this.#machine.flopsPerMs?.[variant.name] ?? 1e5);
        this.lasted.push(elapsedMs);
        const doneAt = startedAt + elapsedMs;
        const toldAt = this.lateMs > 0 ? Math.ceil(doneAt / this.lateMs) * this.lateMs : doneAt;
        await after(toldAt - startedAt);
        return performance.now() - startedAt;
      },
      results: () => {
        const values = productOf(trial);
        this.#machine.wrong?.[variant.name]?.(values);
        return Promise.resolve([values]);
      },
    };
  };
}

function after(elapsedMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, elapsedMs));
}

/** As any variant computes it. */
function productOf(trial: Trial): Float32Array {
  const { a, b } = operandsOfTrial(trial);
  const { form, m, n, k, scale } = trial.product;
  const found = new Float32Array(m * n);
  for (let row = 0; row < m; row += 1) {
    for (let column = 0; column < n; column += 1) {
      let sum = 0;
      for (let at = 0; at < k; at += 1) {
        const left = a[form === 'tn' ? at * m + row : row * k + at]!;
        const right = b[form === 'nt' ? column * k + at : at * n + column]!;
        sum = Math.fround(sum + left * right);
      }
      found[row * n + column] = scale * sum;
    }
  }
  return found;
}

const layout = new SlabLayout(parseTiny({ d_model: 64, d_kv: 16, num_heads: 4, d_ff: 128, vocab_size: 128 }));
const plan = planStep(
  layout,
  {
    encoderRows: 64,
    decoderRows: 64,
    sequences: 4,
    generationRows: 0,
    maxEncoderLength: 16,
    maxDecoderLength: 16,
  },
  false,
);
/** One product is one class; the largest of a small student is small enough to be computed here. */
const products = [...plan.programs.values()]
  .flat()
  .filter((operation): operation is Matmul => operation.kind === 'matmul' && operation.form === 'nn')
  .slice(0, 1);

function memoryFor(browser: string, kept: Map<string, unknown> = new Map()): AdapterMemory {
  return {
    browser,
    read: (adapter) => Promise.resolve(kept.get(adapter)),
    write: (adapter, record) => {
      kept.set(adapter, structuredClone(record));
      return Promise.resolve();
    },
  };
}

async function tuned(gpu: SlowGpu, memory?: AdapterMemory): Promise<string> {
  const tuner = new Tuner(gpu, gpu.open, new AdapterNotes(memory, 'a GPU', '1'));
  const done = tuner.tune(products, plan.capacities);
  done.catch(() => undefined); // It is looked at below.
  await vi.runAllTimersAsync();
  await done;
  return tuner.choose(products[0]!).name;
}

const [first, second, third] = matmulVariants.map(({ name }) => name) as [string, string, string];

test('a variant that is asked for is taken where the device and the product can: a gate needs an even number of groups', () => {
  const called = (name: string) => matmulVariants.find((one) => one.name === name)!;
  const [product] = products as [Matmul];
  const gated: Matmul = {
    ...product,
    epilogue: { kind: 'gated', gate: 'gelu', hidden: product.c, dropout: null },
  };
  const chosen = (gpu: { hasSubgroups: boolean }, operation: Matmul, name: string) => {
    const traits = { isSoftware: true, hasWideSubgroups: false, lateMs: 0, ...gpu };
    const tuner = new Tuner(traits, new SlowGpu({}).open, new AdapterNotes(undefined, 'a GPU', '1'));
    return tuner.choose(operation, called(name)).name;
  };
  for (const name of ['staged 32×32', 'quad 32×64', 'two quads 32×32']) {
    expect(chosen({ hasSubgroups: true }, product, name)).toBe(name);
  }
  expect(chosen({ hasSubgroups: true }, gated, 'two quads 32×32')).toBe('quad 16×32');
  expect(chosen({ hasSubgroups: false }, product, 'quad 32×16')).toBe('direct 4×8 a thread');
});

test('the fastest variant is chosen', async () => {
  expect(await tuned(new SlowGpu({ flopsPerMs: { [third]: 4e5 } }))).toBe(third);
});

test.each([
  [
    'one value is another by its last bit',
    (values: Float32Array) => void (values[7] = nextFloat(values[7]!)),
  ],
  ['some values are zeros', (values: Float32Array) => void values.fill(0, 40)],
  ['one value is no number', (values: Float32Array) => void (values[values.length - 1] = NaN)],
])('a variant that computes something else is never chosen, however fast: %s', async (_, spoil) => {
  const machine = { flopsPerMs: { [second]: 1e7, [third]: 4e5 }, wrong: { [second]: spoil } };
  expect(await tuned(new SlowGpu(machine))).toBe(third);
});

test('a first variant that is wrong does not make the others seem wrong', async () => {
  const wrong = { [first]: (values: Float32Array) => void values.fill(1) };
  expect(await tuned(new SlowGpu({ flopsPerMs: { [second]: 4e5 }, wrong }))).toBe(second);
});

test('a GPU on which every variant is wrong is not used', async () => {
  const wrong = Object.fromEntries(
    matmulVariants.map(({ name }) => [name, (values: Float32Array) => void values.fill(0)]),
  );
  await expect(tuned(new SlowGpu({ wrong }))).rejects.toThrow(EngineError);
});

test('where the end of work is told late, nothing is chosen by chance and no submission lasts long', async () => {
  // A little faster, which nobody can measure there.
  const gpu = new SlowGpu({ lateMs: 100, compileMs: 37, flopsPerMs: { [second]: 1.05e5, [third]: 1.1e5 } });
  expect(await tuned(gpu)).toBe(first);
  expect(Math.max(...gpu.lasted)).toBeLessThanOrEqual(200);
});

test.each([0, 1.5, 100])(
  'no submission lasts long, whatever the GPU, where word comes %d ms late',
  async (lateMs) => {
    for (const speed of [3e5, 7e6, 1e7, 1e9]) {
      const flopsPerMs = Object.fromEntries(matmulVariants.map(({ name }) => [name, speed]));
      const gpu = new SlowGpu({ lateMs, flopsPerMs });
      await tuned(gpu);
      expect(Math.max(...gpu.lasted)).toBeLessThanOrEqual(200);
    }
  },
);

test('few variants are tried where compiling takes long, and the others in later sessions', async () => {
  const kept = new Map<string, unknown>();
  const memory = memoryFor('a browser 1', kept);
  const opened: string[][] = [];
  let chosen = '';
  // One more at least in each session.
  for (let session = 0; session <= matmulVariants.length; session += 1) {
    const gpu = new SlowGpu({ compileMs: 1500, flopsPerMs: { 'direct 8×8 a thread': 4e5 } });
    chosen = await tuned(gpu, memory);
    opened.push([...new Set(gpu.opened)]);
  }
  expect(chosen).toBe('direct 8×8 a thread');
  expect(opened[0]!.length).toBeLessThan(matmulVariants.length / 2);
  expect(opened[0]![0]).toBe(first);
  // Once all are known, nothing is tried.
  expect(opened.at(-1)).toEqual([]);
});

test.each([
  ['quad', ['quad 32×16', 'quad 16×32', 'quad 32×32', 'quad 32×64', 'direct 4×8 a thread']],
  ['wide', ['two quads 32×32', 'two quads 16×64', 'two quads 32×64', 'direct 4×8 a thread']],
] as const)(
  'software tries quads first, and has the smallest tile alone where a compiler is slow: %s',
  async (software, order) => {
    const gpu = new SlowGpu({ software });
    expect(await tuned(gpu)).toBe(order[0]);
    expect([...new Set(gpu.opened)].slice(0, order.length)).toEqual(order);
    const slow = new SlowGpu({ software, compileMs: 3000 });
    expect(await tuned(slow)).toBe(order[0]);
    expect([...new Set(slow.opened)]).toEqual([order[0]]);
  },
);

test.each([
  ['quad', 'quad 32×16', 'quad 32×16'],
  ['wide', 'two quads 64×16', 'two quads 32×32'],
] as const)(
  'products of few columns are a class of their own, whose narrowest tile comes first: %s',
  async (software, narrowest, usual) => {
    const gpu = new SlowGpu({ software, compileMs: 3000, flopsPerMs: { [narrowest]: 4e5 } });
    const tuner = new Tuner(gpu, gpu.open, new AdapterNotes(undefined, 'a GPU', '1'));
    const [product] = products as [Matmul];
    const narrow: Matmul = { ...product, n: 8, strides: { a: Number(product.k), b: 8, c: 8 } };
    const done = tuner.tune([product, narrow], plan.capacities);
    await vi.runAllTimersAsync();
    await done;
    expect(tuner.choose(narrow).name).toBe(narrowest);
    expect(tuner.choose(product).name).toBe(usual);
  },
);

test('what was measured with another browser or other kernels is dropped', async () => {
  const kept = new Map<string, unknown>();
  await tuned(new SlowGpu({}), memoryFor('a browser 1', kept));
  const same = new SlowGpu({});
  await tuned(same, memoryFor('a browser 1', kept));
  expect(same.opened).toEqual([]);
  const other = new SlowGpu({});
  await tuned(other, memoryFor('a browser 2', kept));
  expect(other.opened.length).toBeGreaterThan(0);
  expect((kept.get('a GPU') as AdapterRecord).stamp).toContain('a browser 2');
  // Nor is what cannot be read.
  kept.set('a GPU', { nn: first });
  expect(await tuned(new SlowGpu({ flopsPerMs: { [third]: 4e5 } }), memoryFor('a browser 1', kept))).toBe(
    third,
  );
});

function nextFloat(value: number): number {
  const words = new Int32Array(Float32Array.of(value).buffer);
  words[0]! += 1;
  return new Float32Array(words.buffer)[0]!;
}
