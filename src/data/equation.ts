/** Equations as SVAMP writes them, `( 10.0 - ( 6.0 + 3.0 ) )`, and what they come to. */

/** Brackets and signs within each other, deeper than any equation: one call each, and calls use up the stack. */
const mostDepth = 500;
/** More letters than any equation has: each becomes a token. */
const mostLetters = 10_000;

/**
 * The value of an arithmetic expression: numbers, + - * /, brackets. Null where it is no expression or has no finite
 * value: what a student writes is read, never run.
 */
export function equationValue(text: string): number | null {
  if (text.length > mostLetters) return null;
  const tokens = text.match(/\d+(?:\.\d+)?|\S/g) ?? [];
  let at = 0;
  let depth = 0;
  const take = (...wanted: string[]): string | null => {
    const token = tokens[at];
    if (token === undefined || !wanted.includes(token)) return null;
    at += 1;
    return token;
  };
  const chain = (operand: () => number, ...operators: string[]): number => {
    let value = operand();
    for (let operator = take(...operators); operator !== null; operator = take(...operators)) {
      const right = operand();
      if (operator === '+') value += right;
      else if (operator === '-') value -= right;
      else if (operator === '*') value *= right;
      else value /= right;
    }
    return value;
  };
  const sum = (): number => chain(product, '+', '-');
  const product = (): number => chain(factor, '*', '/');
  const factor = (): number => {
    if (depth === mostDepth) return NaN;
    depth += 1;
    const value = part();
    depth -= 1;
    return value;
  };
  const part = (): number => {
    if (take('-') !== null) return -factor();
    if (take('(') !== null) {
      const value = sum();
      return take(')') === null ? NaN : value;
    }
    const token = tokens[at];
    at += 1;
    return token !== undefined && /^\d/.test(token) ? Number(token) : NaN;
  };
  const value = sum();
  return at === tokens.length && Number.isFinite(value) ? value : null;
}

/** Whether two equations come to the same number (the method authors' metric for SVAMP). */
export function isSameValue(answer: string, label: string): boolean {
  const value = equationValue(answer);
  return value !== null && value === equationValue(label);
}
