/** Sizes for operation cases: one, odd, beyond a tile, and long, in any mixture. */
import fc from 'fast-check';
import type { CaseSizes } from './operation-cases.ts';

const size = fc.oneof(fc.constantFrom(1, 2, 3, 4, 16, 17, 33), fc.integer({ min: 1, max: 24 }));
const lengths = fc.array(fc.oneof(fc.constantFrom(1, 16, 17, 40), fc.integer({ min: 1, max: 20 })), {
  minLength: 1,
  maxLength: 3,
});

export const caseSizes: fc.Arbitrary<CaseSizes> = fc.record({
  seed: fc.integer({ min: 0, max: 1_000_000 }),
  rows: size,
  columns: size,
  inner: size,
  heads: fc.integer({ min: 1, max: 3 }),
  headSize: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 19)),
  lengths,
  keyLengths: lengths,
  dropout: fc.boolean(),
  accumulate: fc.boolean(),
});
