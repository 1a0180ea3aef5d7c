/** Comparing numbers with what they should be; a failure says how far off they are. */
import { expect } from 'vitest';

function differences(
  actual: Float32Array,
  expected: Float32Array,
): { largest: number; mean: number; distance: number; size: number } {
  let largest = 0;
  let sum = 0;
  let squares = 0;
  let size = 0;
  expected.forEach((value, index) => {
    // A NaN must fail, not vanish in a maximum.
    const difference = Math.abs(actual[index]! - value);
    if (!(difference <= largest)) largest = difference;
    sum += difference;
    squares += difference * difference;
    size += value * value;
  });
  return { largest, mean: sum / expected.length, distance: Math.sqrt(squares), size: Math.sqrt(size) };
}

/** Every value within `tolerance`. */
export function expectClose(
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
  what: string,
): void {
  expect(actual.length, `${what}: number of values`).toBe(expected.length);
  const { largest, mean } = differences(actual, expected);
  expect(
    largest <= tolerance,
    `${what}: largest difference ${largest}, mean ${mean}, accepted ${tolerance}`,
  ).toBe(true);
}

/** One number within `tolerance`. */
export function expectNear(actual: number, expected: number, tolerance: number, what: string): void {
  const difference = Math.abs(actual - expected);
  expect(
    difference <= tolerance,
    `${what}: ${actual} instead of ${expected}, difference ${difference}, accepted ${tolerance}`,
  ).toBe(true);
}

/** One number within `tolerance` times what it should be. */
export function expectNearRelative(actual: number, expected: number, tolerance: number, what: string): void {
  expectNear(actual, expected, tolerance * Math.abs(expected), what);
}

/** ‖actual - expected‖ within `tolerance` times ‖expected - origin‖. */
export function expectCloseInNorm(
  actual: Float32Array | undefined,
  expected: Float32Array,
  tolerance: number,
  what: string,
  origin?: Float32Array,
): void {
  expect(actual?.length, `${what}: number of values`).toBe(expected.length);
  const { largest, mean, distance, size } = differences(actual!, expected);
  const scale = origin === undefined ? size : differences(origin, expected).distance;
  const accepted = tolerance * scale;
  expect(
    distance <= accepted,
    `${what}: off by ${distance / scale} of its norm, accepted ${tolerance}; largest difference ${largest}, mean ${mean}`,
  ).toBe(true);
}
