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
});

test('kernels that do not fuse products are no relaxed ones', async () => {
  const plain = await loadKernels();
  expect(judgeRelaxed(plain, plain)).toBe('unfused');
  expect(await measureGain(plain, { ...plain, variant: 'relaxed' })).toBe(0);
});
