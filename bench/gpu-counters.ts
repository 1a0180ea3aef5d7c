/** Counts what passes through WebGPU, for whom: every engine's dispatches, submits and bytes in buffers, the same way. */
import { openNodeGpu } from '../src/engine/tfjs/node-backend.ts';

export interface GpuCounts {
  dispatches: number;
  submits: number;
  /** In buffers that were made and not destroyed. */
  bytesHeld: number;
}

interface Prototype {
  prototype: Record<string, (this: object, ...args: never[]) => unknown>;
}

let owner: GpuCounts = { dispatches: 0, submits: 0, bytesHeld: 0 };
let isCounting = false;

/** Counts go here until the next call. Only one engine may be at work at a time. */
export function countFor(counts: GpuCounts): void {
  owner = counts;
}

/** Starts counting; must come before the first device. Does nothing the second time. */
export async function startCounting(): Promise<void> {
  if (isCounting) return;
  isCounting = true;
  await openNodeGpu();
  const globals = globalThis as unknown as Record<string, Prototype | undefined>;
  const watch = (
    className: string,
    method: string,
    note: (self: object, args: readonly unknown[], result: unknown) => void,
  ) => {
    const prototype = globals[className]?.prototype;
    const original = prototype?.[method];
    if (prototype === undefined || original === undefined) return;
    prototype[method] = function (this: object, ...args: never[]) {
      const result = original.apply(this, args);
      note(this, args, result);
      return result;
    };
  };
  const buffers = new WeakMap<object, { counts: GpuCounts; size: number }>();
  // Recorded, and counted once submitted: what is not is never run.
  const encoders = new WeakMap<object, object>();
  const recorded = new WeakMap<object, number>();
  const record = (pass: object) => {
    const encoder = encoders.get(pass)!;
    recorded.set(encoder, (recorded.get(encoder) ?? 0) + 1);
  };
  watch('GPUCommandEncoder', 'beginComputePass', (encoder, _, pass) => encoders.set(pass as object, encoder));
  watch('GPUComputePassEncoder', 'dispatchWorkgroups', record);
  watch('GPUComputePassEncoder', 'dispatchWorkgroupsIndirect', record);
  watch('GPUCommandEncoder', 'finish', (encoder, _, commands) =>
    recorded.set(commands as object, recorded.get(encoder) ?? 0),
  );
  watch('GPUQueue', 'submit', (_, [commands]) => {
    owner.submits += 1;
    for (const one of commands as object[]) owner.dispatches += recorded.get(one) ?? 0;
  });
  watch('GPUDevice', 'createBuffer', (_, [descriptor], buffer) => {
    const { size } = descriptor as GPUBufferDescriptor;
    owner.bytesHeld += size;
    buffers.set(buffer as object, { counts: owner, size });
  });
  watch('GPUBuffer', 'destroy', (buffer) => {
    const made = buffers.get(buffer);
    if (made === undefined) return;
    buffers.delete(buffer);
    made.counts.bytesHeld -= made.size;
  });
}
