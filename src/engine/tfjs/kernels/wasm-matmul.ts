/**
 * A faster matrix product for the wasm backend. Its own is fast (about 30 GFLOP/s on one thread) for one product
 * without transposition only, and falls to a tenth and less of that otherwise; but training is mostly transposed or
 * batched products. Here they are taken apart: operands are transposed first, and the products of a batch are
 * computed one by one on views of the same memory, where that is worth the calls.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** Multiplications in one product of a batch above which a separate call pays (measured: 32·32·16 does not, 64·64·32 does). */
const worthACall = 50_000;

interface Operands {
  a: tf.TensorInfo;
  b: tf.TensorInfo;
}

type WasmKernel = (args: {
  inputs: Operands;
  backend: BackendWasm;
  attrs: { transposeA: boolean; transposeB: boolean };
}) => tf.TensorInfo;

/** A view on part of a tensor: has an id in wasm, but owns no memory. */
function makeView(
  backend: BackendWasm,
  source: tf.TensorInfo,
  shape: number[],
  firstValue: number,
): tf.TensorInfo {
  return backend.makeOutput(shape, 'float32', backend.getMemoryOffset(source.dataId) + firstValue * 4);
}

function dropView(backend: BackendWasm, view: tf.TensorInfo): void {
  const data = backend.dataIdMap.get(view.dataId);
  // Not disposeData(), which would free the memory of the tensor that is looked at.
  (backend.wasm as unknown as { tfjs: { disposeData: (id: number) => void } }).tfjs.disposeData(data.id);
  backend.dataIdMap.delete(view.dataId);
}

/** Puts the faster product in place of the backend's. Call once, before the backend starts. */
export function replaceWasmMatMul(): void {
  const original = tf.getKernel('BatchMatMul', 'wasm');
  const transposition = tf.getKernel('Transpose', 'wasm');
  const multiply = original.kernelFunc as unknown as WasmKernel;
  const transpose = transposition.kernelFunc as unknown as (args: {
    inputs: { x: tf.TensorInfo };
    backend: BackendWasm;
    attrs: { perm: number[] };
  }) => tf.TensorInfo;

  const swapLast = (backend: BackendWasm, x: tf.TensorInfo): tf.TensorInfo => {
    const perm = x.shape.map((_, axis) => axis);
    perm.push(...perm.splice(-2, 1));
    return transpose({ inputs: { x }, backend, attrs: { perm } });
  };

  const multiplyFast: WasmKernel = ({ inputs, backend, attrs }) => {
    const { a, b } = inputs;
    const [rowsOfA, columnsOfA] = a.shape.slice(-2) as [number, number];
    const [rowsOfB, columnsOfB] = b.shape.slice(-2) as [number, number];
    const [rows, depth] = attrs.transposeA ? [columnsOfA, rowsOfA] : [rowsOfA, columnsOfA];
    const columns = attrs.transposeB ? rowsOfB : columnsOfB;
    const batchDims = a.shape.slice(0, -2);
    const batch = tf.util.sizeFromShape(batchDims);
    const sameBatch = tf.util.arraysEqual(batchDims, b.shape.slice(0, -2));
    if (!sameBatch || (batch > 1 && rows * depth * columns < worthACall))
      return multiply({ inputs, backend, attrs });

    const left = attrs.transposeA ? swapLast(backend, a) : a;
    const right = attrs.transposeB ? swapLast(backend, b) : b;
    const plain = { transposeA: false, transposeB: false };
    let out: tf.TensorInfo;
    if (batch === 1) {
      out = multiply({ inputs: { a: left, b: right }, backend, attrs: plain });
    } else {
      out = backend.makeOutput([...batchDims, rows, columns], 'float32');
      const size = rows * columns;
      for (let item = 0; item < batch; item += 1) {
        const viewA = makeView(backend, left, [rows, depth], item * rows * depth);
        const viewB = makeView(backend, right, [depth, columns], item * depth * columns);
        const product = multiply({ inputs: { a: viewA, b: viewB }, backend, attrs: plain });
        const target = backend.typedArrayFromHeap(out).subarray(item * size, (item + 1) * size);
        target.set(backend.typedArrayFromHeap(product));
        backend.disposeData(product.dataId);
        dropView(backend, viewA);
        dropView(backend, viewB);
      }
    }
    if (left !== a) backend.disposeData(left.dataId);
    if (right !== b) backend.disposeData(right.dataId);
    return out;
  };

  tf.unregisterKernel('BatchMatMul', 'wasm');
  tf.registerKernel({ ...original, kernelFunc: multiplyFast as unknown as tf.KernelFunc });
}
