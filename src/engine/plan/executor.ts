/**
 * What runs plans: the f64 twin, WebAssembly, WGSL. An executor owns the slabs and the memory of the plans that it was
 * given; it knows operations, never a student. `PlanEngine` makes an engine of any of them.
 */
import type { BackendName, EngineName } from '../engine.ts';
import type { Plan, ProgramName, Run, SlabName, Table, Tensor } from './plan.ts';

/** What an executor gives back: Float64Array from the twin, Float32Array from all others. */
export type Floats = Float32Array | Float64Array;

export interface ExecutorDescription {
  engine: EngineName;
  backend: BackendName;
  adapter: string;
  bytesHeld: number;
}

/**
 * All slabs are zero at first, and are made with the executor. Writes and runs take effect in the order of the calls;
 * they may be queued, and reads wait for them. Only one plan is in use at a time: running a program of another plan
 * may destroy the slots and tables of the first (not the slabs), persistent ones too.
 */
export interface Executor {
  /** Decoder steps that are worth queueing before the host looks at what was generated: 1 where looking is free. */
  readonly stepsPerRead: number;
  /** Work continues while the host waits for a read: steps are worth queueing before the results of those before are known. */
  readonly runsAhead: boolean;
  describe(): ExecutorDescription;
  /** Whether there is room for this plan beside the slabs, and no buffer of it is larger than the device binds. */
  canHold(plan: Plan): boolean;
  /**
   * Makes ready to run this plan: memory, pipelines, constant tables. Called again for a plan that is ready, it only
   * makes it the one in use; its constant tables hold what they should either way.
   */
  prepare(plan: Plan): Promise<void>;
  /** Frees what was made for a plan; it is not used again unless prepared again. */
  release(plan: Plan): void;
  /** Writes the first `values.length` integers of a table of the plan in use. */
  writeTable(table: Table, values: Int32Array): void;
  /** Writes the first `values.length` floats of a slot's tensor. */
  writeTensor(tensor: Tensor, values: Float64Array): void;
  /** Queues a program of the plan in use. */
  run(program: ProgramName, run: Run): void;
  /** A copy of the first `length` integers. */
  readTable(table: Table, length: number): Promise<Int32Array>;
  /** A copy of the first `length` floats. */
  readTensor(tensor: Tensor, length: number): Promise<Floats>;
  writeSlab(slab: SlabName, part: number, offset: number, values: Float32Array): void;
  /**
   * Resolves once what was written has arrived: until then a driver holds it a second time. Left out where writes arrive at
   * once.
   */
  arrival?(): Promise<void>;
  /**
   * A copy.
   * @param room Of `length` floats: where the copy goes, instead of new memory, where it is in single precision.
   */
  readSlab(
    slab: SlabName,
    part: number,
    offset: number,
    length: number,
    room?: Float32Array,
  ): Promise<Floats>;
  clearSlab(slab: SlabName): void;
  /**
   * Copies the parameters that are trained to where no plan writes: on the device, not through the host.
   * @returns Copies them back and frees the copy: to be called once. Null where the device has no room; nothing is held then.
   */
  setAside(): Promise<(() => Promise<void>) | null>;
  /** Frees everything. */
  dispose(): void;
}
