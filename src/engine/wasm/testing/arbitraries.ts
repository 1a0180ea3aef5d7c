/** Shapes and runs on which kernels are tried. */
import fc from 'fast-check';
import { RandomSequence } from '../../../base/random.ts';
import type { Accumulate, Dropout } from '../../plan/operations.ts';
import { Bench } from './one-operation.ts';

export const size = fc.oneof(
  fc.constantFrom(1, 2, 3, 4, 5, 15, 16, 17, 33, 64),
  fc.integer({ min: 1, max: 80 }),
);
export const seed = fc.nat();
const rate = fc.constantFrom(0, 0.1, 0.7);
export const accumulate = fc.constantFrom<Accumulate>('never', 'always', 'laterPasses');
export const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(64, 65, 70)), {
  minLength: 1,
  maxLength: 4,
});

/** A site, or null. */
export const dropout = fc.option(
  fc.record<Dropout>({
    site: fc.nat({ max: 0x1ff_ffff }),
    stack: fc.constantFrom('encoder' as const, 'decoder' as const),
  }),
);
/** What differs between runs and must not be forgotten. */
export const where = fc.record({
  dropout: rate,
  accumulate: fc.boolean(),
  step: fc.integer({ min: 1, max: 1000 }),
  seed: fc.nat(),
  firstEncoderRow: fc.nat({ max: 5000 }),
  firstDecoderRow: fc.nat({ max: 5000 }),
});

export function makeBench(value: number): Bench {
  const random = new RandomSequence(value);
  return new Bench(() => random.next());
}

export const check = <T extends unknown[]>(property: fc.IAsyncPropertyWithHooks<T>, numRuns: number) =>
  fc.assert(property, { numRuns });
