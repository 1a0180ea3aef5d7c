import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { kindOf, kindProbeBytes, NoDataError, refuseOtherText } from './kind.ts';

/** Bytes written in hexadecimal, or the letters of a text in apostrophes. */
function bytesOf(words: string): Uint8Array {
  const parts = words.match(/'[^']*'|\S+/g) ?? [];
  return Uint8Array.from(
    parts.flatMap((part) =>
      part.startsWith("'")
        ? Array.from(part.slice(1, -1), (letter) => letter.charCodeAt(0))
        : [Number.parseInt(part, 16)],
    ),
  );
}

/** A file with these first bytes, then zeros, so that it is not a text. */
function fileOf(words: string, at = 0): Uint8Array {
  const start = bytesOf(words);
  const bytes = new Uint8Array(at + start.length + 300);
  bytes.set(start, at);
  return bytes;
}

/** Every byte of the start is needed: with another in its place it is something else. */
function eachOther(words: string, at = 0): Uint8Array[] {
  return Array.from(bytesOf(words), (byte, index) => {
    const bytes = fileOf(words, at);
    // Not the next number: some kinds differ by one.
    bytes[at + index] = byte ^ 0x40;
    return bytes;
  });
}

const kind = (bytes: Uint8Array): string => {
  try {
    return kindOf('f', bytes);
  } catch (error) {
    if (!(error instanceof NoDataError)) throw error;
    return error.message;
  }
};

describe('what holds rows', () => {
  it.each([
    ['parquet', "'PAR1'"],
    ['gzip', '1f 8b'],
    ['zip', "'PK' 03 04"],
    // An empty archive.
    ['zip', "'PK' 05 06"],
    ['zstd', '28 b5 2f fd'],
    ['arrow', "'ARROW1'"],
    ['arrow', 'ff ff ff ff'],
  ])('is known as %s by %s', (expected, words) => {
    expect(kind(fileOf(words))).toBe(expected);
    for (const bytes of eachOther(words)) expect(kind(bytes)).not.toBe(expected);
  });

  it('is zstd too where one of sixteen frames to skip comes first', () => {
    for (let low = 0; low < 16; low += 1)
      expect(kind(fileOf(`${(0x50 + low).toString(16)} 2a 4d 18`))).toBe('zstd');
    for (const words of ['4f 2a 4d 18', '60 2a 4d 18', '50 2b 4d 18', '50 2a 4e 18', '50 2a 4d 19'])
      expect(kind(fileOf(words))).not.toBe('zstd');
  });

  it('is text where nothing else is known, and where letters that begin a binary file begin its first line', () => {
    expect(kind(bytesOf("'a,b' 0a '1,2'"))).toBe('text');
    for (const letters of ['PAR1', 'ARROW1', 'ORC', 'RIFF', 'GGUF', 'BZh', 'OggS', 'GIF8', 'Rar!']) {
      expect(kind(bytesOf(`'${letters},b' 0a '1,2'`)), letters).toBe('text');
      // One line alone can be either.
      expect(kind(bytesOf(`'${letters},b'`)), letters).not.toBe('text');
    }
    for (const [byte, isText] of [
      ['09', true],
      ['0d', true],
      ['1f', false],
      ['20', true],
      ['7e', true],
      ['7f', false],
      ['0b', false],
    ] as const)
      expect(kind(bytesOf(`'ORC' ${byte} 0a`)) === 'text', byte).toBe(isText);
  });

  it('is told by the first 4,096 bytes', () => {
    expect(kindProbeBytes).toBe(4096);
    const long = new Uint8Array(5000).fill(0x61);
    long.set(bytesOf("'ORC' 0a"));
    long[4096] = 0;
    expect(kind(long)).toBe('text');
    long[4095] = 0;
    expect(kind(long)).toContain('an ORC file');
  });
});

it.each([
  ['a Parquet file whose schema is encrypted', "'PARE'"],
  ['a Feather file of version 1', "'FEA1'"],
  ['a PDF document', "'%PDF-'"],
  ['an RTF document', "'{\\rtf'"],
  ['an old Excel or Word file', 'd0 cf 11 e0 a1 b1 1a e1'],
  ['a model in GGUF, not data', "'GGUF'"],
  ['a PNG picture', "89 'PNG'"],
  ['a JPEG picture', 'ff d8 ff'],
  ['a GIF picture', "'GIF8'"],
  ['a sound, film or picture', "'RIFF'"],
  ['a sound', "'OggS'"],
  ['a film or a sound', "'ftyp'", 4],
  ['an SQLite database', "'SQLite format 3'"],
  ['an HDF5 file', "89 'HDF'"],
  ['a NumPy array', "93 'NUMPY'"],
  ['an Avro file', "'Obj' 01"],
  ['an ORC file', "'ORC'"],
  ['a Python pickle, which can run code and is never opened', '80 02'],
  ['a Python pickle, which can run code and is never opened', '80 03'],
  ['a Python pickle, which can run code and is never opened', '80 04'],
  ['a Python pickle, which can run code and is never opened', '80 05'],
  ['a 7z archive', "'7z' bc af 27 1c"],
  ['a RAR archive', "'Rar!'"],
  ['packed with xz', "fd '7zXZ' 00"],
  ['packed with bzip2', "'BZh'"],
  ['packed with lz4', '04 22 4d 18'],
  ['a tar archive', "'ustar'", 257],
  ['a program', "7f 'ELF'"],
] as const)('%s is refused by its name', (name, words, at: number = 0) => {
  const said = `f: This is ${name}.`;
  expect(kind(fileOf(words, at))).toContain(said);
  for (const bytes of eachOther(words, at)) expect(kind(bytes)).not.toContain(said);
  // Nor is it known a byte further on.
  expect(kind(fileOf(words, at + 1))).not.toContain(said);
});

it('a document that is text is one with lines too, and versions of a pickle end with the fifth', () => {
  expect(kind(bytesOf("'%PDF-1.4' 0a 'x'"))).toContain('a PDF document');
  expect(kind(bytesOf("'{\\rtf1' 0a 'x'"))).toContain('an RTF document');
  for (const words of ['80 01', '80 06']) expect(kind(fileOf(words))).toBe('text');
});

it('weights are known by the length of their header, which has no more than five bytes, and its first sign', () => {
  const weights = "40 01 02 03 04 00 00 00 '{'";
  expect(kind(fileOf(weights))).toContain('a model’s weights (safetensors)');
  for (const at of [5, 6, 7, 8]) {
    const bytes = fileOf(weights);
    bytes[at]! ^= 1;
    expect(kind(bytes), String(at)).toBe('text');
  }
});

it('a file without bytes is empty', () => {
  expect(() => kindOf('f', new Uint8Array(0))).toThrow('f: The file is empty.');
});

describe('text that holds no rows', () => {
  const refused = (start: string, whole = true) => {
    try {
      refuseOtherText('f', start, whole);
      return null;
    } catch (error) {
      return (error as InputError).message;
    }
  };

  it('is white space alone, where nothing follows', () => {
    expect(refused(' \n\t')).toContain('it holds white space only');
    expect(refused(' \n\t', false)).toBeNull();
    expect(refused(' a')).toBeNull();
  });

  it('is full of control characters, one in fifty and more', () => {
    const text = (control: number) => 'a'.repeat(49) + String.fromCharCode(control);
    // One in fifty is borne, and one more is not.
    expect(refused(text(0))).toBeNull();
    for (const [code, isControl] of [
      [0, true],
      [8, true],
      [9, false],
      [13, false],
      [14, true],
      [26, true],
      [27, false],
      [28, true],
      [31, true],
      [32, false],
    ] as const)
      expect(refused(text(code) + String.fromCharCode(code)) !== null, String(code)).toBe(isControl);
  });

  it('is a pointer of Git LFS or a page', () => {
    expect(refused('version https://git-lfs.github.com/spec/v1\noid')).toContain('a Git LFS pointer');
    for (const tag of ['<!DOCTYPE', '<html', '<head', '<body', '<?xml', '<svg', '<!--'])
      expect(refused(`\n${tag} x>`), tag).toContain('a web page');
    expect(refused('<a>,b')).toBeNull();
  });
});
