/**
 * A GPU device that computes nothing and forgets nothing: buffers hold bytes, copies and clears take place in the order of
 * submission, and every dispatch is kept with the bytes that it would have read of its parameters and of its run.
 * Refuses with an error what a real one would (sizes and offsets that are no whole words, bounds, destroyed buffers).
 */
import { Gpu } from '../gpu.ts';

export class FakeBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly label: string;
  isDestroyed = false;

  constructor({ size, label = '' }: GPUBufferDescriptor) {
    this.bytes = new Uint8Array(size);
    this.label = label;
  }

  get floats(): Float32Array {
    return new Float32Array(this.bytes.buffer);
  }

  mapAsync(): Promise<void> {
    return Promise.resolve();
  }

  getMappedRange(offset: number, size: number): ArrayBuffer {
    return this.bytes.buffer.slice(offset, offset + size);
  }

  unmap(): void {
    // What was mapped is a copy.
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

interface Bound {
  buffer: FakeBuffer;
  offset?: number;
  size?: number;
}

/** A dispatch as it was submitted. */
export interface FakeDispatch {
  /** Of the pipeline. */
  label: string;
  code: string;
  grid: readonly number[];
  /** Of group 0, the parameters not among them. */
  buffers: FakeBuffer[];
  params: Uint8Array;
  run: Uint8Array;
  /** Number of the submission, from 0, and of the dispatch's place in it. */
  submission: number;
}

type Command = (submission: number) => void;

export interface FakeDevice {
  gpu: Gpu;
  /** What opens the same device. */
  adapter: GPUAdapter;
  buffers: FakeBuffer[];
  dispatches: FakeDispatch[];
  /** How often something was submitted. */
  submissions: () => number;
  isDestroyed: () => boolean;
}

interface FakeOptions {
  /** Computes what a dispatch would. */
  compute?: (dispatch: FakeDispatch) => void;
  /** What the driver says against a kernel. */
  refuses?: (code: string) => string | null;
  maxBufferSize?: number;
  /** Bytes of memory, which are looked at where a scope of errors ends. */
  memoryBytes?: number;
  features?: readonly string[];
}

function words(...sizes: number[]): void {
  if (sizes.some((size) => size % 4 !== 0)) throw new Error('A GPU copies whole words.');
}

function alive(buffer: FakeBuffer, end = 0): void {
  if (buffer.isDestroyed) throw new Error(`The buffer ${buffer.label} was destroyed.`);
  if (end > buffer.bytes.length) throw new Error(`Beyond the end of the buffer ${buffer.label}.`);
}

function bytesOf({ buffer, offset = 0, size = buffer.bytes.length - offset }: Bound): Uint8Array {
  return buffer.bytes.slice(offset, offset + size);
}

/** Opens one, named `a GPU`. */
export async function openFakeGpu(options: FakeOptions = {}): Promise<FakeDevice> {
  const { compute, refuses, maxBufferSize = 2 ** 31, memoryBytes = Infinity, features = [] } = options;
  const buffers: FakeBuffer[] = [];
  const dispatches: FakeDispatch[] = [];
  let submissions = 0;
  let isDestroyed = false;

  function beginComputePass(commands: Command[]) {
    const groups: Bound[][] = [];
    let pipeline = { label: '', code: '' };
    return {
      setPipeline: (given: typeof pipeline) => (pipeline = given),
      setBindGroup: (index: number, group: Bound[]) => (groups[index] = group),
      dispatchWorkgroups: (...grid: number[]) => {
        const [own, run] = [[...groups[0]!], groups[1]![0]!];
        const { label, code } = pipeline;
        commands.push((submission) => {
          const params = own.at(-1)!;
          for (const { buffer } of [...own, run]) alive(buffer);
          const dispatch = {
            label,
            code,
            grid,
            submission,
            buffers: own.slice(0, -1).map(({ buffer }) => buffer),
            params: bytesOf(params),
            run: bytesOf(run),
          };
          dispatches.push(dispatch);
          compute?.(dispatch);
        });
      },
      end: () => undefined,
    };
  }

  const device = {
    limits: { maxBufferSize, maxStorageBufferBindingSize: maxBufferSize },
    lost: new Promise(() => undefined),
    addEventListener: () => undefined,
    destroy: () => (isDestroyed = true),
    pushErrorScope: () => undefined,
    popErrorScope: () => {
      const held = buffers.reduce((sum, one) => sum + (one.isDestroyed ? 0 : one.bytes.length), 0);
      return Promise.resolve(held > memoryBytes ? new Error('There is no room.') : null);
    },
    createBuffer: (descriptor: GPUBufferDescriptor) => {
      const buffer = new FakeBuffer(descriptor);
      buffers.push(buffer);
      return buffer;
    },
    createBindGroupLayout: (layout: unknown) => layout,
    createPipelineLayout: (layout: unknown) => layout,
    createShaderModule: ({ code }: { code: string }) => code,
    createComputePipelineAsync: ({
      label,
      compute: { module },
    }: {
      label: string;
      compute: { module: string };
    }) => {
      const refusal = refuses?.(module) ?? null;
      return refusal === null ? Promise.resolve({ label, code: module }) : Promise.reject(new Error(refusal));
    },
    createBindGroup: ({
      layout,
      entries,
    }: {
      layout: { entries: unknown[] };
      entries: { resource: Bound }[];
    }) => {
      if (layout.entries.length !== entries.length) throw new Error('Not what the layout says.');
      for (const { resource } of entries) {
        if ((resource.offset ?? 0) % 256 !== 0) throw new Error('Bindings begin at multiples of 256 bytes.');
        alive(resource.buffer, (resource.offset ?? 0) + (resource.size ?? 0));
      }
      return entries.map(({ resource }) => resource);
    },
    createCommandEncoder: () => {
      const commands: Command[] = [];
      return {
        beginComputePass: () => beginComputePass(commands),
        clearBuffer: (buffer: FakeBuffer) => commands.push(() => void buffer.bytes.fill(0)),
        copyBufferToBuffer: (from: FakeBuffer, at: number, to: FakeBuffer, toAt: number, size: number) =>
          commands.push(() => {
            words(at, toAt, size);
            alive(from, at + size);
            alive(to, toAt + size);
            to.bytes.set(from.bytes.subarray(at, at + size), toAt);
          }),
        finish: () => commands,
      };
    },
    queue: {
      writeBuffer: (
        buffer: FakeBuffer,
        at: number,
        data: ArrayBuffer | Uint8Array,
        from = 0,
        size = data.byteLength - from,
      ) => {
        words(at, size);
        alive(buffer, at + size);
        const [whole, start] = data instanceof ArrayBuffer ? [data, 0] : [data.buffer, data.byteOffset];
        buffer.bytes.set(new Uint8Array(whole, start + from, size), at);
      },
      submit: (lists: Command[][]) => {
        for (const command of lists.flat()) command(submissions);
        submissions += 1;
      },
      onSubmittedWorkDone: () => Promise.resolve(),
    },
  };
  const adapter = {
    features: new Set(features),
    info: { subgroupMinSize: 4, description: 'a GPU', vendor: '', architecture: '', device: '' },
    limits: device.limits,
    requestDevice: () => Promise.resolve(device),
  } as unknown as GPUAdapter;
  const gpu = await Gpu.open(adapter, { name: 'a GPU' });
  return {
    gpu,
    adapter,
    buffers,
    dispatches,
    submissions: () => submissions,
    isDestroyed: () => isDestroyed,
  };
}
