import { describe, expect, it } from 'vitest';
import { Tokenizer } from './tokenizer.ts';

const bytes = [0xc3, 0xa9, 0xef, 0xbb, 0xbf, 0x0a];
const pieces: [string, number][] = [
  ['<pad>', 0],
  ['</s>', 0],
  ['<unk>', 0],
  ['▁', -3],
  ['a', -4],
  ['b', -4],
  ['▁ab', -2],
  // 7 to 12
  ...bytes.map((byte): [string, number] => [`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, -9]),
];
const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };

/** A tokenizer of few pieces, which knows the bytes of `é`, of the byte order mark and of a line feed. */
function make(
  changes: { normalizer?: object; scheme?: string; byteFallback?: boolean; decoders?: object[] } = {},
): Tokenizer {
  const { normalizer = null, scheme = 'always', byteFallback = true, decoders = [] } = changes;
  const json = {
    version: '1.0',
    added_tokens: ['<pad>', '</s>', '<unk>'].map((content, id) => ({ id, content, special: true })),
    normalizer,
    pre_tokenizer: { ...metaspace, prepend_scheme: scheme },
    post_processor: null,
    decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, ...decoders, metaspace] },
    model: { type: 'Unigram', unk_id: 2, vocab: pieces, byte_fallback: byteFallback },
  };
  return new Tokenizer(json, {}, { endId: 1 });
}

/** Ids without the end token. */
const encode = (tokenizer: Tokenizer, text: string): number[] => [...tokenizer.encode(text)].slice(0, -1);

// Every expected value here is what Python's tokenizers 0.23 gives for the same file.
describe('byte fallback', () => {
  const tokenizer = make();

  it.each([
    ['ab', [6], 'ab'],
    ['é', [3, 7, 8], 'é'],
    ['aéb', [3, 4, 7, 8, 5], 'aéb'],
    ['abéé éa', [6, 7, 8, 7, 8, 3, 7, 8, 4], 'abéé éa'],
    // All or nothing for letters in a row: the bytes of € are missing.
    ['é€', [3, 2], ''],
    ['é €', [3, 7, 8, 3, 2], 'é '],
    ['€a€', [3, 2, 4, 2], 'a'],
    ['\n', [3, 12], '\n'],
    ['\ufeffa', [3, 9, 10, 11, 4], '\ufeffa'],
  ])('reads and writes %j', (text, ids, decoded) => {
    expect(encode(tokenizer, text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it.each([
    [[3, 7], '\ufffd'],
    [[3, 7, 8, 7], '\ufffd\ufffd\ufffd'],
    [[3, 8, 8, 4], '\ufffd\ufffda'],
    [[4, 9, 10, 11, 5], 'a\ufeffb'],
    [[3, 12, 7], '\ufffd\ufffd'],
  ])('writes one sign for each byte that is no text: %j', (ids, decoded) => {
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it('leaves a file alone that does not ask for it', () => {
    expect(encode(make({ byteFallback: false }), 'aéb')).toEqual([3, 4, 2, 5]);
  });
});

describe('the normalizer Nmt', () => {
  const tokenizer = make({ normalizer: { type: 'Nmt' } });

  it.each([
    ['a\u0001b', [6]],
    ['a\u000bb', [6]],
    ['a\u008fb', [6]],
    ['a\tb', [3, 4, 3, 5]],
    ['a\u200bb', [3, 4, 3, 5]],
    ['a\u2028b', [3, 4, 3, 5]],
    ['a\u00a0b', [3, 4, 2, 5]],
    ['ab\n', [6, 3]],
  ])('reads %j', (text, ids) => {
    expect(encode(tokenizer, text)).toEqual(ids);
  });

  it('is known within a sequence', () => {
    const sequence = make({
      normalizer: { type: 'Sequence', normalizers: [{ type: 'Lowercase' }, { type: 'Nmt' }] },
    });
    expect(encode(sequence, 'A\u0001B\t')).toEqual([6, 3]);
  });

  it('takes away and replaces no other character', () => {
    const removed = [...range(1, 8), 0x0b, ...range(0x0e, 0x1f), 0x7f, 0x8f, 0x9f];
    const spaces = [9, 10, 12, 13, 0x1680, ...range(0x200b, 0x200f), 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd];
    for (let code = 0; code < 0x10000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const ids = encode(tokenizer, `a${String.fromCharCode(code)}b`).join();
      if (removed.includes(code)) expect({ code, ids }).toEqual({ code, ids: '6' });
      else if (spaces.includes(code) || code === 0x20)
        expect({ code, ids }).toEqual({ code, ids: '3,4,3,5' });
      else if (ids === '6' || ids === '3,4,3,5')
        expect({ code, ids }).toEqual({ code, ids: 'something else' });
    }
  });
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

describe('the normalizer Strip', () => {
  const both = make({ normalizer: { type: 'Strip', strip_left: true, strip_right: true } });

  it.each([
    [' ab', [6]],
    ['ab ', [6]],
    [' ab ab', [6, 6]],
    ['ab <pad>ab', [6, 0, 6]],
    ['\u0085ab', [6]],
    ['\ufeffab', [3, 9, 10, 11, 4, 5]],
    [' ', []],
  ])('reads %j', (text, ids) => {
    expect(encode(both, text)).toEqual(ids);
  });

  it.each([
    [' ab', [4, 5]],
    ['ab', [6]],
    [' ab ab', [4, 5, 6]],
    ['ab ', [6]],
    ['<pad> ab', [0, 4, 5]],
    [' ab<pad>ab', [4, 5, 0, 4, 5]],
  ])('leaves no beginning to prepend to where the first letter is taken away: %j', (text, ids) => {
    const first = make({
      normalizer: { type: 'Strip', strip_left: true, strip_right: true },
      scheme: 'first',
    });
    expect(encode(first, text)).toEqual(ids);
  });
});

describe('other normalizers', () => {
  it.each([
    [' ab', [4, 5]],
    ['ab ', [6, 3]],
    ['  ab', [4, 5]],
    [' ab ab', [4, 5, 6]],
  ])('hold to the same where Replace takes the first letter away: %j', (text, ids) => {
    const normalizer = { type: 'Replace', pattern: { Regex: '^ +' }, content: '' };
    expect(encode(make({ normalizer, scheme: 'first' }), text)).toEqual(ids);
  });

  it.each([
    ['\u0001ab', [4, 5]],
    ['\u0001 ab', [6]],
    ['\tab', [6]],
  ])('hold to the same where Nmt does: %j', (text, ids) => {
    expect(encode(make({ normalizer: { type: 'Nmt' }, scheme: 'first' }), text)).toEqual(ids);
  });

  it('lowercase letter by letter', () => {
    const normalizer = {
      type: 'Sequence',
      normalizers: [{ type: 'Lowercase' }, { type: 'Replace', pattern: { String: 'σ' }, content: 'a' }],
    };
    expect(encode(make({ normalizer }), 'BΣ')).toEqual([3, 5, 4]);
  });
});

describe('rules that make a text longer', () => {
  const twice = (letter: string) => ({
    type: 'Replace',
    pattern: { String: letter },
    content: letter + letter,
  });
  const times = (count: number, letter: string) => ({
    type: 'Sequence',
    normalizers: Array.from({ length: count }, () => twice(letter)),
  });

  it('are obeyed up to 100 times, and fail with a clear message beyond that', () => {
    expect(encode(make({ normalizer: times(3, 'b') }), 'b')).toEqual([3, ...new Array<number>(8).fill(5)]);
    for (const count of [14, 60])
      expect(() => make({ normalizer: times(count, 'b') }).encode('b'.repeat(200))).toThrow(
        'make a text more than 100 times as long',
      );
    // Text without the letter is none the longer.
    expect(encode(make({ normalizer: times(60, 'b') }), 'a')).toEqual([3, 4]);
  });

  it('are bounded where tokens become text, too', () => {
    const decoded = (count: number) =>
      make({ decoders: Array.from({ length: count }, () => twice('b')) }).decode([5, 5]);
    expect(decoded(3)).toBe('b'.repeat(16));
    expect(() => decoded(60)).toThrow('make a text more than 100 times as long');
  });
});
