import { execFileSync } from 'node:child_process';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { crc32, gunzip, UnpackedCount, unzstd } from './unpack.ts';
import { zipEntries } from './zip-entries.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));
const count = (bytes: Uint8Array): UnpackedCount => new UnpackedCount('f', bytes.length);
const ungzip = (bytes: Uint8Array): Uint8Array => gunzip('f', bytes, count(bytes));
const unzip = (bytes: Uint8Array): [string, Uint8Array][] =>
  zipEntries('f.zip', bytes, count(bytes)).map(({ path, read }) => [path, read()]);

/** One zstd frame with one raw block: what `zstd` writes of bytes that do not shrink (RFC 8878). */
function zstdFrame(content: Uint8Array): Uint8Array {
  const size = content.length;
  const block = (size << 3) | 1;
  return join(
    new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0xa0, size & 255, (size >> 8) & 255, (size >> 16) & 255, 0]),
    new Uint8Array([block & 255, (block >> 8) & 255, (block >> 16) & 255]),
    content,
  );
}

function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'nothing was thrown';
}

it('checks as gzip does', () => {
  expect(crc32(utf8('123456789'))).toBe(0xcbf43926);
  expect(crc32(utf8('6789'), crc32(utf8('12345')))).toBe(0xcbf43926);
});

describe('gives back what was packed', () => {
  const content = fc.uint8Array({ maxLength: 3000 });

  it('with gzip, of one member or several', () => {
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 3 }), (parts) => {
        expect(ungzip(join(...parts.map((part) => gzipSync(part))))).toEqual(join(...parts));
      }),
    );
    const large = new Uint8Array(300_000).map((_, at) => (at * at) % 251);
    expect(Buffer.from(ungzip(gzipSync(large))).equals(Buffer.from(large))).toBe(true);
    expect(ungzip(join(gzipSync(large), gzipSync(large)))).toHaveLength(600_000);
  });

  it('in a zip, packed or stored', () => {
    fc.assert(
      fc.property(content, content, fc.constantFrom<0 | 6>(0, 6), (a, b, level) => {
        const files = { 'data/a.csv': a, 'b.csv': b, '__MACOSX/b.csv': a, 'data/.DS_Store': a };
        expect(unzip(zipSync(files, { level }))).toEqual([
          ['data/a.csv', a],
          ['b.csv', b],
        ]);
      }),
    );
  });

  it('with zstd, of one frame or several', () => {
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 3 }), (parts) => {
        const bytes = join(...parts.map(zstdFrame));
        expect(unzstd('f', bytes, count(bytes))).toEqual(join(...parts));
      }),
    );
  });

  it('with the zstd of this machine, where there is one', (test) => {
    const text = '{"input":"a","label":"b"}\n'.repeat(20_000);
    let bytes: Uint8Array;
    try {
      bytes = execFileSync('zstd', ['-q', '-c'], { input: text });
    } catch {
      test.skip('no zstd on the PATH');
      return;
    }
    expect(Buffer.from(unzstd('f', bytes, count(bytes))).toString()).toBe(text);
  });
});

describe('refuses', () => {
  const text = utf8('input,label\nWhere?,here\n'.repeat(400));

  it('a file cut anywhere, in words', () => {
    const packed = gzipSync(text);
    const frame = zstdFrame(text);
    const zip = zipSync({ 'a.csv': text });
    for (let end = 18; end < packed.length; end += 1)
      expect(refusalOf(() => ungzip(packed.subarray(0, end)))).toMatch(/This gzip file is (cut off|damaged)/);
    for (let end = 4; end < frame.length; end += 7) {
      const cut = frame.subarray(0, end);
      expect(refusalOf(() => unzstd('f', cut, count(cut)))).toMatch(/This zstd file is (cut off|damaged)/);
    }
    for (let end = 4; end < zip.length; end += 1)
      expect(refusalOf(() => unzip(zip.subarray(0, end)))).toContain('This zip is cut off or damaged');
  });

  it('a changed byte that changes what comes out', () => {
    for (const [pack, read] of [
      [() => gzipSync(text), ungzip],
      [() => zipSync({ 'a.csv': text }), unzip],
      [() => zipSync({ 'a.csv': text }, { level: 0 }), unzip],
    ] as const) {
      const sound = pack();
      for (let at = 40; at < sound.length; at += 3) {
        const changed = sound.slice();
        changed[at]! ^= 0x10;
        let out: unknown;
        try {
          out = read(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          continue;
        }
        // Names and dates may differ; the content does not.
        expect(Array.isArray(out) ? out.map((entry: [string, Uint8Array]) => entry[1]) : [out]).toEqual(
          out instanceof Uint8Array || (Array.isArray(out) && out.length > 0) ? [text] : [],
        );
      }
    }
  });

  it('what would fill the memory, before it does', () => {
    const bomb = zlib.gzipSync(new Uint8Array(70 * 2 ** 20));
    expect(refusalOf(() => ungzip(bomb))).toContain('250 times its size');
    const zip = zipSync({ 'a.csv': text });
    const directory = Buffer.from(zip).indexOf('PK\u0001\u0002');
    new DataView(zip.buffer).setUint32(directory + 24, 2 ** 31, true);
    expect(refusalOf(() => unzip(zip))).toContain('unpacks to more than 1.07 GB');
    const wide = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8, 0, 0, 0]);
    expect(refusalOf(() => unzstd('f', wide, count(wide)))).toContain('needs 2.20 TB to be unpacked');
  });

  it.each([
    ['an Excel workbook', ['[Content_Types].xml', 'xl/workbook.xml']],
    ['a Word document', ['[Content_Types].xml', 'word/document.xml']],
    ['an OpenDocument file', ['mimetype', 'content.xml']],
    ['a PyTorch file', ['archive/data.pkl', 'archive/data/0']],
    ['a file of NumPy arrays', ['x.npy', 'y.npy']],
  ])('%s', (what, paths) => {
    expect(refusalOf(() => unzip(zipSync(Object.fromEntries(paths.map((path) => [path, text])))))).toContain(
      `This is ${what}`,
    );
  });
});
