import { describe, expect, it } from 'vitest';
import { partsOf } from './pattern-parts.ts';
import { textsFor } from './pattern-texts.ts';

describe('the parts of a pattern', () => {
  it('are letters, classes, groups and how often each comes', () => {
    expect(partsOf('a\\u0062?[^c-e]{2,}|(?:\\p{L}){3}(?!f)\\1')).toEqual([
      [
        { part: { kind: 'letter', letter: 'a' }, least: 1, most: 1 },
        { part: { kind: 'letter', letter: 'b' }, least: 0, most: 1 },
        { part: { kind: 'class', source: '[^c-e]' }, least: 2, most: Infinity },
      ],
      [
        {
          part: {
            kind: 'group',
            options: [[{ part: { kind: 'class', source: '\\p{L}' }, least: 1, most: 1 }]],
            aside: null,
            number: null,
          },
          least: 3,
          most: 3,
        },
        {
          part: {
            kind: 'group',
            options: [[{ part: { kind: 'letter', letter: 'f' }, least: 1, most: 1 }]],
            aside: 'never',
            number: null,
          },
          least: 1,
          most: 1,
        },
        { part: { kind: 'again', group: 1 }, least: 1, most: 1 },
      ],
    ]);
  });

  it('are found to the end where brackets and escapes do not fit', () => {
    for (const pattern of [
      '(',
      ')',
      '[',
      ']',
      'a)b',
      '(?<',
      '\\',
      'a{',
      '{2}',
      '(?i)a',
      '[[a-z]&&[^b]]+',
      '\\u{110000}',
    ])
      expect(() => partsOf(pattern)).not.toThrow();
    expect(partsOf('a)b')).toHaveLength(2);
    expect(partsOf('(((('.repeat(5000)).length).toBeGreaterThan(0);
  });
});

describe('the texts for a pattern', () => {
  it('say what it repeats, after what comes before it, and end in what does not fit', () => {
    const texts = [...textsFor('foo(?:(bar)+|baz)*q')];
    for (const text of [
      `foo${'bar'.repeat(60)}\u0001`,
      `foo${'bazbar'.repeat(60)}!`,
      `foo${'baz'.repeat(60)}q`,
    ])
      expect(texts).toContain(text);
  });

  it('hold a letter of each kind that its classes tell apart', () => {
    const texts = [...textsFor('(?:\\p{L}|\\p{Script=Thai})+;')].join('');
    expect(/\p{Script=Thai}{60}/u.test(texts)).toBe(true);
    expect(/[^\P{L}\p{Script=Thai}]{60}/u.test(texts)).toBe(true);
  });

  it('are short and few, whatever the pattern', () => {
    for (const pattern of [
      '((((a{3}){3}){3}){3}){3}'.repeat(3),
      `(${'x'.repeat(20_000)})+`,
      '(a|b|c|d|e|f|g)*'.repeat(20),
    ]) {
      let letters = 0;
      let most = 0;
      for (const text of textsFor(pattern)) {
        letters += 1;
        most = Math.max(most, text.length);
      }
      expect(letters).toBeLessThan(20_000);
      expect(most).toBeLessThanOrEqual(2000 * 32 + 2);
    }
  });
});
