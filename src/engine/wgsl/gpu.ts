/** A GPU device as the engine uses it: few limits raised, every failure kept, every buffer counted. */
import { EngineError, withoutStop } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { DeviceWatch } from '../gpu/device-watch.ts';
import { causeOf, isSoftwareName } from '../gpu/probe.ts';
import { lateMs, nudging } from './completion.ts';

/** Taken where they are offered, never needed. */
const raisedLimits = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;

/** STORAGE */
const storageBit = 0x80;

/** What buffers are for, by number: Node has WebGPU's own names only once a GPU is loaded. */
export const bufferUsage = {
  /** STORAGE, COPY_SRC, COPY_DST: tensors and tables. */
  storage: 0x80 | 0x04 | 0x08,
  /** COPY_SRC, COPY_DST. */
  copy: 0x04 | 0x08,
  /** UNIFORM, COPY_DST. */
  uniform: 0x40 | 0x08,
  /** MAP_READ, COPY_DST. */
  read: 0x01 | 0x08,
} as const;

export interface GpuOptions {
  /** Names the adapter, for people. */
  name: string;
  /** Asks for WebGPU's default limits and no features: what any device must do. For tests. */
  defaultsOnly?: boolean;
}

interface Traits {
  hasSubgroups: boolean;
  hasWideSubgroups: boolean;
  isSoftware: boolean;
  caveat: string | null;
}

/** Later than this, a browser looks for finished work from time to time only. */
const punctualMs = 3;

export class Gpu {
  readonly device: GPUDevice;
  readonly name: string;
  /** Quads can exchange values. */
  readonly hasSubgroups: boolean;
  /** Its subgroups have more lanes than a quad. */
  readonly hasWideSubgroups: boolean;
  /** A GPU in software: loads and barriers are expensive. */
  readonly isSoftware: boolean;
  /** What it did not do as it promised, as a sentence; null where all is well. */
  readonly caveat: string | null;
  readonly #watch: DeviceWatch;
  #lateMs = 0;
  #nudges = false;
  #isClosed = false;
  #bytesHeld = 0;
  readonly #sizes = new Map<GPUBuffer, number>();

  /** @throws Whatever the browser says against the device. */
  static async open(adapter: GPUAdapter, { name, defaultsOnly = false }: GpuOptions): Promise<Gpu> {
    const offersSubgroups = adapter.features.has('subgroups') && adapter.info.subgroupMinSize >= 4;
    const isSoftware = adapter.info.isFallbackAdapter || isSoftwareName(name);
    const open = async (whole: boolean, caveat: string | null) => {
      const hasSubgroups = whole && offersSubgroups;
      const device = await adapter.requestDevice({
        requiredFeatures: hasSubgroups ? ['subgroups'] : [],
        requiredLimits: whole
          ? Object.fromEntries(raisedLimits.map((limit) => [limit, adapter.limits[limit]]))
          : {},
      });
      const hasWideSubgroups = hasSubgroups && adapter.info.subgroupMinSize > 4;
      const gpu = new Gpu(device, name, { hasSubgroups, hasWideSubgroups, isSoftware, caveat });
      await gpu.#listen();
      return gpu;
    };
    if (defaultsOnly) return open(false, null);
    try {
      return await open(true, null);
    } catch (error) {
      // Some drivers offer more than they give.
      const words = withoutStop(causeOf(error));
      return open(
        false,
        `It did not give what it offers (${words}), so it is used within WebGPU’s default limits.`,
      );
    }
  }

  private constructor(
    device: GPUDevice,
    name: string,
    { hasSubgroups, hasWideSubgroups, isSoftware, caveat }: Traits,
  ) {
    this.device = device;
    this.name = name;
    this.hasSubgroups = hasSubgroups;
    this.hasWideSubgroups = hasWideSubgroups;
    this.isSoftware = isSoftware;
    this.caveat = caveat;
    this.#watch = new DeviceWatch(device);
  }

  /** How late the end of work may be told, in milliseconds: nothing shorter can be measured. */
  get lateMs(): number {
    return this.#lateMs;
  }

  /** Measures how late the end of work is told, and whether nudges help. */
  async #listen(): Promise<void> {
    this.#lateMs = await lateMs(this.device, (work) => this.settle(work));
    if (this.#lateMs < punctualMs) return;
    this.#nudges = true;
    this.#lateMs = await lateMs(this.device, (work) => this.settle(work));
  }

  /** Bytes of all buffers that are not destroyed. */
  get bytesHeld(): number {
    return this.#bytesHeld;
  }

  /** @throws DeviceLostError or EngineError once the device failed, or was closed. */
  check(): void {
    if (this.#isClosed) throw new EngineError('The engine has been disposed of.', 'Load the student again.');
    this.#watch.check();
  }

  /** Waits for `work`. Rejects once the device fails, which WebGPU itself leaves unsaid. */
  async settle<T>(work: Promise<T>): Promise<T> {
    const settled = this.#watch.settle(work);
    const result = await (this.#nudges ? nudging(this.device, settled) : settled);
    this.check();
    return result;
  }

  /** Of the largest buffer that a kernel can have: some devices have larger buffers than they bind. */
  get bindingBytes(): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    return Math.min(maxBufferSize, maxStorageBufferBindingSize);
  }

  /** A buffer of zeros. */
  createBuffer(label: string, sizeBytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.max(16, Math.ceil(sizeBytes / 16) * 16);
    const isBound = (usage & storageBit) !== 0;
    if (size > (isBound ? this.bindingBytes : this.device.limits.maxBufferSize)) {
      throw new EngineError(
        `A buffer of ${formatBytes(size)} is more than this GPU allows.`,
        'Choose shorter lengths, or train on WebAssembly.',
      );
    }
    const buffer = this.device.createBuffer({ label, size, usage });
    this.#sizes.set(buffer, size);
    this.#bytesHeld += size;
    return buffer;
  }

  /**
   * Buffers that are copied to and from, and never bound.
   * @returns Null where the device has no room for all of them: then none is held.
   */
  async tryBuffers(label: string, sizesBytes: readonly number[]): Promise<GPUBuffer[] | null> {
    this.check();
    this.device.pushErrorScope('out-of-memory');
    const buffers = sizesBytes.map((bytes) => this.createBuffer(label, bytes, bufferUsage.copy));
    const refusal = await this.settle(this.device.popErrorScope());
    if (refusal === null) return buffers;
    for (const buffer of buffers) this.destroyBuffer(buffer);
    return null;
  }

  destroyBuffer(buffer: GPUBuffer): void {
    this.#bytesHeld -= this.#sizes.get(buffer) ?? 0;
    this.#sizes.delete(buffer);
    buffer.destroy();
  }

  /** Destroys every buffer and the device. */
  close(): void {
    this.#isClosed = true;
    for (const buffer of [...this.#sizes.keys()]) this.destroyBuffer(buffer);
    this.device.destroy();
  }
}
