/**
 * Own kernels for all three backends of TensorFlow.js, each written twice: as a loop over typed arrays (wasm and cpu)
 * and as WGSL, one program for each output (webgpu programs have one output).
 *
 * Rules of TensorFlow.js' WebGPU backend that this file keeps for its callers:
 * - A program that leaves an input or the uniforms unread fails, silently, with all that was batched with it (the
 *   layout is made from what the shader uses). So: `code` must read every name in `reads`.
 * - No program writes to what it reads: outputs are always new tensors.
 * - Uniforms carry all constants: an operand that is a JavaScript number would be uploaded and would end the pass.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';

export type Shape = readonly number[];
export type NumberArray = Float32Array | Int32Array;
export type Attributes = Readonly<Record<string, number>>;

/** How one output is computed on a GPU. */
export interface GpuProgram {
  /** Inputs and earlier outputs that it reads, by name. `code` must use each of them. */
  reads: readonly string[];
  /** Attributes that it reads, as `uniforms.<name>`. Shapes are there without asking: `uniforms.<input>Shape`. */
  uniforms?: Readonly<Record<string, 'f32' | 'i32'>>;
  /**
   * False: one invocation for each element of the output; `code` sets `result[index]`.
   * True: one workgroup of 64 for each row (first dimension of the output); `code` has `row`, `lane` (0 to 63) and
   * `live` (false in workgroups beyond the last row, which must not write), and may call sumLanes() and maxLanes()
   * outside of conditions.
   */
  perRow?: boolean;
  code: string;
}

export interface KernelSpec<Input extends string, Output extends string> {
  /** Unique among all kernels. */
  name: string;
  inputs: readonly Input[];
  /** Shapes of the outputs, all float32, from those of the inputs. */
  outputs: (shapes: Readonly<Record<Input, Shape>>, attributes: Attributes) => Record<Output, Shape>;
  /** Fills the outputs. They are not zero beforehand. */
  loop: (
    arrays: Readonly<Record<Input, NumberArray> & Record<Output, Float32Array>>,
    shapes: Readonly<Record<Input, Shape>>,
    attributes: Attributes,
  ) => void;
  /** In the order in which they run. */
  programs: Record<Output, GpuProgram>;
}

const workgroupSize = 64;

const rowHelpers = `
  var<workgroup> lanes : array<f32, ${workgroupSize}>;
  fn sumLanes(value : f32) -> f32 {
    lanes[localId.x] = value;
    workgroupBarrier();
    for (var width = ${workgroupSize / 2}u; width > 0u; width = width >> 1u) {
      if (localId.x < width) { lanes[localId.x] = lanes[localId.x] + lanes[localId.x + width]; }
      workgroupBarrier();
    }
    let total = lanes[0];
    workgroupBarrier();
    return total;
  }
  fn maxLanes(value : f32) -> f32 {
    lanes[localId.x] = value;
    workgroupBarrier();
    for (var width = ${workgroupSize / 2}u; width > 0u; width = width >> 1u) {
      if (localId.x < width) { lanes[localId.x] = max(lanes[localId.x], lanes[localId.x + width]); }
      workgroupBarrier();
    }
    let largest = lanes[0];
    workgroupBarrier();
    return largest;
  }`;

function shaderSource(program: GpuProgram): string {
  if (program.perRow !== true)
    return `fn main(index : i32) { if (index < uniforms.size) { ${program.code} } }`;
  return `${rowHelpers}
  fn main(index : i32) {
    let row = index / ${workgroupSize};
    let lane = i32(localId.x);
    let live = row < uniforms.rows;
    ${program.code}
  }`;
}

function gpuProgram(key: string, program: GpuProgram, outputShape: Shape): WebGPUProgram {
  const invocations =
    program.perRow === true ? outputShape[0]! * workgroupSize : tf.util.sizeFromShape([...outputShape]);
  const own = Object.entries(program.uniforms ?? {}).map(([name, type]) => `${name} : ${type}, `);
  return {
    outputShape: [...outputShape],
    dispatchLayout: { x: outputShape.map((_, axis) => axis) },
    dispatch: [Math.ceil(invocations / workgroupSize), 1, 1],
    workgroupSize: [workgroupSize, 1, 1],
    variableNames: [...program.reads],
    size: true,
    uniforms: `rows : i32, ${own.join('')}`,
    shaderKey: key,
    getUserCode: () => shaderSource(program),
  };
}

/** Runs one program into a new float32 tensor. @param key Names the program; the same key must mean the same code. */
export function runGpuProgram(
  backend: WebGPUBackend,
  key: string,
  program: GpuProgram,
  outputShape: Shape,
  inputs: readonly tf.TensorInfo[],
  attributes: Attributes,
): tf.TensorInfo {
  const uniforms = Object.entries(program.uniforms ?? {}).map(([name, type]) => ({
    type: type === 'i32' ? 'int32' : 'float32',
    data: [attributes[name]!],
  }));
  return backend.runWebGPUProgram(gpuProgram(key, program, outputShape), [...inputs], 'float32', [
    { type: 'int32', data: [outputShape[0]!] },
    ...uniforms,
  ]);
}

/** What runs a kernel on the current backend: tensors in, tensors out, no gradient. */
export type RunKernel<Input extends string, Output extends string> = (
  inputs: Record<Input, tf.Tensor>,
  attributes?: Attributes,
) => Record<Output, tf.Tensor>;

/** Registers a kernel for webgpu, wasm and cpu, and gives the function that runs it. */
export function defineKernel<Input extends string, Output extends string>(
  spec: KernelSpec<Input, Output>,
): RunKernel<Input, Output> {
  const outputNames = Object.keys(spec.programs) as Output[];
  const shapesOf = (inputs: tf.NamedTensorInfoMap): Record<Input, Shape> =>
    Object.fromEntries(spec.inputs.map((name) => [name, inputs[name]!.shape as Shape])) as Record<
      Input,
      Shape
    >;

  const kernelOnGpu: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const gpu = backend as unknown as WebGPUBackend;
    const attributes = attrs as Attributes;
    const outputShapes = spec.outputs(shapesOf(inputs), attributes);
    const known: Record<string, tf.TensorInfo> = { ...inputs } as Record<string, tf.TensorInfo>;
    for (const name of outputNames) {
      const program = spec.programs[name];
      known[name] = runGpuProgram(
        gpu,
        `${spec.name}.${name}`,
        program,
        outputShapes[name],
        program.reads.map((read) => known[read]!),
        attributes,
      );
    }
    return outputNames.map((name) => known[name]!);
  };

  const kernelOnCpu =
    (
      make: (backend: unknown, shape: number[]) => tf.TensorInfo,
      view: (backend: unknown, info: tf.TensorInfo) => NumberArray,
    ): tf.KernelFunc =>
    ({ inputs, attrs, backend }) => {
      const shapes = shapesOf(inputs);
      const attributes = attrs as Attributes;
      const outputShapes = spec.outputs(shapes, attributes);
      const outputs = outputNames.map((name) => make(backend, [...outputShapes[name]]));
      // Views are taken after all memory has been claimed: wasm memory that grows leaves older views empty.
      const arrays: Record<string, NumberArray> = {};
      for (const name of spec.inputs) arrays[name] = view(backend, inputs[name]!);
      outputNames.forEach((name, position) => (arrays[name] = view(backend, outputs[position]!)));
      spec.loop(arrays as Record<Input, NumberArray> & Record<Output, Float32Array>, shapes, attributes);
      return outputs;
    };

  tf.registerKernel({ kernelName: spec.name, backendName: 'webgpu', kernelFunc: kernelOnGpu });
  tf.registerKernel({
    kernelName: spec.name,
    backendName: 'wasm',
    kernelFunc: kernelOnCpu(
      (backend, shape) => (backend as BackendWasm).makeOutput(shape, 'float32'),
      (backend, info) => (backend as BackendWasm).typedArrayFromHeap(info) as NumberArray,
    ),
  });
  tf.registerKernel({
    kernelName: spec.name,
    backendName: 'cpu',
    kernelFunc: kernelOnCpu(
      (backend, shape) => {
        const cpu = backend as CpuBackend;
        return {
          dataId: cpu.write(new Float32Array(tf.util.sizeFromShape(shape)), shape, 'float32'),
          shape,
          dtype: 'float32',
        };
      },
      (backend, info) => (backend as CpuBackend).data.get(info.dataId).values,
    ),
  });

  return (inputs, attributes = {}) => {
    const tensors = tf.engine().runKernel<tf.Tensor[]>(spec.name, inputs, attributes);
    return Object.fromEntries(outputNames.map((name, position) => [name, tensors[position]!])) as Record<
      Output,
      tf.Tensor
    >;
  };
}

/** The parts of TensorFlow.js' cpu backend that kernels need. */
interface CpuBackend {
  write: (values: Float32Array, shape: number[], dtype: 'float32') => object;
  data: { get: (dataId: object) => { values: NumberArray } };
}

/**
 * An operation with its own gradient. `forward` computes from `inputs` and hands to `save` what `backward` needs;
 * `backward` gives one gradient for each input, of that input's shape. Tensors that `backward` reads without having
 * them saved must live until the gradients are done.
 */
export function withGradient(
  inputs: readonly tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => tf.Tensor,
  backward: (upstream: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  const operation = tf.customGrad((...given) => {
    const save = given[given.length - 1] as tf.GradSaveFunc;
    return {
      value: forward(save),
      // Without tidy everything made here would live until the whole backward pass is over.
      gradFunc: (upstream, saved) => tf.tidy(() => backward(upstream, saved)),
    };
  });
  return operation(...inputs);
}
