/**
 * Sums of squares of a whole tensor, as a few partial sums that the CPU finishes in double precision.
 * (TensorFlow.js sums a tensor with a single workgroup.)
 */
import { defineKernel } from './kernel.ts';

/** Values that one invocation sums: single precision loses less than 1e-6 over so few. */
const strip = 64;

/** Input [N] (reshape first); `sums` [N / 4096] is what to add up. */
export const squareSums = defineKernel({
  name: 'StillroomSquareSums',
  inputs: ['x'] as const,
  outputs: ({ x }) => ({ strips: [Math.ceil(x[0]! / strip)], sums: [Math.ceil(x[0]! / strip / strip)] }),
  loop: ({ x, strips, sums }) => {
    strips.fill(0);
    for (let position = 0; position < sums.length; position += 1) {
      const end = Math.min(x.length, (position + 1) * strip * strip);
      let sum = 0;
      for (let index = position * strip * strip; index < end; index += 1) sum += x[index]! * x[index]!;
      sums[position] = sum;
    }
  },
  programs: {
    // Each invocation takes every n-th value, so that neighbours read neighbours.
    strips: {
      reads: ['x'],
      code: `
        var sum = 0.0;
        for (var place = index; place < uniforms.xShape; place = place + uniforms.size) {
          sum = sum + x[place] * x[place];
        }
        result[index] = sum;`,
    },
    sums: {
      reads: ['strips'],
      code: `
        var sum = 0.0;
        for (var place = index; place < uniforms.stripsShape; place = place + uniforms.size) {
          sum = sum + strips[place];
        }
        result[index] = sum;`,
    },
  },
});
