/**
 * Where everything is in the one linear memory: the control block, the slabs, and an arena for the plan in use (the
 * threads' scratch memory, its commands, tables and slots).
 */
import type { Operation } from '../plan/operations.ts';
import { bytesPerValue, type Plan, type ProgramName, type SlabName } from '../plan/plan.ts';
import { activationBytes, type DeviceModel } from '../plan/run-memory.ts';
import type { SlabLayout } from '../plan/slab-layout.ts';
import { commandWords, encode, type Addresses } from './commands.ts';
import { instantiate, type KernelExports } from './instantiate.ts';
import type { Kernels } from './kernels.ts';
import { runBlockBytes, type Scratch } from './run-block.ts';

export const pageBytes = 65_536;
/** WebAssembly addresses 4 GiB. */
const wasmLimitBytes = 2 ** 32;
const alignment = 256;
/** The first page belongs to the kernels' own constants. */
export const controlAddress = pageBytes;
export const runAddress = controlAddress + alignment;
const slabsAddress = runAddress + runBlockBytes + alignment;
const slabNames = ['parameters', 'gradients', 'expAvg', 'expAvgSq'] as const satisfies readonly SlabName[];

function align(address: number): number {
  return Math.ceil(address / alignment) * alignment;
}

/** Addresses, in bytes, of each part of each slab, and where the arena begins. */
export interface SlabAddresses {
  slabs: Record<SlabName, readonly number[]>;
  end: number;
}

export function placeSlabs(layout: SlabLayout): SlabAddresses {
  let end = slabsAddress;
  const slab = (name: SlabName) =>
    layout.partBytesOf(name).map((bytes) => {
      const address = end;
      end = align(end + bytes);
      return address;
    });
  const slabs = {
    parameters: slab('parameters'),
    gradients: slab('gradients'),
    expAvg: slab('expAvg'),
    expAvgSq: slab('expAvgSq'),
  };
  return { slabs, end };
}

export interface Program {
  /** In bytes. */
  address: number;
  count: number;
  words: Int32Array;
}

/** A plan laid out in the arena. */
export interface PlanLayout {
  scratch: Scratch;
  programs: ReadonlyMap<ProgramName, Program>;
  tablesAddress: number;
  slotAddresses: readonly number[];
  end: number;
}

/**
 * @param parts Threads, each with scratch memory of its own.
 * @param scratchBytes The kernels' own.
 */
export function placePlan(
  plan: Plan,
  { slabs, end: arena }: SlabAddresses,
  parts: number,
  scratchBytes: KernelExports['scratchBytes'],
): PlanLayout {
  const operations = [...plan.programs.values()].flat();
  const bytes = scratchBytes(...scratchNeeds(operations));
  const scratch: Scratch = { address: arena, bytes };
  const tablesAddress = align(arena + bytes * parts);
  let end = align(tablesAddress + 4 * plan.tablesLength);
  const slotAddresses = plan.slots.map(({ length }) => {
    const address = end;
    end = align(end + 4 * length);
    return address;
  });
  const addresses: Addresses = {
    tensor: ({ place, offset, half }) =>
      bytesPerValue({ half }) * offset +
      (place.kind === 'slab' ? slabs[place.slab][place.part]! : slotAddresses[place.slot]!),
    table: ({ offset }) => tablesAddress + 4 * offset,
    slabs: (part, offset) =>
      slabNames.map((name) => slabs[name][part]! + 4 * offset) as [number, number, number, number],
    capacities: plan.capacities,
  };
  const programs = new Map<ProgramName, Program>();
  for (const [name, list] of plan.programs) {
    const records = list.flatMap((operation) => encode(operation, addresses));
    const words = new Int32Array(records.length * commandWords);
    records.forEach((record, index) => words.set(record, index * commandWords));
    programs.set(name, { address: end, count: records.length, words });
    end = align(end + words.byteLength);
  }
  return { scratch, programs, tablesAddress, slotAddresses, end };
}

/** Whether a plan's activations are not too much together, as far as batches can be cut. */
export function isModest({ slots }: Plan): boolean {
  return slots.reduce((sum, { length }) => sum + 4 * length, 0) <= activationBytes;
}

/** A `WasmExecutor` with so many threads: the arena is as large as the largest plan needs. */
export function wasmModel({ own }: Kernels, threads: number): DeviceModel {
  const { scratchBytes } = instantiate(own, new WebAssembly.Memory({ initial: 2 }), controlAddress);
  const endOf = (layout: SlabLayout, plan: Plan) =>
    placePlan(plan, placeSlabs(layout), threads, scratchBytes).end;
  return {
    bytesOf: (layout, plans) => {
      const ends = plans.map((plan) => endOf(layout, plan));
      return pageBytes * Math.ceil(Math.max(placeSlabs(layout).end, ...ends) / pageBytes);
    },
    canHold: (layout, plan) => endOf(layout, plan) <= wasmLimitBytes && isModest(plan),
    limitBytes: wasmLimitBytes,
    bindingBytes: Infinity,
  };
}

/** Most keys of an attention, most distances of a bias table, most columns of a norm. */
function scratchNeeds(operations: readonly Operation[]): [number, number, number] {
  let [keys, distances, columns] = [1, 1, 1];
  for (const operation of operations) {
    switch (operation.kind) {
      case 'attention':
        keys = Math.max(keys, operation.probabilities.shape[2]!);
        distances = Math.max(distances, operation.bias?.buckets.length ?? 0);
        break;
      case 'attentionBackward':
        keys = Math.max(keys, operation.probabilities.shape[2]!);
        break;
      case 'biasGradient':
        distances = Math.max(distances, operation.buckets.length + operation.output.shape[0]!);
        break;
      case 'decodeSelfAttention':
        distances = Math.max(distances, operation.bias.buckets.length);
        break;
      case 'decodeCrossAttention':
        keys = Math.max(keys, operation.k.of.shape[0]!);
        break;
      case 'rmsNormBackward':
        columns = Math.max(columns, operation.x.shape[1]!);
        break;
      case 'drop':
      case 'embedBackward':
        columns = Math.max(columns, operation.output.shape[1]!);
        break;
      default:
    }
  }
  return [keys, distances, columns];
}
