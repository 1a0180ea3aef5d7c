/** One product on random numbers, to time variants of its kernel and to see whether they compute the same. */
import { RandomSequence } from '../../base/random.ts';
import type { Matmul } from '../plan/operations.ts';
import { noCounts, quietRun, sizeOfExtent, type Counts, type Extent, type Tensor } from '../plan/plan.ts';
import { bufferUsage, type Gpu } from './gpu.ts';
import { matmul, type MatmulVariant } from './matmul.ts';
import type { Pipelines } from './pipelines.ts';
import { runBlockBytes, writeRunBlock } from './run-block.ts';
import { assemble } from './shader.ts';
import { blockStride } from './wgsl-bytes.ts';

export interface Trial {
  /** Fixed sizes; a, b and c are slots 0 to 2, what a gate writes beside c is slot 3. */
  product: Matmul & { m: number; n: number; k: number };
  flops: number;
}

/** A variant at work on a trial. */
export interface OpenTrial {
  /** Milliseconds from a submission of so many of the product to the word that it is done. */
  run(times: number): Promise<number>;
  /** What it wrote: with a gate [m, n] before it and [m, n / 2] after it, else [m, n]. */
  results(): Promise<Float32Array[]>;
  close(): void;
}

/** Opens a trial on a GPU; it compiles the kernel. */
export type OpenTrials = (trial: Trial, variant: MatmulVariant) => Promise<OpenTrial>;

/** Dimensions are not cut below this: a tile must be full. */
const leastSize = 64;

/**
 * The same product without its epilogue's other tensors, its longest dimensions halved until it costs so much at most.
 * Its kernel is one that a step has too where that can be: software takes seconds to compile another.
 */
export function shrink(operation: Matmul, capacities: Counts, flops: number): Trial {
  const size = (extent: Extent) => sizeOfExtent(extent, capacities);
  const gated = operation.epilogue.kind === 'gated' ? operation.epilogue : null;
  let [m, n, k] = [size(operation.m), size(operation.n), size(operation.k)];
  while (2 * m * n * k > flops && Math.max(m, n, k) > leastSize) {
    if (m >= n && m >= k) m = half(m);
    else if (n >= k) n = 2 * half(n / 2);
    else k = half(k);
  }
  const tensor = (slot: number, shape: readonly number[]): Tensor => ({
    place: { kind: 'slot', slot },
    offset: 0,
    shape,
  });
  const { strides: _strides, ...rest } = operation;
  const { form } = rest;
  const product = {
    ...rest,
    m,
    n,
    k,
    // On the first pass of a step nothing is added to.
    accumulate: operation.accumulate === 'laterPasses' ? 'laterPasses' : 'never',
    a: tensor(0, form === 'tn' ? [k, m] : [m, k]),
    b: tensor(1, form === 'nt' ? [n, k] : [k, n]),
    c: tensor(2, [m, gated === null ? n : n / 2]),
    epilogue: gated === null ? { kind: 'none' } : { ...gated, hidden: tensor(3, [m, n]) },
  } as const satisfies Matmul;
  return { product, flops: 2 * m * n * k };
}

/** Stays a whole four where it was one. */
function half(size: number): number {
  return size % 8 === 0 ? size / 2 : Math.ceil(size / 8) * 4;
}

/** The operands of a trial, of the order of 1, the same ones always. */
export function operandsOfTrial({ product: { m, n, k } }: Trial): { a: Float32Array; b: Float32Array } {
  const values = (length: number, stream: number) => {
    const random = new RandomSequence(length, stream);
    return Float32Array.from({ length }, () => 2 * random.next() - 1);
  };
  return { a: values(m * k, 0), b: values(n * k, 1) };
}

/** Rows of which the product is computed here too. */
const rowsCompared = 24;

/**
 * Whether the first of a trial's results is the product, as far as single precision goes, in rows from all of it.
 * @param found [m, n]
 */
export function isProduct(
  { product }: Trial,
  { a, b }: { a: Float32Array; b: Float32Array },
  found: Float32Array,
): boolean {
  const { form, m, n, k, scale } = product;
  if (found.length !== m * n) return false;
  const aAt = form === 'tn' ? { row: 1, k: m } : { row: k, k: 1 };
  const bAt = form === 'nt' ? { column: k, k: 1 } : { column: 1, k: n };
  // A sum of k products of numbers below 1, each rounded: errors grow as the sum's own size at most.
  const tolerance = 1e-6 * k * Math.abs(scale);
  for (let index = 0; index < Math.min(m, rowsCompared); index += 1) {
    const row = m <= rowsCompared ? index : Math.floor((index * (m - 1)) / (rowsCompared - 1));
    for (let column = 0; column < n; column += 1) {
      let sum = 0;
      for (let at = 0; at < k; at += 1) {
        sum += a[row * aAt.row + at * aAt.k]! * b[column * bAt.column + at * bAt.k]!;
      }
      // A value that is not finite differs too.
      if (!(Math.abs(found[row * n + column]! - scale * sum) <= tolerance)) return false;
    }
  }
  return true;
}

/** Whether two sets of results are the same, bit by bit. */
export function areSame(one: readonly Float32Array[], other: readonly Float32Array[]): boolean {
  return one.every((values, index) => {
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    const { buffer, byteOffset, length } = other[index]!;
    const otherBits = new Int32Array(buffer, byteOffset, length);
    return bits.length === otherBits.length && bits.every((word, at) => word === otherBits[at]);
  });
}

/** Trials on a GPU. */
export function trialsOn(gpu: Gpu, pipelines: Pipelines): OpenTrials {
  return async (trial, variant) => {
    const { device } = gpu;
    const { m, n, k, epilogue } = trial.product;
    const isGated = epilogue.kind === 'gated';
    const lengths = [m * k, n * k, isGated ? (m * n) / 2 : m * n, ...(isGated ? [m * n] : [])];
    const buffers = lengths.map((length) => gpu.createBuffer('trial', 4 * length, bufferUsage.storage));
    // The product's numbers, then those of a run that adds to nothing and drops nothing.
    const numbers = gpu.createBuffer('trial', 2 * blockStride, bufferUsage.uniform);
    const close = () => {
      for (const buffer of [...buffers, numbers]) gpu.destroyBuffer(buffer);
    };
    try {
      const operands = operandsOfTrial(trial);
      for (const [index, values] of [operands.a, operands.b].entries()) {
        device.queue.writeBuffer(buffers[index]!, 0, values.buffer, values.byteOffset, values.byteLength);
      }
      const dispatch = matmul(trial.product, variant);
      const shader = assemble(dispatch, ({ place }) => {
        if (place.kind !== 'slot') throw new Error('Trials have slots only.');
        return buffers[place.slot]!;
      });
      const { pipeline, layout } = await pipelines.get(shader, dispatch.label);
      device.queue.writeBuffer(numbers, 0, shader.params);
      const block = new DataView(new ArrayBuffer(runBlockBytes));
      writeRunBlock(block, { ...quietRun, counts: noCounts });
      device.queue.writeBuffer(numbers, blockStride, block.buffer);
      const resources = [
        ...shader.buffers.map(({ key }) => ({ buffer: key })),
        { buffer: numbers, size: blockStride },
      ];
      const bindGroup = device.createBindGroup({
        layout,
        entries: resources.map((resource, binding) => ({ binding, resource })),
      });
      const run = device.createBindGroup({
        layout: pipelines.runLayout,
        entries: [{ binding: 0, resource: { buffer: numbers, offset: blockStride, size: runBlockBytes } }],
      });
      const grid = dispatch.grid(noCounts);
      return {
        close,
        run: async (times) => {
          const encoder = device.createCommandEncoder();
          const pass = encoder.beginComputePass();
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, bindGroup);
          pass.setBindGroup(1, run);
          for (let time = 0; time < times; time += 1) pass.dispatchWorkgroups(...grid);
          pass.end();
          const startedAt = performance.now();
          device.queue.submit([encoder.finish()]);
          await gpu.settle(device.queue.onSubmittedWorkDone());
          return performance.now() - startedAt;
        },
        results: async () => {
          const written = isGated ? [3, 2] : [2];
          return Promise.all(written.map((slot) => readBuffer(gpu, buffers[slot]!, 4 * lengths[slot]!)));
        },
      };
    } catch (error) {
      close();
      throw error;
    }
  };
}

async function readBuffer(gpu: Gpu, buffer: GPUBuffer, sizeBytes: number): Promise<Float32Array> {
  const staging = gpu.createBuffer('trial read', sizeBytes, bufferUsage.read);
  try {
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, sizeBytes);
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.settle(staging.mapAsync(1, 0, sizeBytes)); // READ
    return new Float32Array(staging.getMappedRange(0, sizeBytes).slice(0));
  } finally {
    gpu.destroyBuffer(staging);
  }
}
