/**
 * Small matrix products on webgpu: one invocation for each value of the result, no workgroup memory. TensorFlow.js'
 * tiles wait at two barriers for each 32 of depth, which is nothing on a GPU and most of a step on a software one;
 * products so small are bound by the launch on a GPU anyway. Larger ones are left to TensorFlow.js.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { runGpuProgram, type GpuProgram } from './kernel.ts';

/** Multiplications up to which a product, or a batch of them, is small. */
const smallProduct = 1 << 20;

const program: GpuProgram = {
  reads: ['a', 'b'],
  uniforms: {
    outRows: 'i32',
    outColumns: 'i32',
    depth: 'i32',
    aRow: 'i32',
    aStep: 'i32',
    bStep: 'i32',
    bColumn: 'i32',
  },
  code: `
    let column = index % uniforms.outColumns;
    let row = index / uniforms.outColumns % uniforms.outRows;
    let item = index / (uniforms.outColumns * uniforms.outRows);
    var placeA = item * uniforms.outRows * uniforms.depth + row * uniforms.aRow;
    var placeB = item * uniforms.outColumns * uniforms.depth + column * uniforms.bColumn;
    var sum = 0.0;
    for (var step = 0; step < uniforms.depth; step = step + 1) {
      sum = sum + a[placeA] * b[placeB];
      placeA = placeA + uniforms.aStep;
      placeB = placeB + uniforms.bStep;
    }
    result[index] = sum;`,
};

let isReplaced = false;

/** Puts the own product beside the backend's. */
export function addSmallGpuMatMul(): void {
  if (isReplaced) return;
  isReplaced = true;
  const original = tf.getKernel('BatchMatMul', 'webgpu');

  const multiply: tf.KernelFunc = (call) => {
    const { inputs, attrs, backend } = call;
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
    const [rowsOfA, columnsOfA] = a.shape.slice(-2) as [number, number];
    const [rowsOfB, columnsOfB] = b.shape.slice(-2) as [number, number];
    const [rows, depth] = transposeA ? [columnsOfA, rowsOfA] : [rowsOfA, columnsOfA];
    const columns = transposeB ? rowsOfB : columnsOfB;
    const batchDims = a.shape.slice(0, -2);
    const isSmall = tf.util.sizeFromShape(batchDims) * rows * depth * columns <= smallProduct;
    if (!isSmall || !tf.util.arraysEqual(batchDims, b.shape.slice(0, -2))) {
      return original.kernelFunc(call);
    }
    return runGpuProgram(
      backend as unknown as WebGPUBackend,
      'StillroomSmallMatMul',
      program,
      [...batchDims, rows, columns],
      [a, b],
      {
        outRows: rows,
        outColumns: columns,
        depth,
        aRow: transposeA ? 1 : depth,
        aStep: transposeA ? rows : 1,
        bStep: transposeB ? 1 : columns,
        bColumn: transposeB ? depth : 1,
      },
    );
  };

  tf.unregisterKernel('BatchMatMul', 'webgpu');
  tf.registerKernel({ ...original, kernelFunc: multiply });
}
