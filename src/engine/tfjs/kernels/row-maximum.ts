/** Where each row has its largest value; among equals the lowest index, on every backend. */
import { defineKernel } from './kernel.ts';

/** Input [N, V]; `places` [N] holds indices as float32 (exact up to 2^24). */
export const rowMaximum = defineKernel({
  name: 'StillroomRowMaximum',
  inputs: ['x'] as const,
  outputs: ({ x }) => ({ largest: [x[0]!], places: [x[0]!] }),
  loop: ({ x, largest, places }, { x: shape }) => {
    const [rows, width] = shape as [number, number];
    for (let row = 0; row < rows; row += 1) {
      let best = 0;
      for (let column = 1; column < width; column += 1) {
        if (x[row * width + column]! > x[row * width + best]!) best = column;
      }
      largest[row] = x[row * width + best]!;
      places[row] = best;
    }
  },
  programs: {
    largest: {
      reads: ['x'],
      perRow: true,
      code: `
        let width = uniforms.xShape[1];
        var best = -3.4e38;
        for (var column = lane; column < width; column = column + 64) { best = max(best, x[row * width + column]); }
        let rowBest = maxLanes(best);
        if (live && lane == 0) { result[row] = rowBest; }`,
    },
    places: {
      reads: ['x', 'largest'],
      perRow: true,
      code: `
        let width = uniforms.xShape[1];
        var first = width;
        for (var column = lane; column < width && first == width; column = column + 64) {
          if (x[row * width + column] == largest[row]) { first = column; }
        }
        let lowest = -maxLanes(-f32(first));
        if (live && lane == 0) { result[row] = lowest; }`,
    },
  },
});
