import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatResult, parseResults, variedId, type Result } from './ledger.ts';

const result = (alpha: number, seed: number): Result => ({
  varied: { alpha, seed },
  accuracy: {
    base: { correct: 0, total: 10 },
    distilled: { correct: seed, total: 10 },
    teacher: null,
  },
  run: `alpha-${alpha}-seed-${seed}`,
});

it('writes a line that is read again, with its keys in order', () => {
  const line = formatResult(result(0.1, 2));
  expect(Object.keys(JSON.parse(line) as object)).toEqual(['varied', 'accuracy', 'run']);
  expect(parseResults(line, 'results.jsonl').results.get(variedId({ seed: 2, alpha: 0.1 }))).toEqual(
    result(0.1, 2),
  );
});

it('a file that was cut anywhere keeps every whole line and can be appended to', () => {
  const lines = [result(0.1, 1), result(0.5, 1), result(0.1, 2)].map(formatResult);
  const whole = lines.join('');
  fc.assert(
    fc.property(fc.nat(whole.length), (length) => {
      const cut = whole.slice(0, length);
      const { results, mended } = parseResults(cut, 'results.jsonl');
      const ended = lines.filter(
        (_, index) => length >= lines.slice(0, index + 1).join('').length - 1,
      ).length;
      expect(results.size).toBe(ended);
      expect(mended).toBe(lines.slice(0, ended).join(''));
    }),
  );
});

it('names a line that is something else', () => {
  const text = `${formatResult(result(0.1, 1))}{"varied": 3}\n${formatResult(result(0.1, 2))}`;
  expect(() => parseResults(text, 'results.jsonl')).toThrow('results.jsonl, line 2');
});
