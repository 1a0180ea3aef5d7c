import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
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

describe('the texts that a tokenizer is tried with', () => {
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
    expect([...probeTexts({ normalizer: { pattern: { Regex } } })].length).toBeLessThan(200);
    for (const json of [null, 3, [], { normalizer: 'x' }, { decoder: { Regex: 7 } }])
      expect([...probeTexts(json)].length).toBe(7);
  });
});
