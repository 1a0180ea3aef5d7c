/** Compute pipelines by their code: operations of the same kind and shape share one, in all plans. */
import { EngineError, withoutStop } from '../../base/errors.ts';
import type { Gpu } from './gpu.ts';
import type { Shader } from './shader.ts';

export interface Pipeline {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

const inCompute = 4; // GPUShaderStage.COMPUTE

/** Pipelines of each GPU: students that follow each other on one share them. */
const pipelinesOf = new WeakMap<Gpu, Pipelines>();

export class Pipelines {
  readonly #gpu: Gpu;
  /** Group 1: the run's numbers. */
  readonly runLayout: GPUBindGroupLayout;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Promise<Pipeline>>();

  static of(gpu: Gpu): Pipelines {
    let found = pipelinesOf.get(gpu);
    if (found === undefined) pipelinesOf.set(gpu, (found = new Pipelines(gpu)));
    return found;
  }

  private constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.runLayout = gpu.device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: inCompute, buffer: { type: 'uniform' } }],
    });
  }

  /** Pipelines made so far. */
  get count(): number {
    return this.#pipelines.size;
  }

  /** A pipeline for each, in order. @param tell Told how many of those that are new have been made. */
  async getAll(
    wanted: readonly { shader: Shader<unknown>; label: string }[],
    tell: (done: number, total: number) => void = () => undefined,
  ): Promise<Pipeline[]> {
    const total = new Set(
      wanted.map(({ shader }) => shader.code).filter((code) => !this.#pipelines.has(code)),
    ).size;
    let done = 0;
    return Promise.all(
      wanted.map(({ shader, label }) => {
        const isNew = !this.#pipelines.has(shader.code);
        const pipeline = this.get(shader, label);
        if (isNew) void pipeline.then(() => tell((done += 1), total)).catch(() => undefined);
        return pipeline;
      }),
    );
  }

  /** @throws EngineError where the driver refuses the kernel. */
  get(shader: Shader<unknown>, label: string): Promise<Pipeline> {
    let found = this.#pipelines.get(shader.code);
    if (found === undefined) {
      found = this.#make(shader, label);
      this.#pipelines.set(shader.code, found);
    }
    return found;
  }

  async #make(shader: Shader<unknown>, label: string): Promise<Pipeline> {
    const { device } = this.#gpu;
    const layout = this.#layoutOf(shader);
    const descriptor: GPUComputePipelineDescriptor = {
      label,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout, this.runLayout] }),
      compute: { module: device.createShaderModule({ label, code: shader.code }), entryPoint: 'main' },
    };
    try {
      return { pipeline: await this.#gpu.settle(device.createComputePipelineAsync(descriptor)), layout };
    } catch (error) {
      this.#gpu.check();
      const words = withoutStop(error instanceof Error ? error.message : String(error));
      throw new EngineError(
        `The GPU's driver refused the kernel ${label} (${words}).`,
        'Update the browser and the graphics driver, or train on WebAssembly.',
      );
    }
  }

  #layoutOf({ buffers, tables }: Shader<unknown>): GPUBindGroupLayout {
    const types: GPUBufferBindingType[] = [
      ...buffers.map(({ access }) => access),
      ...(tables ? [tables] : []),
    ].map((access) => (access === 'read' ? 'read-only-storage' : 'storage'));
    types.push('uniform');
    const key = types.join(' ');
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      layout = this.#gpu.device.createBindGroupLayout({
        entries: types.map((type, binding) => ({ binding, visibility: inCompute, buffer: { type } })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}
