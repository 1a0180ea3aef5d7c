import { expect, test } from 'vitest';
import { dropoutNumbers } from '../dropout.ts';
import { countNames, quietRun, type Counts, type Run } from '../plan/plan.ts';
import { runBlockBytes, writeRunBlock } from './run-block.ts';
import common from './kernels/common.wgsl?raw';

const run: Run = {
  ...quietRun,
  counts: Object.fromEntries(countNames.map((name, index) => [name, 100 + index])) as unknown as Counts,
  accumulate: true,
  firstEncoderRow: 51,
  firstDecoderRow: 52,
  position: 53,
  step: 3,
  seed: 9,
  dropout: 0.25,
  learningRate: 0.01,
  weightDecay: 0.5,
  maxGradNorm: 1.5,
};

test('the numbers of a run are in their words, none on another, and the block is as long as the kernels have it', () => {
  const view = new DataView(new ArrayBuffer(runBlockBytes));
  writeRunBlock(view, run);
  const words = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => view.getUint32(4 * (first + index), true));
  expect(words(0, 9)).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108]);
  expect(words(9, 4)).toEqual([1, 51, 52, 53]);
  const { key, threshold } = dropoutNumbers({ rate: 0.25, seed: 9, step: 3 });
  expect(words(13, 5)).toEqual([...key, threshold]);
  const floats = Array.from({ length: 9 }, (_, index) => view.getFloat32(4 * (18 + index), true));
  const grow = 3 ** -0.8;
  const expected = [
    1 / 0.75,
    0.01 / (1 - 0.9 ** 3),
    1 - 0.01 * 0.5,
    Math.sqrt(1 - 0.999 ** 3),
    1.5,
    1 - grow,
    grow,
    0.01,
    0.5,
  ];
  floats.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 6));
  // Seven vectors of four words.
  expect(/words: array<vec4u, (\d+)>/.exec(common)![1]).toBe('7');
  expect(runBlockBytes).toBe(7 * 16);
  expect(words(27, 1)).toEqual([0]);
});
