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
function make(changes: { normalizer?: object; scheme?: string; byteFallback?: boolean } = {}): Tokenizer {
  const { normalizer = null, scheme = 'always', byteFallback = true } = changes;
  const json = {
    version: '1.0',
    added_tokens: ['<pad>', '</s>', '<unk>'].map((content, id) => ({ id, content, special: true })),
    normalizer,
    pre_tokenizer: { ...metaspace, prepend_scheme: scheme },
    post_processor: null,
    decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, metaspace] },
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
