/**
 * Chooses how matrix products are cut up, by timing the variants on the GPU that is there: hardware that nobody has
 * seen is the normal case. Choices change speed only, never a bit of the results.
 */
import type { Matmul, Operation } from '../plan/operations.ts';
import { flopsOfAll } from '../plan/cost.ts';
import { sizeOfExtent, type Counts, type Extent, type Tensor } from '../plan/plan.ts';
import { bufferUsage, type Gpu } from './gpu.ts';
import { matmul, variantsFor, type MatmulVariant } from './matmul.ts';
import type { Pipelines } from './pipelines.ts';
import { runBlockBytes } from './run-block.ts';
import { assemble } from './shader.ts';

/** Keeps choices between sessions: names of variants, by adapter and class of product. */
export interface TuningMemory {
  read(adapter: string): Promise<Readonly<Record<string, string>>>;
  write(adapter: string, choices: Readonly<Record<string, string>>): Promise<void>;
}

/** Time for all timings of one plan; what is not timed by then takes the first candidate. */
const budgetMs = 2000;
/** A first, small problem tells software from hardware. */
const smallFlops = 3e7;
const fullFlops = 2e9;
const tooFastMs = 4;
/** Dimensions are not cut below this: a tile must be full. */
const leastSize = 64;

export class Tuner {
  readonly #gpu: Gpu;
  readonly #pipelines: Pipelines;
  readonly #memory: TuningMemory | undefined;
  #choices: Map<string, string> | null = null;

  constructor(gpu: Gpu, pipelines: Pipelines, memory: TuningMemory | undefined) {
    this.#gpu = gpu;
    this.#pipelines = pipelines;
    this.#memory = memory;
  }

  /** The variant for a product; `asked` where it can do it. */
  choose(operation: Matmul, asked?: MatmulVariant): MatmulVariant {
    const candidates = this.#candidates(operation);
    if (asked !== undefined) return candidates.find(({ name }) => name === asked.name) ?? candidates[0]!;
    const chosen = this.#choices?.get(productClass(operation));
    return candidates.find(({ name }) => name === chosen) ?? candidates[0]!;
  }

  /** Times the variants of every class of product that is not known yet: of each, on its largest product. */
  async tune(operations: readonly Operation[], capacities: Counts): Promise<void> {
    this.#choices ??= new Map(Object.entries((await this.#memory?.read(this.#gpu.name)) ?? {}));
    const largest = new Map<string, Matmul>();
    for (const operation of operations) {
      if (operation.kind !== 'matmul') continue;
      const key = productClass(operation);
      if (this.#choices.has(key)) continue;
      const other = largest.get(key);
      if (other === undefined || flopsOfAll([operation], capacities) > flopsOfAll([other], capacities)) {
        largest.set(key, operation);
      }
    }
    if (largest.size === 0) return;
    const endsAt = performance.now() + budgetMs;
    let left = largest.size;
    for (const [key, operation] of largest) {
      const shareMs = (endsAt - performance.now()) / left;
      this.#choices.set(key, await this.#fastest(operation, capacities, shareMs));
      left -= 1;
    }
    await this.#memory?.write(this.#gpu.name, Object.fromEntries(this.#choices));
  }

  /** The likeliest first. */
  #candidates(operation: Matmul): MatmulVariant[] {
    const able = variantsFor(operation, this.#gpu.hasSubgroups);
    // Where barriers are dear, the variants without them come first, those that share loads by quads before all.
    return this.#gpu.isSoftware ? able.reverse() : able;
  }

  async #fastest(operation: Matmul, capacities: Counts, shareMs: number): Promise<string> {
    const candidates = this.#candidates(operation);
    const endsAt = performance.now() + shareMs;
    let best = candidates[0]!.name;
    let bestMs = Infinity;
    let limit = smallFlops;
    for (const variant of candidates) {
      // The first is always timed: a machine so slow that nothing can be compared keeps it.
      if (bestMs < Infinity && performance.now() > endsAt) break;
      let elapsedMs = await this.#time(shrink(operation, capacities, limit), variant);
      if (limit === smallFlops && bestMs === Infinity && elapsedMs < tooFastMs) {
        limit = fullFlops;
        elapsedMs = await this.#time(shrink(operation, capacities, limit), variant);
      }
      if (elapsedMs >= bestMs) continue;
      bestMs = elapsedMs;
      best = variant.name;
    }
    return best;
  }

  /** Milliseconds of one product, the least of three tries. */
  async #time({ product, lengths }: Trial, variant: MatmulVariant): Promise<number> {
    const { device } = this.#gpu;
    const buffers = lengths.map((length) =>
      this.#gpu.createBuffer('tuning', 4 * length, bufferUsage.storage),
    );
    const params = this.#gpu.createBuffer('tuning', 256, bufferUsage.uniform);
    try {
      const dispatch = matmul(product, variant);
      const shader = assemble(dispatch, ({ place }) => {
        if (place.kind !== 'slot') throw new Error('Trials have slots only.');
        return buffers[place.slot]!;
      });
      const { pipeline, layout } = await this.#pipelines.get(shader, dispatch.label);
      device.queue.writeBuffer(params, 0, shader.params);
      const resources = [...shader.buffers.map(({ key }) => ({ buffer: key })), { buffer: params }];
      const bindGroup = device.createBindGroup({
        layout,
        entries: resources.map((resource, binding) => ({ binding, resource })),
      });
      const run = device.createBindGroup({
        layout: this.#pipelines.runLayout,
        entries: [{ binding: 0, resource: { buffer: params, size: runBlockBytes } }],
      });
      const grid = dispatch.grid(noCounts);
      const once = async (times: number) => {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.setBindGroup(1, run);
        for (let time = 0; time < times; time += 1) pass.dispatchWorkgroups(...grid);
        pass.end();
        const startedAt = performance.now();
        device.queue.submit([encoder.finish()]);
        await this.#gpu.settle(device.queue.onSubmittedWorkDone());
        return (performance.now() - startedAt) / times;
      };
      let elapsedMs = await once(1); // Drivers compile when a pipeline is first used.
      const times = elapsedMs > tooFastMs ? 1 : 8;
      for (let attempt = 0; attempt < 2; attempt += 1) elapsedMs = Math.min(elapsedMs, await once(times));
      return elapsedMs;
    } finally {
      for (const buffer of [...buffers, params]) this.#gpu.destroyBuffer(buffer);
    }
  }
}

interface Trial {
  product: Matmul;
  /** Of a, b, c and what a gate writes beside it, in floats: slots 0 to 3. */
  lengths: readonly number[];
}

/** Fixed dimensions only: no count is looked up. */
const noCounts: Counts = {
  encoderRows: 0,
  decoderRows: 0,
  answerRows: 0,
  encoderSequences: 0,
  decoderSequences: 0,
  encoderTiles: 0,
  decoderTiles: 0,
  distinctIds: 0,
  generationRows: 0,
};

function productClass({ form, m, epilogue }: Matmul): string {
  const gate = epilogue.kind === 'gated' ? ' with a gate' : '';
  return `${form}${gate}${m === 'generationRows' ? ' of few rows' : ''}`;
}

/** The same product without its epilogue's other tensors, its longest dimensions halved until it costs so much at most. */
function shrink(operation: Matmul, capacities: Counts, flops: number): Trial {
  const size = (extent: Extent) => sizeOfExtent(extent, capacities);
  const isGated = operation.epilogue.kind === 'gated';
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
  const product: Matmul = {
    ...rest,
    m,
    n,
    k,
    accumulate: 'never',
    a: tensor(0, form === 'tn' ? [k, m] : [m, k]),
    b: tensor(1, form === 'nt' ? [n, k] : [k, n]),
    c: tensor(2, [m, isGated ? n / 2 : n]),
    epilogue: isGated
      ? { kind: 'gated', gate: 'gelu', hidden: tensor(3, [m, n]), dropout: null }
      : { kind: 'none' },
  };
  return { product, lengths: [m * k, n * k, m * n, m * n] };
}

/** Stays a whole four where it was one. */
function half(size: number): number {
  return size % 8 === 0 ? size / 2 : Math.ceil(size / 8) * 4;
}
