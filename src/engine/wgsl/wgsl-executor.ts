/**
 * Runs plans on a GPU. Everything is made when a plan is prepared: pipelines, buffers, bind groups, the words of every
 * dispatch. A step then re-encodes a list: no buffer, pipeline or bind group is made. Runs are gathered and submitted
 * together, in pieces short enough that nothing else on the machine has to wait for long.
 */
import { EngineError } from '../../base/errors.ts';
import { floatsToHalves, halvesToFloats } from '../../student/lora/half-base.ts';
import type { Executor, ExecutorDescription } from '../plan/executor.ts';
import { costOf } from '../plan/cost.ts';
import type { Counts, Plan, ProgramName, Run, SlabName, Table, Tensor } from '../plan/plan.ts';
import type { SlabLayout } from '../plan/slab-layout.ts';
import { AdapterNotes, type AdapterMemory } from '../gpu/adapter-notes.ts';
import { BufferPool } from './buffer-pool.ts';
import type { Dispatch } from './dispatch.ts';
import { dispatchesOf, type Choices } from './dispatches.ts';
import { bufferUsage, type Gpu } from './gpu.ts';
import { Pipelines } from './pipelines.ts';
import { runBlockBytes, writeRunBlock } from './run-block.ts';
import { assemble } from './shader.ts';
import { Pacer } from './pacer.ts';
import type { MatmulVariant } from './matmul.ts';
import { kernelsVersion } from './kernels-version.ts';
import { trialsOn } from './trial.ts';
import { Tuner } from './tuner.ts';
import { blockStride, isWithin, maxGathered, stagingBytes } from './wgsl-bytes.ts';

export interface WgslExecutorOptions {
  /** What earlier sessions measured on this adapter; nothing is remembered without it. */
  memory?: AdapterMemory | undefined;
  /** False takes what is known to be fastest, or likeliest, without timing anything. */
  tunes?: boolean | undefined;
  /** Takes this variant of every product (where it can do it) instead of the fastest. For tests and benchmarks. */
  variant?: MatmulVariant | undefined;
  /** So many quads in a workgroup of attention. For tests. */
  quads?: number | undefined;
  /** Told how many kernels of a plan the driver has compiled; not where all were known. */
  onCompile?: ((done: number, total: number) => void) | undefined;
  /** Leaves the GPU open when disposed of, so that it can have another executor. */
  keepsGpu?: boolean | undefined;
  /**
   * Keeps what is submitted, for `timeEncoding`: for benchmarks.
   */
  timesEncoding?: boolean | undefined;
  /** Fills every slot that should not matter with NaN before each program. For tests. */
  poison?: boolean | undefined;
}

const sliceBytes = 2 ** 24;

interface Step {
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  grid: Dispatch['grid'];
  /** Estimate, in floating-point operations at the plan's capacities. */
  flops: number;
}

/** A program that is to be run, and how much of it there is. */
interface GatheredRun {
  steps: readonly Step[];
  counts: Counts;
}

interface Prepared {
  slots: readonly GPUBuffer[];
  tables: GPUBuffer;
  params: GPUBuffer;
  programs: ReadonlyMap<ProgramName, readonly Step[]>;
}

export class WgslExecutor implements Executor {
  readonly stepsPerRead = 8;
  readonly runsAhead = true;
  readonly #gpu: Gpu;
  readonly #layout: SlabLayout;
  readonly #options: WgslExecutorOptions;
  readonly #slabs: Record<SlabName, readonly GPUBuffer[]>;
  readonly #pool: BufferPool<Plan>;
  readonly #pipelines: Pipelines;
  readonly #tuner: Tuner;
  readonly #pacer: Pacer;
  readonly #prepared = new Map<Plan, Prepared>();
  /** Small buffers for reads, free at the moment. */
  readonly #staging: GPUBuffer[] = [];
  readonly #runs: GPUBuffer;
  readonly #runGroups: readonly GPUBindGroup[];
  readonly #blocks = new ArrayBuffer(blockStride * maxGathered);
  #gathered: GatheredRun[] = [];
  /** Copies of the trained parameters, while they are set aside. */
  #aside: readonly GPUBuffer[] = [];
  #plan: Plan | null = null;
  #isDisposed = false;
  /** What was submitted since its encoding was last timed, where that is asked for. */
  #flushed: (readonly GatheredRun[])[] = [];

  /** @throws EngineError where the slabs do not fit. The executor owns the GPU from now on. */
  constructor(layout: SlabLayout, gpu: Gpu, options: WgslExecutorOptions = {}) {
    this.#gpu = gpu;
    this.#layout = layout;
    this.#options = options;
    const slab = (name: SlabName) =>
      layout
        .partBytesOf(name)
        .map((bytes, part) => gpu.createBuffer(`${name} ${part}`, bytes, bufferUsage.storage));
    this.#slabs = {
      parameters: slab('parameters'),
      gradients: slab('gradients'),
      expAvg: slab('expAvg'),
      expAvgSq: slab('expAvgSq'),
    };
    this.#pool = new BufferPool(gpu);
    this.#pipelines = Pipelines.of(gpu);
    this.#pacer = new Pacer(gpu);
    const notes = new AdapterNotes(options.memory, gpu.name, kernelsVersion);
    this.#tuner = new Tuner(gpu, trialsOn(gpu, this.#pipelines), notes);
    this.#runs = gpu.createBuffer('runs', blockStride * maxGathered, bufferUsage.uniform);
    this.#runGroups = Array.from({ length: maxGathered }, (_, index) =>
      gpu.device.createBindGroup({
        layout: this.#pipelines.runLayout,
        entries: [
          { binding: 0, resource: { buffer: this.#runs, offset: blockStride * index, size: runBlockBytes } },
        ],
      }),
    );
  }

  describe(): ExecutorDescription {
    return { engine: 'wgsl', backend: 'webgpu', adapter: this.#gpu.name, bytesHeld: this.#gpu.bytesHeld };
  }

  /** Pipelines made so far, for tests. */
  get pipelineCount(): number {
    return this.#pipelines.count;
  }

  canHold(plan: Plan): boolean {
    return isWithin(plan, this.#gpu.bindingBytes);
  }

  async prepare(plan: Plan): Promise<void> {
    this.#check();
    if (this.#plan === plan) return;
    this.#flush();
    if (!this.#prepared.has(plan)) this.#prepared.set(plan, await this.#make(plan));
    this.#plan = plan;
    for (const { table, values } of plan.constants) this.writeTable(table, values);
  }

  release(plan: Plan): void {
    if (!this.#isDisposed) this.#flush();
    const prepared = this.#prepared.get(plan);
    if (prepared === undefined) return;
    this.#gpu.destroyBuffer(prepared.tables);
    this.#gpu.destroyBuffer(prepared.params);
    this.#pool.release(plan);
    this.#prepared.delete(plan);
    if (this.#plan === plan) this.#plan = null;
  }

  writeTable(table: Table, values: Int32Array): void {
    if (values.length > table.length) throw new RangeError('More values than the table holds.');
    if (values.length === 0) return;
    this.#write(this.#inUse().tables, 4 * table.offset, values);
  }

  writeTensor(tensor: Tensor, values: Float64Array): void {
    const buffer = this.#bufferOf(tensor, this.#inUse().slots);
    const floats = Float32Array.from(values);
    if (tensor.half === true) this.#write(buffer, 2 * tensor.offset, wholeWords(floatsToHalves(floats)));
    else this.#write(buffer, 4 * tensor.offset, floats);
  }

  run(program: ProgramName, run: Run): void {
    this.#check();
    const { programs } = this.#inUse();
    const steps = programs.get(program);
    if (steps === undefined || steps.length === 0) return;
    if (this.#options.poison === true) this.#poison();
    if (this.#gathered.length === maxGathered) this.#flush();
    const view = new DataView(this.#blocks, blockStride * this.#gathered.length, runBlockBytes);
    writeRunBlock(view, run);
    this.#gathered.push({ steps, counts: run.counts });
  }

  async readTable(table: Table, length: number): Promise<Int32Array> {
    const { tables } = this.#inUse();
    return this.#read(tables, 4 * table.offset, 4 * length, (bytes) => new Int32Array(bytes.slice(0)));
  }

  async readTensor(tensor: Tensor, length: number): Promise<Float32Array> {
    const buffer = this.#bufferOf(tensor, this.#inUse().slots);
    if (tensor.half === true) return this.#readHalves(buffer, tensor.offset, length);
    return this.#read(buffer, 4 * tensor.offset, 4 * length, (bytes) => new Float32Array(bytes.slice(0)));
  }

  writeSlab(slab: SlabName, part: number, offset: number, values: Float32Array): void {
    const floats = sliceBytes / 4;
    const half = this.#layout.isHalf(slab, part);
    for (let first = 0; first < values.length; first += floats) {
      const slice = values.subarray(first, Math.min(values.length, first + floats));
      // Weights that are kept so have an even number of values, so that writes are of whole words.
      if (half) this.#write(this.#slabs[slab][part]!, 2 * (offset + first), floatsToHalves(slice));
      else this.#write(this.#slabs[slab][part]!, 4 * (offset + first), slice);
    }
  }

  async arrival(): Promise<void> {
    this.#check();
    this.#flush();
    const { queue } = this.#gpu.device;
    // Writes are queued until something is submitted.
    queue.submit([]);
    await this.#gpu.settle(queue.onSubmittedWorkDone());
  }

  async readSlab(
    slab: SlabName,
    part: number,
    offset: number,
    length: number,
    room = new Float32Array(length),
  ): Promise<Float32Array> {
    const floats = sliceBytes / 4;
    const buffer = this.#slabs[slab][part]!;
    const half = this.#layout.isHalf(slab, part);
    for (let first = 0; first < length; first += floats) {
      const count = Math.min(floats, length - first);
      if (half) room.set(await this.#readHalves(buffer, offset + first, count), first);
      else {
        await this.#read(buffer, 4 * (offset + first), 4 * count, (bytes) =>
          room.set(new Float32Array(bytes), first),
        );
      }
    }
    return room;
  }

  async #readHalves(buffer: GPUBuffer, offset: number, length: number): Promise<Float32Array> {
    const before = offset % 2;
    const bytes = 4 * Math.ceil((before + length) / 2);
    return this.#read(buffer, 2 * (offset - before), bytes, (words) =>
      halvesToFloats(new Uint16Array(words, 2 * before, length)),
    );
  }

  clearSlab(slab: SlabName): void {
    this.#flush();
    const encoder = this.#gpu.device.createCommandEncoder();
    for (const buffer of this.#slabs[slab]) encoder.clearBuffer(buffer);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  async setAside(): Promise<(() => Promise<void>) | null> {
    this.#check();
    const count = this.#layout.trainedParts;
    const trained = this.#slabs.parameters.slice(0, count);
    const sizes = this.#layout.partBytesOf('parameters').slice(0, count);
    const copies = await this.#gpu.tryBuffers('set aside', sizes);
    if (copies === null) return null;
    this.#aside = copies;
    this.#copyAll(trained, copies, sizes);
    return async () => {
      this.#check();
      this.#copyAll(copies, trained, sizes);
      try {
        await this.#gpu.settle(this.#gpu.device.queue.onSubmittedWorkDone());
      } finally {
        this.#freeAside();
      }
    };
  }

  #copyAll(from: readonly GPUBuffer[], to: readonly GPUBuffer[], sizesBytes: readonly number[]): void {
    this.#flush();
    const encoder = this.#gpu.device.createCommandEncoder();
    sizesBytes.forEach((bytes, index) => encoder.copyBufferToBuffer(from[index]!, 0, to[index]!, 0, bytes));
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  #freeAside(): void {
    for (const buffer of this.#aside) this.#gpu.destroyBuffer(buffer);
    this.#aside = [];
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#gathered = [];
    for (const plan of [...this.#prepared.keys()]) this.release(plan);
    this.#plan = null;
    this.#freeAside();
    const slabs = Object.values(this.#slabs).flat();
    for (const buffer of [...slabs, ...this.#staging, this.#runs]) this.#gpu.destroyBuffer(buffer);
    if (this.#options.keepsGpu !== true) this.#gpu.close();
  }

  async #make(plan: Plan): Promise<Prepared> {
    const operations = [...plan.programs.values()].flat();
    const { variant, tunes = true } = this.#options;
    if (variant === undefined && tunes) await this.#tuner.tune(operations, plan.capacities);
    const slots = this.#pool.take(
      plan,
      plan.slots.map(({ length }) => length),
    );
    const tables = this.#gpu.createBuffer('tables', 4 * Math.max(1, plan.tablesLength), bufferUsage.storage);
    const choices: Choices = {
      product: (product) => this.#tuner.choose(product, variant),
      sharing: this.#gpu.isSoftware && this.#gpu.hasSubgroups ? 'quad' : 'workgroup',
      quads: this.#options.quads ?? (this.#gpu.hasWideSubgroups ? 2 : 1),
    };
    const entries = [...plan.programs].flatMap(([name, list]) =>
      list.flatMap((operation) =>
        dispatchesOf(operation, plan.capacities, choices).map((dispatch, index) => ({
          name,
          dispatch,
          flops: index === 0 ? costOf(operation, plan.capacities).flops : 0,
        })),
      ),
    );
    const shaders = entries.map(({ dispatch }) =>
      assemble(dispatch, (tensor) => this.#bufferOf(tensor, slots)),
    );
    const pipelines = await this.#pipelines.getAll(
      shaders.map((shader, index) => ({ shader, label: entries[index]!.dispatch.label })),
      this.#options.onCompile,
    );
    const params = this.#gpu.createBuffer('params', blockStride * entries.length, bufferUsage.uniform);
    const words = new Uint8Array(blockStride * entries.length);
    shaders.forEach(({ params: bytes }, index) => words.set(bytes, blockStride * index));
    this.#gpu.device.queue.writeBuffer(params, 0, words);
    const programs = new Map<ProgramName, Step[]>();
    entries.forEach(({ name, dispatch, flops }, index) => {
      const { buffers, tables: usesTables } = shaders[index]!;
      const { pipeline, layout } = pipelines[index]!;
      const resources = [
        ...buffers.map(({ key }) => ({ buffer: key })),
        ...(usesTables === null ? [] : [{ buffer: tables }]),
        { buffer: params, offset: blockStride * index, size: blockStride },
      ];
      const bindGroup = this.#gpu.device.createBindGroup({
        layout,
        entries: resources.map((resource, binding) => ({ binding, resource })),
      });
      const steps = programs.get(name) ?? [];
      steps.push({ pipeline, bindGroup, grid: dispatch.grid, flops });
      programs.set(name, steps);
    });
    return { slots, tables, params, programs };
  }

  /**
   * Encodes all that was submitted since the last call once more and drops it.
   * @returns Milliseconds of JavaScript, in one piece for each flush: a GPU in software takes the processor from whoever
   *   encodes meanwhile, and its slowness cuts a step into hundreds of pieces.
   */
  timeEncoding(): number {
    const flushed = this.#flushed;
    this.#flushed = [];
    const startedAt = performance.now();
    // What is not submitted is never run.
    for (const gathered of flushed) for (const _piece of this.#encode(gathered, () => Infinity));
    return performance.now() - startedAt;
  }

  /** Encodes and submits what has been gathered, in pieces. */
  #flush(): void {
    if (this.#gathered.length === 0) return;
    this.#gpu.check();
    const { device } = this.#gpu;
    const gathered = this.#gathered;
    this.#gathered = [];
    if (this.#options.timesEncoding === true) this.#flushed.push(gathered);
    device.queue.writeBuffer(this.#runs, 0, this.#blocks, 0, blockStride * gathered.length);
    for (const { commands, flops } of this.#encode(gathered, () => this.#pacer.flopsPerSubmit)) {
      device.queue.submit([commands]);
      this.#pacer.submitted(flops);
    }
  }

  /** The commands of runs, cut into pieces of no more than so much work. */
  *#encode(
    gathered: readonly GatheredRun[],
    flopsPerPiece: () => number,
  ): Generator<{ commands: GPUCommandBuffer; flops: number }> {
    const { device } = this.#gpu;
    let encoder = device.createCommandEncoder();
    let pass = encoder.beginComputePass();
    let flops = 0;
    const finish = (): { commands: GPUCommandBuffer; flops: number } => {
      pass.end();
      return { commands: encoder.finish(), flops };
    };
    for (const [index, { steps, counts }] of gathered.entries()) {
      pass.setBindGroup(1, this.#runGroups[index]);
      for (const step of steps) {
        const [x, y, z] = step.grid(counts);
        if (x === 0 || y === 0 || z === 0) continue;
        if (flops > 0 && flops + step.flops > flopsPerPiece()) {
          yield finish();
          encoder = device.createCommandEncoder();
          pass = encoder.beginComputePass();
          pass.setBindGroup(1, this.#runGroups[index]);
          flops = 0;
        }
        pass.setPipeline(step.pipeline);
        pass.setBindGroup(0, step.bindGroup);
        pass.dispatchWorkgroups(x, y, z);
        flops += step.flops;
      }
    }
    yield finish();
  }

  #write(buffer: GPUBuffer, offset: number, values: Int32Array | Float32Array | Uint16Array): void {
    this.#flush();
    this.#gpu.device.queue.writeBuffer(buffer, offset, values.buffer, values.byteOffset, values.byteLength);
  }

  /**
   * What is there now: it is copied on the GPU before anything that comes after this call.
   * @param take Copies what it wants of the bytes, which are gone when it returns.
   */
  async #read<T>(
    buffer: GPUBuffer,
    offset: number,
    sizeBytes: number,
    take: (bytes: ArrayBuffer) => T,
  ): Promise<T> {
    if (sizeBytes === 0) return take(new ArrayBuffer(0));
    this.#flush();
    this.#gpu.check();
    const { device } = this.#gpu;
    const isSmall = sizeBytes <= stagingBytes;
    const staging =
      (isSmall ? this.#staging.pop() : undefined) ??
      this.#gpu.createBuffer('read', isSmall ? stagingBytes : sizeBytes, bufferUsage.read);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, sizeBytes);
    device.queue.submit([encoder.finish()]);
    await this.#gpu.settle(staging.mapAsync(1, 0, sizeBytes)); // READ
    const found = take(staging.getMappedRange(0, sizeBytes));
    staging.unmap();
    if (isSmall) this.#staging.push(staging);
    else this.#gpu.destroyBuffer(staging);
    return found;
  }

  #poison(): void {
    const { slots } = this.#inUse();
    this.#plan!.slots.forEach(({ persistent, length }, index) => {
      if (!persistent) this.#write(slots[index]!, 0, new Float32Array(length).fill(NaN));
    });
  }

  #check(): void {
    if (this.#isDisposed)
      throw new EngineError('The engine has been disposed of.', 'Load the student again.');
    this.#gpu.check();
  }

  #inUse(): Prepared {
    this.#check();
    const prepared = this.#plan === null ? undefined : this.#prepared.get(this.#plan);
    if (prepared === undefined) throw new Error('No plan has been prepared.');
    return prepared;
  }

  #bufferOf({ place }: Tensor, slots: readonly GPUBuffer[]): GPUBuffer {
    return place.kind === 'slab' ? this.#slabs[place.slab][place.part]! : slots[place.slot]!;
  }
}

/** With a value more where there is an odd one: a GPU is written in words. */
function wholeWords(halves: Uint16Array): Uint16Array {
  if (halves.length % 2 === 0) return halves;
  const padded = new Uint16Array(halves.length + 1);
  padded.set(halves);
  return padded;
}
