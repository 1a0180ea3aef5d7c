/** Every kernel against the f64 twin, on sizes that fit no tile. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasGpu } from '../../../tests/support/gpu.ts';
import { operationCases, type CaseSizes } from '../plan/testing/operation-cases.ts';
import { caseSizes } from '../plan/testing/case-sizes.ts';
import { labLayout, whereResultsDiffer, type LabResults } from '../plan/testing/operation-lab.ts';
import { TwinExecutor } from '../plan/twin/twin-executor.ts';
import { matmulVariants } from './matmul.ts';
import { quickVariant } from './testing/open-engine.ts';
import { openTestGpu } from './testing/open-gpu.ts';
import { WgslExecutor } from './wgsl-executor.ts';

/**
 * Attention is compiled for each width of a head, and compiling is nearly all of the time: fewer than the lanes of a
 * workgroup's group (4, as the fixtures have, and odd), and more than those.
 */
const headSizes = [4, 7, 19] as const;
function withFewHeadSizes(sizes: CaseSizes): CaseSizes {
  return { ...sizes, headSize: headSizes[sizes.headSize % headSizes.length]! };
}

/** Of one column, a norm's gradient is the difference of two equal numbers: nothing but rounding. */
function withColumnsFor(name: string, sizes: CaseSizes): CaseSizes {
  return name.startsWith('rmsNormBackward') ? { ...sizes, columns: Math.max(2, sizes.columns) } : sizes;
}

/** Rows of whole fours, which some kernels take four floats at a time, and others: more than the lanes of a quad take at once. */
const widths: CaseSizes[] = [36, 37].map((columns) => ({
  seed: 5,
  rows: 19,
  columns,
  inner: 12,
  heads: 2,
  headSize: 4,
  lengths: [5, 17],
  keyLengths: [17, 5],
  dropout: true,
  accumulate: true,
}));

/** Four shares are written at once. Those after the last key that a query sees mean nothing, and are never read. */
function dropRestOfFours(found: LabResults, expected: LabResults): void {
  for (const [slot, values] of expected.tensors.entries()) {
    for (let at = 0; at + 4 <= values.length; at += 4) {
      const four = values.subarray(at, at + 4);
      if (four.every((value) => Number.isNaN(value))) continue;
      four.forEach((value, lane) => {
        if (Number.isNaN(value)) found.tensors[slot]![at + lane] = NaN;
      });
    }
  }
}

async function agrees(name: string, twin: TwinExecutor, executor: WgslExecutor, numRuns = 4): Promise<void> {
  const examples = /^(rmsNorm|crossEntropy)/.test(name) ? widths.map((sizes): [CaseSizes] => [sizes]) : [];
  await fc.assert(
    fc.asyncProperty(caseSizes, async (sizes) => {
      const { lab, operations } = operationCases[name]!(withColumnsFor(name, withFewHeadSizes(sizes)));
      const expected = await lab.results(twin, operations);
      const found = await lab.results(executor, operations);
      if (name.startsWith('attention')) dropRestOfFours(found, expected);
      expect(whereResultsDiffer(found, expected), JSON.stringify(operations)).toBeNull();
    }),
    { numRuns: numRuns + examples.length, examples },
  );
}

/** One case, of four heads where the sizes say no other number. */
async function holds(
  name: string,
  twin: TwinExecutor,
  executor: WgslExecutor,
  sizes: Partial<CaseSizes>,
): Promise<void> {
  const { lab, operations } = operationCases[name]!({ ...widths[0]!, heads: 4, ...sizes });
  const expected = await lab.results(twin, operations);
  const found = await lab.results(executor, operations);
  if (name.startsWith('attention')) dropRestOfFours(found, expected);
  expect(whereResultsDiffer(found, expected)).toBeNull();
}

const cutNames = [
  'attention, causal',
  'attentionBackward, bidirectional',
  'attentionBackward, cross',
] as const;
/** All in whole fours, and a head that ends within a step of 16 columns; then an odd head, and odd numbers of keys. */
const cut: Partial<CaseSizes>[] = [
  { headSize: 20, lengths: [3, 19], keyLengths: [19, 3] },
  { headSize: 7, lengths: [5, 17], keyLengths: [17, 5] },
];
/** A loop for each of three steps, and for two of four each; fours and not. */
const looped: Partial<CaseSizes>[] = [
  { headSize: 36, heads: 2, lengths: [3, 19], keyLengths: [19, 3] },
  { headSize: 52, heads: 2, lengths: [3, 19], keyLengths: [19, 3] },
  { headSize: 50, heads: 2, lengths: [5, 17], keyLengths: [17, 5] },
];

describe.skipIf(!hasGpu)('operations on WebGPU at the default limits', () => {
  const twin = new TwinExecutor(labLayout());
  let executor: WgslExecutor;
  beforeAll(async () => {
    // One variant: tuning would time every made-up size.
    executor = new WgslExecutor(labLayout(), await openTestGpu(), { variant: quickVariant });
  });
  afterAll(() => executor.dispose());

  for (const name of Object.keys(operationCases)) {
    test(name, () => agrees(name, twin, executor));
  }
});

describe.skipIf(!hasGpu)('kernels by quads, where software offers them', () => {
  const twin = new TwinExecutor(labLayout());
  let executor: WgslExecutor;
  beforeAll(async () => {
    const gpu = await openTestGpu({ features: true });
    executor = new WgslExecutor(labLayout(), gpu, { variant: quickVariant });
  });
  afterAll(() => executor.dispose());

  const names = Object.keys(operationCases);
  for (const name of names.filter((one) => /^(attention|rmsNorm|crossEntropy|squaredNorm)/.test(one))) {
    // Software takes seconds to compile each: few sizes.
    test(name, () => agrees(name, twin, executor, 2));
  }
  for (const name of cutNames) {
    test.each(looped)(`${name}, heads of $headSize`, (sizes) => holds(name, twin, executor, sizes));
  }
  test.each(cutNames)('%s, four columns at once', (name) => holds(name, twin, executor, cut[0]!));
});

describe.skipIf(!hasGpu)('two quads in a workgroup, as where subgroups are wide', () => {
  const twin = new TwinExecutor(labLayout());
  let executor: WgslExecutor;
  beforeAll(async () => {
    const gpu = await openTestGpu({ features: true });
    executor = new WgslExecutor(labLayout(), gpu, { variant: quickVariant, quads: 2 });
  });
  afterAll(() => executor.dispose());

  for (const name of cutNames) {
    test.each(cut)(`${name}, heads of $headSize`, (sizes) => holds(name, twin, executor, sizes));
  }
  // An odd number of rows: the last workgroup has a quad without one.
  for (const name of Object.keys(operationCases).filter((one) => /^(rmsNorm|crossEntropy)/.test(one))) {
    test.each([36, 37])(`${name}, %i columns`, (columns) => holds(name, twin, executor, { columns }));
  }
});

const plainProducts = ['matmul nt', 'matmul nn', 'matmul tn'];

/**
 * Whether a variant takes the product of this name, the `at`th of all, in a size (0: whole fours, 1: odd). A pipeline
 * takes seconds to compile, so not all do: what kernels have in common (matmul-common.wgsl) is held by fewer of them.
 */
function takes(index: number, name: string, at: number, size: number): boolean {
  const { kernel } = matmulVariants[index]!;
  const form = plainProducts.indexOf(name);
  // A plain product: each variant has each form in one size, and both sizes over the forms; of each kernel, half has each.
  if (form !== -1) return (index + form + size) % 2 === 0;
  // What else is in common has one size. A gate cuts groups up as no other does: all variants.
  if (size !== 0) return false;
  if (name === 'matmul nt, gated by gelu') return true;
  if (matmulVariants[index + 1]?.kernel === kernel) return false;
  // Views and halves change what is loaded: each kernel. Other epilogues: staged and quad take turns.
  return / of (columns|halves)/.test(name) || kernel !== (at % 2 === 0 ? 'staged' : 'quad');
}

describe.skipIf(!hasGpu)('variants of the matrix product', () => {
  // Nearly all of the time is the software GPU's compiler, one pipeline after another.
  test('give the same bytes, all of them', { timeout: 900_000 }, async () => {
    const twin = new TwinExecutor(labLayout());
    const executors = await Promise.all(
      matmulVariants.map(
        async (variant) => new WgslExecutor(labLayout(), await openTestGpu({ features: true }), { variant }),
      ),
    );
    const names = Object.keys(operationCases).filter((name) => name.startsWith('matmul'));
    for (const [at, name] of names.entries()) {
      const fours = [37, 52, 44] as const;
      const odd = [70, 33, 21] as const;
      for (const [size, [rows, columns, inner]] of [fours, odd].entries()) {
        const sizes = {
          seed: 3,
          rows,
          columns,
          inner,
          heads: 1,
          headSize: 4,
          lengths: [3],
          keyLengths: [3],
          dropout: true,
          accumulate: true,
        };
        const { lab, operations } = operationCases[name]!(sizes);
        const expected = await lab.results(twin, operations);
        let first: LabResults | null = null;
        for (const [index, executor] of executors.entries()) {
          if (!takes(index, name, at, size)) continue;
          const found = await lab.results(executor, operations);
          const label = `${name}, ${matmulVariants[index]!.name}`;
          expect(whereResultsDiffer(found, expected), label).toBeNull();
          first ??= found;
          expect(found.tensors, label).toEqual(first.tensors);
        }
      }
    }
    for (const executor of executors) executor.dispose();
  });
});
