/**
 * The exact reference: plans in plain TypeScript and double precision. What it does defines the operations; the
 * compiled executors are compared with it, operation by operation.
 */
import { floatsToHalves, halvesToFloats } from '../../../student/lora/half-base.ts';
import type { Executor, ExecutorDescription, Floats } from '../executor.ts';
import type { Operation } from '../operations.ts';
import type { Plan, ProgramName, Run, SlabName, Table, Tensor } from '../plan.ts';
import type { SlabLayout } from '../slab-layout.ts';
import { execute } from './execute.ts';
import { makeFloats, TwinMemory, type Precision, type Slabs } from './memory.ts';

export interface TwinOptions {
  /** `double` unless given. */
  precision?: Precision;
  /** Fills every slot that should not matter with NaN before each program. */
  poison?: boolean;
  /** Called after each operation, for comparing executors. */
  watch?: (operation: Operation, memory: TwinMemory) => void;
}

interface Prepared {
  slots: readonly Floats[];
  integers: Int32Array;
}

export class TwinExecutor implements Executor {
  readonly stepsPerRead = 1;
  readonly runsAhead: boolean = false;
  readonly #options: TwinOptions;
  readonly #layout: SlabLayout;
  readonly #slabs: Slabs;
  readonly #prepared = new Map<Plan, Prepared>();
  #plan: Plan | null = null;
  /** Copies of the trained parameters, while they are set aside. */
  #aside: readonly Floats[] = [];

  constructor(layout: SlabLayout, options: TwinOptions = {}) {
    this.#options = options;
    this.#layout = layout;
    const slab = (name: SlabName) =>
      layout.partLengthsOf(name).map((length) => makeFloats(this.#precision, length));
    this.#slabs = {
      parameters: slab('parameters'),
      gradients: slab('gradients'),
      expAvg: slab('expAvg'),
      expAvgSq: slab('expAvgSq'),
    };
  }

  describe(): ExecutorDescription {
    const slabs = Object.values(this.#slabs).flat();
    const slots = [...this.#prepared.values()].flatMap((prepared) => [...prepared.slots, prepared.integers]);
    const bytesHeld = [...slabs, ...slots, ...this.#aside].reduce((sum, array) => sum + array.byteLength, 0);
    return { engine: 'twin', backend: 'cpu', adapter: `TypeScript, ${this.#precision} precision`, bytesHeld };
  }

  canHold(): boolean {
    return true;
  }

  prepare(plan: Plan): Promise<void> {
    if (!this.#prepared.has(plan)) {
      const integers = new Int32Array(plan.tablesLength);
      for (const { table, values } of plan.constants) integers.set(values, table.offset);
      const slots = plan.slots.map(({ length }) => makeFloats(this.#precision, length));
      this.#prepared.set(plan, { slots, integers });
    }
    this.#plan = plan;
    return Promise.resolve();
  }

  release(plan: Plan): void {
    this.#prepared.delete(plan);
    if (this.#plan === plan) this.#plan = null;
  }

  writeTable(table: Table, values: Int32Array): void {
    if (values.length > table.length) throw new RangeError('More values than the table holds.');
    this.#inUse().integers.set(values, table.offset);
  }

  writeTensor(tensor: Tensor, values: Float64Array): void {
    this.#floats(tensor).set(tensor.half === true ? rounded(values) : values);
  }

  run(program: ProgramName, run: Run): void {
    const { plan, slots, integers } = this.#inUse();
    if (this.#options.poison === true) {
      plan.slots.forEach(({ persistent }, index) => {
        if (!persistent) slots[index]!.fill(NaN);
      });
    }
    const memory = new TwinMemory(plan, this.#slabs, slots, integers, run);
    for (const operation of plan.programs.get(program) ?? []) {
      execute(operation, memory);
      this.#options.watch?.(operation, memory);
    }
  }

  readTable(table: Table, length: number): Promise<Int32Array> {
    return Promise.resolve(this.#inUse().integers.slice(table.offset, table.offset + length));
  }

  readTensor(tensor: Tensor, length: number): Promise<Floats> {
    return Promise.resolve(this.#floats(tensor).slice(0, length));
  }

  writeSlab(slab: SlabName, part: number, offset: number, values: Floats): void {
    this.#slabs[slab][part]!.set(this.#layout.isHalf(slab, part) ? rounded(values) : values, offset);
  }

  readSlab(slab: SlabName, part: number, offset: number, length: number): Promise<Floats> {
    return Promise.resolve(this.#slabs[slab][part]!.slice(offset, offset + length));
  }

  clearSlab(slab: SlabName): void {
    for (const part of this.#slabs[slab]) part.fill(0);
  }

  setAside(): Promise<() => Promise<void>> {
    const trained = this.#slabs.parameters.slice(0, this.#layout.trainedParts);
    const copies = trained.map((part) => part.slice());
    this.#aside = copies;
    return Promise.resolve(() => {
      trained.forEach((part, index) => part.set(copies[index]!));
      this.#aside = [];
      return Promise.resolve();
    });
  }

  dispose(): void {
    this.#prepared.clear();
    this.#plan = null;
  }

  get #precision(): Precision {
    return this.#options.precision ?? 'double';
  }

  #inUse(): Prepared & { plan: Plan } {
    const prepared = this.#plan === null ? undefined : this.#prepared.get(this.#plan);
    if (this.#plan === null || prepared === undefined) throw new Error('No plan has been prepared.');
    return { plan: this.#plan, ...prepared };
  }

  #floats({ place, offset }: Tensor): Floats {
    const data =
      place.kind === 'slot' ? this.#inUse().slots[place.slot]! : this.#slabs[place.slab][place.part]!;
    return data.subarray(offset);
  }
}

/** As 16-bit floats hold them. */
function rounded(values: Floats): Float32Array {
  return halvesToFloats(floatsToHalves(Float32Array.from(values)));
}
