import { expect, test } from 'vitest';
import { countParameters } from './parameters.ts';
import { publishedShapes } from './shapes.ts';

/** As `model.num_parameters()` tells for the published weights. */
test.each([
  ['t5-efficient-tiny', 15_570_688],
  ['t5-efficient-mini', 31_220_480],
  ['t5-small', 60_506_624],
  ['flan-t5-small', 76_961_152],
  ['t5-base', 222_903_552],
  ['flan-t5-base', 247_577_856],
  ['byt5-small', 299_637_760],
  ['mt5-small', 300_176_768],
  ['mt5-base', 582_401_280],
  ['t5-large', 737_668_096],
  ['flan-t5-large', 783_150_080],
])('%s has %i parameters', (name, count) => {
  expect(countParameters(publishedShapes.get(name)!)).toBe(count);
});
