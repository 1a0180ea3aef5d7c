import { describe, expect, it } from 'vitest';
import { endlessPatterns, realPatterns } from '../../tests/support/patterns.ts';
import { EndlessPatternError } from '../student/probe-tokenizer.ts';
import { tinyTokenizer } from '../student/testing/tiny-student.ts';
import { parseTokenizer } from '../student/tokenizer.ts';
import { tryTokenizer } from './read-student.ts';

/** Tries the tokenizer that has a pattern, as a student's is tried. */
function tried(pattern: string, mostMs?: number): void {
  const text = JSON.stringify({
    ...tinyTokenizer(),
    pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
  });
  const tokenizer = parseTokenizer({ tokenizer: text, config: null }, { endId: 1 });
  tryTokenizer({ name: 'tiny', tokenizer, tokenizerFiles: { 'tokenizer.json': text } }, mostMs);
}

describe('a student’s tokenizer in the terminal', () => {
  it.each(endlessPatterns)('is refused in words where %s never ends', (pattern) => {
    expect(() => tried(pattern, 100)).toThrow(EndlessPatternError);
  });

  it.each(Object.entries(realPatterns))('is taken with the pattern of %s', (_, pattern) => {
    expect(() => tried(pattern)).not.toThrow();
  });

  it('is named where it is refused', () => {
    expect(() => tried('((abc)+)+d', 100)).toThrow(
      'tiny/tokenizer.json: The tokenizer does not come to an end with a short text',
    );
  });
});
