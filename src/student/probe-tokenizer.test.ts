import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { probeTexts, probeTokenizer } from './probe-tokenizer.ts';
import { tinyTokenizer } from './testing/tiny-student.ts';
import { parseTokenizer } from './tokenizer.ts';

/** Patterns of the kind that never end, each with another trap. */
const wild = [
  '(a+)+$',
  '^(\\w+\\s?)*$',
  '(x|xx|xxx)*$',
  '([0-9]+)*:',
  '(.*a){30}',
  '(?:-+|_)+\\.$',
  '(\\s|\\n)*;$',
  '(é+é+)+$',
  // Letters that are written as numbers, or as a class of letters.
  '([\\u4e01-\\u9fa5]+)+$',
  '([\\u{1f600}-\\u{1f64f}]+)+$',
  '(\\p{Script=Han}+)+$',
  '(\\p{Lu}+)+;',
  // What comes before the part that runs wild has to fit.
  'foo(a+)+b',
  '(?<=Q: )(\\d+)+$',
];

/** Whether a pattern is still at work with any of the texts after a while. Its own thread, so that it can be ended. */
async function runsWild(pattern: string, texts: readonly string[]): Promise<boolean> {
  const code = `const { workerData: { pattern, texts } } = require('node:worker_threads');
    for (const text of texts) text.split(new RegExp(pattern, 'gu'));`;
  const worker = new Worker(code, { eval: true, workerData: { pattern, texts } });
  const ended = await Promise.race([
    new Promise<boolean>((resolve) => worker.once('exit', () => resolve(true))),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 600)),
  ]);
  await worker.terminate();
  return !ended;
}

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
    // Nine letters of classes and two of the pattern, each in three texts alone, and in one with the next.
    expect(texts).toHaveLength(11 * 3 + 11);
    expect(texts.slice(0, 3)).toEqual([
      `${'a'.repeat(60)}\u0001`,
      `x${'a'.repeat(60)}!`,
      `:bz${'a'.repeat(60)}\u0001`,
    ]);
    expect(texts.at(-2)).toBe(`${'bz'.repeat(60)}\u0001`);
    expect(texts.at(-1)).toBe(`${'za'.repeat(60)}\u0001`);
    // Without a part before the first that may be repeated there are two for each letter.
    const bare = [...probeTexts({ normalizer: [{ Regex: '+' }] })].slice(plain.length);
    expect(bare).toHaveLength(9 * 2 + 9);
  });

  it.concurrent.each(wild)('keep %s at work for ever', async (Regex) => {
    const texts = [...probeTexts({ pre_tokenizer: { type: 'Split', pattern: { Regex } } })];
    expect(await runsWild(Regex, texts)).toBe(true);
  });

  it('come to an end with the patterns of real tokenizers', () => {
    const file = join(import.meta.dirname, '../../public/students/nano/tokenizer.json');
    const text = readFileSync(file, 'utf8');
    for (const json of [text, JSON.stringify(tinyTokenizer())]) {
      const tokenizer = parseTokenizer({ tokenizer: json, config: null }, { endId: 1 });
      let texts = 0;
      probeTokenizer(tokenizer, JSON.parse(json), 'tokenizer.json', () => (texts += 1));
      expect(texts).toBeGreaterThanOrEqual(7);
    }
  });

  it('are of a bounded number, whatever the file', () => {
    const Regex = String.fromCodePoint(...Array.from({ length: 5000 }, (_, index) => 0x4e00 + index));
    const texts = [...probeTexts({ normalizer: { pattern: { Regex } } })];
    expect(texts).toHaveLength(7 + 40 * 3 + 40);
    expect(Math.max(...texts.map((text) => text.length))).toBe(240 + 1);
    for (const json of [null, 3, [], { normalizer: 'x' }, { decoder: { Regex: 7 } }])
      expect([...probeTexts(json)].length).toBe(7);
  });
});
