import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equationValue, isSameValue } from './equation.ts';

describe('equationValue', () => {
  it.each([
    ['( 10.0 * 45.0 )', 450],
    ['( 10.0 - ( 6.0 + 3.0 ) )', 1],
    ['(84 / 2)', 42],
    ['(2)', 2],
    ['1 - 2 - 3', -4],
    ['2 + 3 * 4', 14],
    ['12 / 3 / 2', 2],
    ['-(3 - 5)', 2],
  ])('%s is %f', (text, value) => {
    expect(equationValue(text)).toBe(value);
  });

  // What the teacher writes now and then, and what a student may.
  it.each([
    '',
    '(',
    '( 10',
    '10 )',
    '(28 - 13) and (28 - 15)',
    '(175, 5)',
    '( 3 / 0 )',
    'process.exit(1)',
    '2 3',
    '1e3',
    '+',
  ])('%s has no value', (text) => {
    expect(equationValue(text)).toBeNull();
  });

  it('has no value where brackets or signs are deeper than any equation, however many there are', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}7${')'.repeat(depth)}`;
    expect(equationValue(nested(499))).toBe(7);
    expect(equationValue(`${'-'.repeat(499)}7`)).toBe(-7);
    expect(equationValue(nested(500))).toBeNull();
    expect(equationValue('('.repeat(200_000))).toBeNull();
    expect(equationValue('-'.repeat(200_000))).toBeNull();
    expect(equationValue(Array.from({ length: 2000 }, () => '(1)').join('+'))).toBe(2000);
  });

  it('agrees with the language on every expression', () => {
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.integer({ min: 0, max: 99 }).map(String),
        fc
          .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/'), tie('expression'))
          .map(([left, operator, right]) => `( ${left} ${operator} ${right} )`),
      ),
    }));
    fc.assert(
      fc.property(expression, (text) => {
        const value = Number(runInNewContext(text));
        expect(equationValue(text)).toBe(Number.isFinite(value) ? value : null);
      }),
    );
  });
});

describe('isSameValue', () => {
  it('compares values, and nothing with nothing is not the same', () => {
    expect(isSameValue('(2 + 3)', '( 10.0 / 2.0 )')).toBe(true);
    expect(isSameValue('(2 + 4)', '( 10.0 / 2.0 )')).toBe(false);
    expect(isSameValue('', '')).toBe(false);
  });
});
