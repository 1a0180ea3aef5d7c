import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { detectEncoding, EncodingError, TextStream } from './encoding.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const utf16 = (text: string, littleEndian = true): Uint8Array => {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at += 1) view.setUint16(2 * at, text.charCodeAt(at), littleEndian);
  return new Uint8Array(view.buffer);
};

function decode(bytes: Uint8Array, asked?: string): string {
  const { encoding, markBytes } = detectEncoding('f', bytes, asked);
  const stream = new TextStream('f', encoding);
  return stream.next(bytes.subarray(markBytes)) + stream.next();
}

function refusalOf(act: () => unknown): InputError {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('finds the encoding', () => {
  it.each([
    ['a mark of UTF-8', utf8('\ufeffnaïve\n'), 'utf-8', 3],
    ['a mark of UTF-16', utf16('\ufeffnaïve\n'), 'utf-16le', 2],
    ['a mark of UTF-16, big-endian', utf16('\ufeffnaïve\n', false), 'utf-16be', 2],
    ['UTF-16 without a mark', utf16('naïve and plain\n'), 'utf-16le', 0],
    ['UTF-16, big-endian, without a mark', utf16('naïve and plain\n', false), 'utf-16be', 0],
    ['UTF-8', utf8('naïve\n'), 'utf-8', 0],
    ['nothing', utf8(''), 'utf-8', 0],
  ])('%s', (_, bytes, encoding, markBytes) => {
    expect(detectEncoding('f', bytes)).toMatchObject({ encoding, markBytes });
    if (bytes.length > 0) expect(decode(bytes)).toContain('na');
    expect(decode(bytes)).not.toContain('\ufeff');
  });

  it('takes the one asked for, but a mark wins', () => {
    expect(decode(new Uint8Array([0x93, 0x61, 0x94]), 'windows-1252')).toBe('“a”');
    expect(decode(utf8('\ufeffä'), 'windows-1252')).toBe('ä');
    expect(refusalOf(() => decode(utf8('a'), 'klingon')).message).toContain('“klingon” is no encoding');
  });

  it('refuses UTF-32', () => {
    expect(refusalOf(() => decode(new Uint8Array([0xff, 0xfe, 0, 0, 97, 0, 0, 0]))).message).toContain(
      'UTF-32',
    );
  });
});

describe('decodes', () => {
  it('any text, however it is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, at) => {
        const bytes = utf8(text);
        const cut = at % (bytes.length + 1);
        const stream = new TextStream('f', 'utf-8');
        expect(stream.next(bytes.subarray(0, cut)) + stream.next(bytes.subarray(cut)) + stream.next()).toBe(
          text,
        );
      }),
    );
  });

  it('names the line that is not UTF-8, whatever came before it', () => {
    const bytes = new Uint8Array([...utf8('ä\nb\nc'), 0x93, 0x0a, 0x61]);
    const stream = new TextStream('f', 'utf-8');
    stream.next(bytes.subarray(0, 1));
    const refusal = refusalOf(() => stream.next(bytes.subarray(1)));
    expect(refusal).toBeInstanceOf(EncodingError);
    expect(refusal.line).toBe(3);
    expect(refusal.remedy).toContain('windows-1252');
    for (const [text, line] of [
      ['a\n\xffb\nc\n', 2],
      ['a\n\n\xff\n', 3],
      ['\xffa\n', 1],
    ] as const)
      expect(refusalOf(() => new TextStream('f', 'utf-8').next(Buffer.from(text, 'latin1'))).line).toBe(line);
    const cut = new TextStream('f', 'utf-8');
    cut.next(new Uint8Array([0x61, 0x0a, 0xc3]));
    expect(refusalOf(() => cut.next()).line).toBe(2);
  });
});
