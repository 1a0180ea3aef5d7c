/** A GPU device as the engine uses it: few limits raised, every failure kept, every buffer counted. */
import { DeviceLostError, EngineError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { isSoftwareName } from '../device.ts';

/** Taken where they are offered, never needed. */
const raisedLimits = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;

export interface GpuOptions {
  /** Names the adapter, for people. */
  name: string;
  /** Asks for WebGPU's default limits and no features: what any device must do. For tests. */
  defaultsOnly?: boolean;
}

export class Gpu {
  readonly device: GPUDevice;
  readonly name: string;
  /** Quads can exchange values. */
  readonly hasSubgroups: boolean;
  /** A GPU in software: loads and barriers are dear. */
  readonly isSoftware: boolean;
  #failure: Error | null = null;
  #bytesHeld = 0;
  readonly #sizes = new Map<GPUBuffer, number>();
  /** Those who wait for the device now. A promise of the loss to race with would keep all that ever waited. */
  readonly #waiting = new Set<(error: Error) => void>();

  /** @throws Whatever the browser says against the device. */
  static async open(adapter: GPUAdapter, { name, defaultsOnly = false }: GpuOptions): Promise<Gpu> {
    const subgroups = !defaultsOnly && adapter.features.has('subgroups');
    const device = await adapter.requestDevice({
      requiredFeatures: subgroups ? ['subgroups'] : [],
      requiredLimits: defaultsOnly
        ? {}
        : Object.fromEntries(raisedLimits.map((limit) => [limit, adapter.limits[limit]])),
    });
    return new Gpu(device, name, {
      hasSubgroups: subgroups && adapter.info.subgroupMinSize >= 4,
      isSoftware: adapter.info.isFallbackAdapter || isSoftwareName(name),
    });
  }

  private constructor(
    device: GPUDevice,
    name: string,
    { hasSubgroups, isSoftware }: { hasSubgroups: boolean; isSoftware: boolean },
  ) {
    this.device = device;
    this.name = name;
    this.hasSubgroups = hasSubgroups;
    this.isSoftware = isSoftware;
    void device.lost.then(({ message }) => {
      const words = message.trim().replace(/\.$/, '');
      this.#fail(
        new DeviceLostError(
          `The GPU is gone${words === '' ? '' : ` (${words})`}.`,
          'Start the run again; weights kept so far are under Take away, or in the run’s folder. If it happens again, choose a smaller batch or WebAssembly.',
        ),
      );
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      const words = error.message.trim().replace(/\.$/, '');
      this.#fail(
        new EngineError(
          `The GPU refused a command (${words}).`,
          'Choose a smaller batch or shorter lengths, or train on WebAssembly.',
        ),
      );
    });
  }

  /** Bytes of all buffers that are not destroyed. */
  get bytesHeld(): number {
    return this.#bytesHeld;
  }

  /** @throws DeviceLostError or EngineError once the device failed. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Waits for `work`. Rejects once the device fails, which WebGPU itself leaves unsaid. */
  async settle<T>(work: Promise<T>): Promise<T> {
    this.check();
    const result = await new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
    this.check();
    return result;
  }

  /** A buffer of zeros. */
  createBuffer(label: string, sizeBytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.max(16, Math.ceil(sizeBytes / 16) * 16);
    if (size > this.device.limits.maxBufferSize) {
      throw new EngineError(
        `A buffer of ${formatBytes(size)} is more than this GPU allows.`,
        'Choose a smaller batch or shorter lengths, or train on WebAssembly.',
      );
    }
    const buffer = this.device.createBuffer({ label, size, usage });
    this.#sizes.set(buffer, size);
    this.#bytesHeld += size;
    return buffer;
  }

  destroyBuffer(buffer: GPUBuffer): void {
    this.#bytesHeld -= this.#sizes.get(buffer) ?? 0;
    this.#sizes.delete(buffer);
    buffer.destroy();
  }

  /** Destroys every buffer and the device. */
  close(): void {
    this.#failure ??= new EngineError('The engine has been disposed of.', 'Load the student again.');
    for (const buffer of [...this.#sizes.keys()]) this.destroyBuffer(buffer);
    this.device.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const reject of this.#waiting) reject(this.#failure);
    this.#waiting.clear();
  }
}
