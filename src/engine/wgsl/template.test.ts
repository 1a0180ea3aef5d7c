import { expect, test } from 'vitest';
import { expand } from './template.ts';

const values = { flags: new Set(['ON']), constants: { ROWS: 2 } };
const lines = (...text: string[]) => text.join('\n');

test('chooses lines by flags', () => {
  const source = lines(
    'a',
    '// #if ON',
    'b',
    '// #else',
    'c',
    '// #end',
    '  // #if !ON',
    'd',
    '// #end',
    'e',
  );
  expect(expand(source, values)).toBe(lines('a', 'b', 'e'));
  expect(expand(source, { ...values, flags: new Set() })).toBe(lines('a', 'c', 'd', 'e'));
});

test('repeats lines and counts in them', () => {
  const source = lines(
    '// #each i 2*ROWS',
    '// #each r ROWS',
    'x_$i_$(ROWS*i+r) = $ru $(i/2) $(i%2);',
    '// #end',
    '// #end',
  );
  expect(expand(source, values).split('\n')).toEqual([
    'x_0_0 = 0u 0 0;',
    'x_0_1 = 1u 0 0;',
    'x_1_2 = 0u 0 1;',
    'x_1_3 = 1u 0 1;',
    'x_2_4 = 0u 1 0;',
    'x_2_5 = 1u 1 0;',
    'x_3_6 = 0u 1 1;',
    'x_3_7 = 1u 1 1;',
  ]);
});

test('refuses directives that do not match, and names that stand for nothing', () => {
  expect(() => expand(lines('// #if ON', 'a'), values)).toThrow('does not end');
  expect(() => expand(lines('a', '// #end'), values)).toThrow('Line 2');
  expect(() => expand(lines('// #each i COLUMNS', '// #end'), values)).toThrow('COLUMNS');
});
