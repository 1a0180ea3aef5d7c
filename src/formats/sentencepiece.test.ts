import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Charsmap } from './charsmap.ts';
import { ProtobufMessage } from './protobuf.ts';
import { readSentencePiece } from './sentencepiece.ts';

const fixture = new Uint8Array(
  readFileSync(new URL('../../tests/fixtures/sentencepiece/spiece.model', import.meta.url)),
);

/** Bytes of their own: a Buffer's slice would be a view. */
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const bytesOf = (message: ProtobufMessage): Uint8Array => joined(...message.chunks());
/** A score is a float of four bytes: field 2 of wire 5, which the writer has no need of. */
const score = (value: number): Uint8Array => {
  const bytes = new Uint8Array(5);
  bytes[0] = (2 << 3) | 5;
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
};
const piece = (text: string, kind?: number, more: Uint8Array = new Uint8Array()): Uint8Array => {
  const message = new ProtobufMessage().text(1, text);
  return joined(bytesOf(kind === undefined ? message : message.int(3, kind)), more);
};
const unknown = piece('<unk>', 2);
const read = (message: ProtobufMessage) => readSentencePiece(bytesOf(message), 'x.model');
const readBytes = (...parts: Uint8Array[]) => readSentencePiece(joined(...parts), 'x.model');

describe('a SentencePiece model', () => {
  it('has its pieces, settings and rules', () => {
    const message = new ProtobufMessage()
      .bytes(1, piece('a', undefined, score(-1.5)))
      .bytes(1, piece('</s>', 3))
      .bytes(1, unknown)
      .bytes(1, piece('<0x0A>', 6))
      .message(2, new ProtobufMessage().int(3, 2).int(35, 1).int(40, 2).int(99, 7))
      .message(3, new ProtobufMessage().bytes(2, Uint8Array.of(1, 2)).int(3, 0).int(4, 0))
      .int(77, 2 ** 33)
      .text(78, 'what came later');
    expect(read(message)).toEqual({
      modelType: 'bpe',
      unkId: 2,
      byteFallback: true,
      pieces: [
        { piece: 'a', score: -1.5, kind: 'normal' },
        { piece: '</s>', score: 0, kind: 'control' },
        { piece: '<unk>', score: 0, kind: 'unknown' },
        { piece: '<0x0A>', score: 0, kind: 'byte' },
      ],
      charsmap: Uint8Array.of(1, 2),
      addDummyPrefix: false,
      removeExtraWhitespaces: false,
    });
  });

  it('is unigram, with a space before it and none too many, where it says nothing', () => {
    expect(read(new ProtobufMessage().bytes(1, unknown))).toMatchObject({
      modelType: 'unigram',
      unkId: 0,
      byteFallback: false,
      addDummyPrefix: true,
      removeExtraWhitespaces: true,
    });
  });

  it('passes over fields of eight and of four bytes', () => {
    const eight = Uint8Array.of(((50 << 3) & 127) | 1 | 128, 3, 1, 2, 3, 4, 5, 6, 7, 8);
    const four = Uint8Array.of((6 << 3) | 5, 1, 2, 3, 4);
    const whole = bytesOf(new ProtobufMessage().bytes(1, unknown));
    expect(readBytes(eight, four, whole).pieces).toHaveLength(1);
    for (let end = 1; end < 10; end += 1)
      expect(() => readBytes(whole, eight.subarray(0, end)), String(end)).toThrow('cut off');
    for (const end of [2, 4]) expect(() => readBytes(whole, four.subarray(0, end))).toThrow('cut off');
  });

  it.each<[string, () => unknown]>([
    ['has no pieces', () => read(new ProtobufMessage())],
    ['has a piece without letters', () => read(new ProtobufMessage().bytes(1, piece('', 2)))],
    ['has a piece of kind 7, which is not known', () => read(new ProtobufMessage().bytes(1, piece('a', 7)))],
    [
      'has a piece whose score is no number',
      () => read(new ProtobufMessage().bytes(1, piece('a', 1, score(NaN)))),
    ],
    [
      'has a piece that is not UTF-8',
      () => read(new ProtobufMessage().message(1, new ProtobufMessage().bytes(1, Uint8Array.of(0xff)))),
    ],
    ['has no unknown piece at 0', () => read(new ProtobufMessage().bytes(1, piece('a')))],
    [
      'has no unknown piece at 1',
      () => read(new ProtobufMessage().bytes(1, unknown).message(2, new ProtobufMessage().int(40, 1))),
    ],
    [
      'is of type 5, which is not known',
      () => read(new ProtobufMessage().message(2, new ProtobufMessage().int(3, 5))),
    ],
    ['is damaged, or is no SentencePiece model', () => readBytes(Uint8Array.of((1 << 3) | 3))],
    ['is damaged, or is no SentencePiece model', () => readBytes(new Uint8Array(11).fill(0x80))],
    ['is cut off', () => readBytes(Uint8Array.of(0x80))],
  ])('that %s is refused', (words, act) => expect(act).toThrow(`The SentencePiece model ${words}`));
});

describe('the rules of a normalizer', () => {
  const { charsmap } = readSentencePiece(fixture, 'spiece.model');
  const normalize = (text: string) => new Charsmap(charsmap, 'x').normalize(text);

  it('change letters to those that are usual, signs of one letter apart, and no others', () => {
    expect(normalize('\uff21\ufb01 x')).toBe('Afi x');
    expect(normalize('plain 漢 \u{1f600}')).toBe('plain 漢 \u{1f600}');
    for (const letter of ['\u00e9', 'e\u0301']) expect(normalize(letter)).toBe('e\u0301');
    expect(normalize('\uff21\u0323\u0301\u0302')).toBe('A\u0323\u0301\u0302');
    const rules = new Charsmap(charsmap, 'x');
    expect([rules.normalize('\ufb01\ufb01'), rules.normalize('\ufb01')]).toEqual(['fifi', 'fi']);
  });

  it('are refused where they are damaged', () => {
    const size = (bytes: number, rest = 8) => {
      const made = new Uint8Array(4 + rest);
      new DataView(made.buffer).setUint32(0, bytes, true);
      return made;
    };
    for (const bytes of [new Uint8Array(3), size(0), size(2), size(12), size(4, 3)])
      expect(() => new Charsmap(bytes, 'x')).toThrow('is damaged');
    expect(new Charsmap(size(8), 'x').normalize('a\0')).toBe('a\0');
  });
});
