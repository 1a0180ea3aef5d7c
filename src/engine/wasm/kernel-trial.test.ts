import { expect, test } from 'vitest';
import { RandomSequence } from '../../base/random.ts';
import { loadKernels } from './kernels.ts';
import { agree, gainOf, judgeRelaxed, measureGain, type Round } from './kernel-trial.ts';

/** Rounds of a machine that takes the core away now and then. @param noise Share that a timing is longer at most. */
function rounds(plainMs: number, relaxedMs: number, noise: number, count = 24): Round[] {
  const random = new RandomSequence(5);
  const longer = () => 1 + noise * random.next() ** 2;
  return Array.from({ length: count }, () => ({
    plainMs: plainMs * longer(),
    relaxedMs: relaxedMs * longer(),
  }));
}

test('a gain is what the undisturbed rounds say', () => {
  expect(gainOf(rounds(1.3, 1, 0))).toBeCloseTo(1.3);
  expect(gainOf(rounds(1.3, 1, 0.1))).toBeCloseTo(1.3, 1);
  const torn = rounds(1, 1, 0.02).map((round, index) => (index % 3 === 0 ? { ...round, plainMs: 9 } : round));
  expect(gainOf(torn)).toBeCloseTo(1, 1);
});

test('rounds that differ too much are not believed', () => {
  expect(gainOf(rounds(1.3, 1, 3))).toBeNull();
  expect(gainOf(rounds(0, 1, 0.01))).toBeNull();
});

test('rounds are believed where the faster quarter and the earlier half come within a twentieth of the fastest', () => {
  const even = rounds(2, 1, 0);
  const gainWith = (change: (index: number) => number) =>
    gainOf(even.map((round, index) => ({ ...round, plainMs: change(index) })));
  // Of 24 rounds the seventh fastest is the quarter: six may be faster, and the earlier twelve hold one as fast.
  expect(gainWith((index) => (index < 6 ? 1 : 1.05))).toBe(1.05);
  expect(gainWith((index) => (index < 6 ? 1 : 1.06))).toBeNull();
  expect(gainWith((index) => (index < 7 ? 1 : 9))).toBe(1);
  expect(gainWith((index) => (index < 11 ? 9 : 1))).toBe(1);
  expect(gainWith((index) => (index < 12 ? 1.05 : 1))).toBe(1);
  expect(gainWith((index) => (index < 12 ? 1.06 : 1))).toBeNull();
});

test.each(['plainMs', 'relaxedMs'] as const)('nor are they where %s ran slower code at first', (key) => {
  const timed = rounds(1, 1, 0.01).map((round, index) => (index < 13 ? { ...round, [key]: 2 } : round));
  expect(gainOf(timed)).toBeNull();
  const swift = rounds(1, 1, 0.01).map((round, index) => (index < 5 ? { ...round, [key]: 2 } : round));
  expect(gainOf(swift)).toBeCloseTo(1, 1);
});

test('results agree that differ by rounding, and none that has a NaN', () => {
  const expected = Float32Array.of(4, -2, 0.5);
  expect(agree(expected, Float32Array.of(4.00003, -2, 0.5))).toBe(true);
  expect(agree(expected, Float32Array.of(4.00005, -2, 0.5))).toBe(false);
  expect(agree(expected, Float32Array.of(4, -2, NaN))).toBe(false);
  // By one part in a hundred thousand of the largest, to either side, wherever it stands.
  expect(agree(Float32Array.of(-4, 0.5), Float32Array.of(-4, 0.50003))).toBe(true);
  expect(agree(Float32Array.of(-4, 0.5), Float32Array.of(-4, 0.49995))).toBe(false);
  expect(agree(new Float32Array(2), new Float32Array(2))).toBe(true);
  expect(agree(new Float32Array(2), Float32Array.of(0, 1e-30))).toBe(false);
});

test('kernels that do not fuse products are no relaxed ones', async () => {
  const plain = await loadKernels();
  expect(judgeRelaxed(plain, plain)).toBe('unfused');
  expect(await measureGain(plain, { ...plain, variant: 'relaxed' })).toBe(0);
});
