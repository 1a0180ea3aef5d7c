/**
 * Runs plans in WebAssembly. One linear memory holds everything: the control block, the slabs, and an arena for the
 * plan in use (the threads' scratch memory, its commands, tables and slots). Plans take turns in the arena, which is
 * as large as the largest of them needs.
 */
import { EngineError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import type { Executor, ExecutorDescription } from '../plan/executor.ts';
import { floatsToHalves, halvesToFloats } from '../../student/lora/half-base.ts';
import {
  bytesPerValue,
  type Plan,
  type ProgramName,
  type Run,
  type SlabName,
  type Table,
  type Tensor,
} from '../plan/plan.ts';
import type { SlabLayout } from '../plan/slab-layout.ts';
import { commandWords } from './commands.ts';
import { instantiate, reportFailure, type KernelExports } from './instantiate.ts';
import { adapterName } from './kernel-variant.ts';
import type { Kernels } from './kernels.ts';
import {
  controlAddress,
  isModest,
  pageBytes,
  placePlan,
  placeSlabs,
  runAddress,
  type PlanLayout,
  type Program,
  type SlabAddresses,
} from './memory-layout.ts';
import { runBlockBytes, writeRunBlock } from './run-block.ts';
import type { StartThread, Thread } from './threads.ts';

export interface WasmExecutorOptions {
  kernels: Kernels;
  /** Threads wanted, this one among them. More than one needs `startThread` and memory that can be shared. */
  threads?: number;
  startThread?: StartThread | undefined;
  /** Computes this many shares one after the other, on one thread, as so many threads would. For tests. */
  turns?: number;
  /** Lets the memory grow to no more than this; left out: as far as it goes, 4 GiB at most. */
  maximumBytes?: number;
  /** Fills every slot that should not matter with NaN before each program. For tests. */
  poison?: boolean;
}

const maximumPages = 65_536;
/** Values that are narrowed at once. */
const sliceLength = 2 ** 20;
/** Word of the control block that counts announcements. */
const jobWord = 2;
export class WasmExecutor implements Executor {
  readonly stepsPerRead = 1;
  readonly runsAhead: boolean = false;
  readonly #options: WasmExecutorOptions;
  readonly #memory: WebAssembly.Memory;
  /** What the memory can grow to. */
  readonly #maximumBytes: number;
  readonly #module: WebAssembly.Module;
  readonly #kernels: KernelExports;
  readonly #parts: number;
  readonly #placed: SlabAddresses;
  readonly #layout: SlabLayout;
  readonly #layouts = new Map<Plan, PlanLayout>();
  #threads: Promise<Thread[]> | null = null;
  #plan: Plan | null = null;
  /** Of the trained parameters, while they are set aside. */
  #asideBytes = 0;
  /** Why nothing more can be run. */
  #failure: string | null = null;

  /** @throws EngineError where the slabs do not fit in memory. */
  constructor(layout: SlabLayout, options: WasmExecutorOptions) {
    this.#options = options;
    const { own, shared } = options.kernels;
    const wanted = options.startThread === undefined ? 1 : Math.max(1, options.threads ?? 1);
    const sharing = wanted > 1 && shared !== null;
    this.#parts = sharing ? wanted : 1;
    this.#module = sharing ? shared : own;
    this.#layout = layout;
    this.#placed = placeSlabs(layout);
    const { memory, maximum } = makeMemory(Math.ceil(this.#placed.end / pageBytes), sharing);
    this.#memory = memory;
    this.#maximumBytes = Math.min(options.maximumBytes ?? Infinity, pageBytes * maximum);
    this.#kernels = instantiate(this.#module, this.#memory, controlAddress);
    this.#kernels.join(0, this.#parts);
  }

  describe(): ExecutorDescription {
    const adapter = adapterName(this.#options.kernels.variant, this.#parts);
    const bytesHeld = this.#memory.buffer.byteLength + this.#asideBytes;
    return { engine: 'wasm', backend: 'wasm', adapter, bytesHeld };
  }

  canHold(plan: Plan): boolean {
    const { end } = placePlan(plan, this.#placed, this.#shares, this.#kernels.scratchBytes);
    return end <= this.#maximumBytes && isModest(plan);
  }

  async prepare(plan: Plan): Promise<void> {
    this.#check();
    if (this.#parts > 1) {
      this.#threads ??= this.#startThreads();
      await this.#threads;
    }
    if (this.#plan === plan) return;
    let layout = this.#layouts.get(plan);
    if (layout === undefined) {
      layout = placePlan(plan, this.#placed, this.#shares, this.#kernels.scratchBytes);
      this.#grow(layout.end);
      this.#layouts.set(plan, layout);
    }
    this.#plan = plan;
    for (const { address, words } of layout.programs.values())
      this.#integers(address, words.length).set(words);
    for (const { table, values } of plan.constants) this.writeTable(table, values);
  }

  release(plan: Plan): void {
    this.#layouts.delete(plan);
    if (this.#plan === plan) this.#plan = null;
  }

  writeTable(table: Table, values: Int32Array): void {
    if (values.length > table.length) throw new RangeError('More values than the table holds.');
    this.#integers(this.#inUse().tablesAddress + 4 * table.offset, values.length).set(values);
  }

  writeTensor(tensor: Tensor, values: Float64Array): void {
    if (tensor.half === true) {
      this.#halves(this.#address(tensor), values.length).set(floatsToHalves(Float32Array.from(values)));
      return;
    }
    this.#floats(this.#address(tensor), values.length).set(values);
  }

  run(program: ProgramName, run: Run): void {
    this.#check();
    const layout = this.#inUse();
    const found = layout.programs.get(program);
    if (found === undefined || found.count === 0) return;
    if (this.#options.poison === true) this.#poison(layout);
    writeRunBlock(new DataView(this.#memory.buffer, runAddress, runBlockBytes), run, layout.scratch);
    try {
      if (this.#options.turns !== undefined) this.#runInTurns(found, this.#options.turns);
      else this.#runTogether(found);
    } catch (error) {
      // Only a mistake of ours, or a table that lies, can come here; the other threads may wait for ever.
      reportFailure(this.#memory, controlAddress);
      this.#failure = `The kernels stopped (${error instanceof Error ? error.message : String(error)}).`;
      this.#check();
    }
  }

  readTable(table: Table, length: number): Promise<Int32Array> {
    return Promise.resolve(this.#integers(this.#inUse().tablesAddress + 4 * table.offset, length).slice());
  }

  readTensor(tensor: Tensor, length: number): Promise<Float32Array> {
    if (tensor.half === true)
      return Promise.resolve(halvesToFloats(this.#halves(this.#address(tensor), length)));
    return Promise.resolve(copyOf(this.#floats(this.#address(tensor), length)));
  }

  writeSlab(slab: SlabName, part: number, offset: number, values: Float32Array): void {
    const address = this.#placed.slabs[slab][part]!;
    if (!this.#layout.isHalf(slab, part)) {
      this.#floats(address + 4 * offset, values.length).set(values);
      return;
    }
    // In slices, so that a large matrix is not held a third time.
    for (let from = 0; from < values.length; from += sliceLength) {
      const slice = values.subarray(from, from + sliceLength);
      this.#halves(address + 2 * (offset + from), slice.length).set(floatsToHalves(slice));
    }
  }

  readSlab(
    slab: SlabName,
    part: number,
    offset: number,
    length: number,
    room = new Float32Array(length),
  ): Promise<Float32Array> {
    if (this.#layout.isHalf(slab, part)) {
      const halves = this.#halves(this.#placed.slabs[slab][part]! + 2 * offset, length);
      return Promise.resolve(halvesToFloats(halves));
    }
    room.set(this.#floats(this.#placed.slabs[slab][part]! + 4 * offset, length));
    return Promise.resolve(room);
  }

  clearSlab(slab: SlabName): void {
    this.#placed.slabs[slab].forEach((address, part) =>
      this.#floats(address, this.#layout.partLengthsOf(slab)[part]!).fill(0),
    );
  }

  // Beside the linear memory, which ends at 4 GiB and never shrinks again.
  // eslint-disable-next-line @typescript-eslint/require-await -- copying is synchronous; async turns a throw into a rejection
  async setAside(): Promise<() => Promise<void>> {
    this.#check();
    const lengths = this.#layout.partLengthsOf('parameters').slice(0, this.#layout.trainedParts);
    const trained = () =>
      lengths.map((length, part) => this.#floats(this.#placed.slabs.parameters[part]!, length));
    const sizeBytes = lengths.reduce((sum, length) => sum + 4 * length, 0);
    let copies: readonly Float32Array[];
    try {
      copies = trained().map(copyOf);
    } catch {
      throw outOfMemory(sizeBytes);
    }
    this.#asideBytes = sizeBytes;
    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    return async () => {
      this.#check();
      // The memory may have grown, and then has other views.
      trained().forEach((part, index) => part.set(copies[index]!));
      copies = [];
      this.#asideBytes = 0;
    };
  }

  dispose(): void {
    this.#failure ??= 'The engine has been disposed of.';
    this.#layouts.clear();
    this.#plan = null;
    if (this.#threads === null) return;
    this.#kernels.dismiss(controlAddress);
    this.#threads.then(
      (threads) => threads.forEach((thread) => thread.terminate()),
      () => undefined,
    );
    this.#threads = null;
  }

  /** Shares that a command is computed in, each with scratch memory. */
  get #shares(): number {
    return Math.max(this.#parts, this.#options.turns ?? 1);
  }

  #check(): void {
    if (this.#failure !== null) throw new EngineError(this.#failure, 'Load the student again.');
  }

  #runTogether({ address, count }: Program): void {
    if (this.#parts > 1) this.#kernels.announce(address, count, runAddress, controlAddress);
    this.#kernels.run(address, count, runAddress, controlAddress);
  }

  #runInTurns({ address, count }: Program, parts: number): void {
    for (let command = address; command < address + 4 * commandWords * count; command += 4 * commandWords) {
      for (let part = 0; part < parts; part += 1) this.#kernels.runShare(command, runAddress, part, parts);
    }
  }

  #startThreads(): Promise<Thread[]> {
    const start = this.#options.startThread!;
    const job = this.#integers(controlAddress, jobWord + 1)[jobWord]!;
    const shared = {
      module: this.#module,
      memory: this.#memory,
      parts: this.#parts,
      control: controlAddress,
      job,
    };
    return Promise.all(
      Array.from({ length: this.#parts - 1 }, (_, index) => start({ ...shared, part: index + 1 })),
    );
  }

  #grow(end: number): void {
    const pages = Math.ceil(end / pageBytes) - this.#memory.buffer.byteLength / pageBytes;
    if (pages <= 0) return;
    try {
      if (end > this.#maximumBytes) throw new RangeError();
      this.#memory.grow(pages);
    } catch {
      throw outOfMemory(end);
    }
  }

  #poison({ slotAddresses }: PlanLayout): void {
    this.#plan!.slots.forEach(({ persistent, length }, index) => {
      if (!persistent) this.#floats(slotAddresses[index]!, length).fill(NaN);
    });
  }

  #inUse(): PlanLayout {
    const layout = this.#plan === null ? undefined : this.#layouts.get(this.#plan);
    if (layout === undefined) throw new Error('No plan has been prepared.');
    return layout;
  }

  #address({ place, offset, half }: Tensor): number {
    const base =
      place.kind === 'slab'
        ? this.#placed.slabs[place.slab][place.part]!
        : this.#inUse().slotAddresses[place.slot]!;
    return base + bytesPerValue({ half }) * offset;
  }

  #halves(address: number, length: number): Uint16Array {
    return new Uint16Array(this.#memory.buffer, address, length);
  }

  #floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }

  #integers(address: number, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, length);
  }
}

/** Into memory that is not shared. */
function copyOf(values: Float32Array): Float32Array {
  const copy = new Float32Array(values.length);
  copy.set(values);
  return copy;
}

function outOfMemory(sizeBytes: number): EngineError {
  return new EngineError(
    `This needs ${formatBytes(sizeBytes)} of memory, more than WebAssembly could get.`,
    'Train adapters (LoRA) or with Adafactor, which take less; or choose a smaller student or shorter texts.',
  );
}

/** In pages. */
function makeMemory(initial: number, shared: boolean): { memory: WebAssembly.Memory; maximum: number } {
  if (initial > maximumPages) throw outOfMemory(initial * pageBytes);
  if (!shared) {
    try {
      const memory = new WebAssembly.Memory({ initial, maximum: maximumPages });
      return { memory, maximum: maximumPages };
    } catch {
      throw outOfMemory(initial * pageBytes);
    }
  }
  // Shared memory reserves its maximum at once; small devices refuse the whole address space.
  for (let maximum = maximumPages; maximum >= initial; maximum = Math.floor(maximum / 2)) {
    try {
      return { memory: new WebAssembly.Memory({ initial, maximum, shared: true }), maximum };
    } catch {
      // Try with less.
    }
  }
  throw outOfMemory(initial * pageBytes);
}
