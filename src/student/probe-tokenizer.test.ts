import { afterEach, describe, expect, it, vi } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EndlessPatternError, probeTexts, probeTokenizer } from './probe-tokenizer.ts';
import { tinyTokenizer } from './testing/tiny-student.ts';
import { parseTokenizer } from './tokenizer.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a tokenizer that is tried', () => {
  const json = JSON.stringify(tinyTokenizer());
  const tokenizer = parseTokenizer({ tokenizer: json, config: null }, { endId: 1 });

  it('may take five seconds for all texts together, and no more', () => {
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const tried = (lastMs: number) => () => {
      let texts = 0;
      nowMs = 1_000;
      probeTokenizer(tokenizer, {}, 'tokenizer.json', () => {
        texts += 1;
        if (texts === 7) nowMs = lastMs;
      });
    };
    expect(tried(6_000)).not.toThrow();
    expect(tried(6_001)).toThrow(EndlessPatternError);
    expect(tried(6_001)).toThrow('The tokenizer does not come to an end with a short text');
  });

  it('that fails with a text is refused, with its own words', () => {
    const failing = {
      encode: () => {
        throw new Error('no such piece');
      },
    } as unknown as typeof tokenizer;
    expect(() => probeTokenizer(failing, {}, 'tokenizer.json')).toThrow(
      'The tokenizer fails with a plain text (no such piece).',
    );
  });
});

describe('the texts that a tokenizer is tried with', () => {
  it('are plain ones, and those that a pattern asks for: its letters, and one of each class', () => {
    const plain = [...probeTexts({})];
    expect(plain.slice(1, 6)).toEqual([
      'a'.repeat(200),
      ' '.repeat(200),
      '0'.repeat(200),
      '!'.repeat(200),
      `${'aA0 _-'.repeat(40)}!`,
    ]);
    const texts = [...probeTexts({ decoder: { pattern: { Regex: ':b(z+)' } } })].slice(plain.length);
    expect(texts).toContain(`${'a'.repeat(60)}\u0001`);
    expect(texts).toContain(`:b${'z'.repeat(60)}\u0001`);
    expect(texts).toContain(`x:b${'z'.repeat(60)}\u0001`);
  });

  it('come to an end with the patterns of real tokenizers', () => {
    const file = join(import.meta.dirname, '../../public/students/nano/tokenizer.json');
    const text = readFileSync(file, 'utf8');
    for (const json of [text, JSON.stringify(tinyTokenizer())]) {
      const tokenizer = parseTokenizer({ tokenizer: json, config: null }, { endId: 1 });
      let texts = 0;
      probeTokenizer(tokenizer, JSON.parse(json), 'tokenizer.json', (work) => {
        texts += 1;
        work();
      });
      expect(texts).toBeGreaterThanOrEqual(7);
    }
  });

  it('are of a bounded number, whatever the file', () => {
    const Regex = String.fromCodePoint(...Array.from({ length: 5000 }, (_, index) => 0x4e00 + index));
    const texts = [...probeTexts({ normalizer: { pattern: { Regex } } })];
    expect(texts.length).toBeLessThan(200);
    expect(Math.max(...texts.map((text) => text.length))).toBe(240 + 1);
    for (const json of [null, 3, [], { normalizer: 'x' }, { decoder: { Regex: 7 } }])
      expect([...probeTexts(json)].length).toBe(7);
  });
});

describe('the patterns of a tokenizer', () => {
  const parsed = (patterns: readonly string[]) =>
    parseTokenizer(
      {
        tokenizer: JSON.stringify({
          ...tinyTokenizer(),
          normalizer: {
            type: 'Sequence',
            normalizers: patterns.map((Regex) => ({ type: 'Replace', pattern: { Regex }, content: '' })),
          },
        }),
        config: null,
      },
      { endId: 1 },
    );

  it('have no more letters, and are no more, than any tokenizer has', () => {
    expect(() => parsed(['x'.repeat(20_000)])).not.toThrow();
    expect(() => parsed(['x'.repeat(20_001)])).toThrow(
      '"Regex" of a rule has 20001 letters; more than 20000 are not read.',
    );
    expect(() => parsed(Array.from({ length: 100 }, () => 'x'))).not.toThrow();
    expect(() => parsed(Array.from({ length: 101 }, () => 'x'))).toThrow('more than 100 patterns');
  });
});
