/** Awkward archives, tables in bytes and files of other kinds: each has its rows, or one clear error. */
import { readFileSync } from 'node:fs';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from './fixtures.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = (...parts: (string | number[] | Uint8Array)[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string))));
const load = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../tests/fixtures/tables/${name}`, import.meta.url)));
const zip = (files: Record<string, Uint8Array | string>): Uint8Array =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([path, content]) => [
        path,
        typeof content === 'string' ? utf8(content) : content,
      ]),
    ),
  );
/** One zstd frame with one raw block (RFC 8878), for less than 256 bytes. */
const zstd = (text: string): Uint8Array =>
  bytes(
    [0x28, 0xb5, 0x2f, 0xfd, 0x20, text.length, ((text.length << 3) & 255) | 1, text.length >> 5, 0],
    text,
  );

const table = 'input,label\na,x\nb,y\n';
const read = [
  ['a', 'x'],
  ['b', 'y'],
];
const packedTwice = zip({ 'b.zip': zip({ 'a.csv': table }) });
/** Says of itself that it unpacks to 2 GiB: refused before anything is unpacked. */
const bomb = zip({ 'a.csv': table });
new DataView(bomb.buffer).setUint32(Buffer.from(bomb).indexOf('PK\u0001\u0002') + 24, 2 ** 31, true);
const parquet = load('rows.plain.parquet');
const arrow = load('rows.uncompressed.arrow');
const stream = load('rows.stream.arrow');

describe('is read', () => {
  it.each<[string, Uint8Array, string[]?]>([
    ['gzip', gzipSync(utf8(table))],
    ['gzip in gzip', gzipSync(gzipSync(utf8(table)))],
    ['zstd', zstd(table)],
    ['a zip in a zip', packedTwice],
    ['a path that leads out of the zip', zip({ '../../etc/passwd.csv': table })],
    ['a zip with a text that is no data', zip({ 'README.md': 'Hello there.', 'a.csv': table }), ['left-out']],
    ['a zip with a picture', zip({ 'a.csv': table, 'b.png': bytes([0x89, 0x50, 0x4e, 0x47]) }), ['left-out']],
  ])('%s', async (_, content, notes = []) => {
    expect(await outcomeOf(content)).toEqual({ rows: read, refused: [], notes });
  });

  it.each<[string, Uint8Array]>([
    ['Parquet with columns in columns', parquet],
    ['Arrow', arrow],
  ])('%s', async (_, content) => {
    const outcome = await outcomeOf(content);
    expect('rows' in outcome && outcome.rows).toHaveLength(40);
    expect(outcome).toMatchObject({
      refused: [],
      notes: expect.arrayContaining(['bytes', 'columns-unused']) as unknown,
    });
  });
});

const tooDeep = 'This lies in an archive in an archive in an archive.';
const noEnd = 'is cut off: its end, which says what is in it, is missing.';

describe('is refused in words', () => {
  it.each<[string, Uint8Array, string]>([
    ['a zip in a zip in a zip', zip({ 'c.zip': packedTwice }), `f/c.zip/b.zip/a.csv: ${tooDeep}`],
    ['gzip four times', gzipSync(gzipSync(gzipSync(gzipSync(utf8(table))))), `f: ${tooDeep}`],
    ['a zip bomb', bomb, 'f: This file of 130 bytes unpacks to more than 1.07 GB.'],
    ['an empty zip', zip({}), 'f: This zip holds no files.'],
    ['a zip of a folder', zip({ 'a/': '' }), 'f: This zip holds no files.'],
    [
      'a zip of a README',
      zip({ 'README.md': 'Hello there.' }),
      'f/README.md: This is text, but neither JSON nor a table',
    ],
    [
      'a zip of other things',
      zip({ mimetype: 'application/epub+zip', 'a.xhtml': '<html/>' }),
      'f: No file in this zip holds rows: f/mimetype, f/a.xhtml.',
    ],
    [
      'a zip with a damaged file',
      zip({ 'a.csv': 'input,label\n"a,x\n', 'b.csv': table }),
      'f/a.csv, line 2: A quote opens on this line and is never closed',
    ],
    ['a cut zip', zip({ 'a.csv': table }).slice(0, -30), 'f: This zip is cut off or damaged'],
    ['gzip of nothing', gzipSync(new Uint8Array()), 'f: The file is empty.'],
    ['cut gzip', gzipSync(utf8(table)).slice(0, -9), 'f: This gzip file is cut off'],
    ['the start of gzip', bytes([0x1f, 0x8b]), 'f: This gzip file is damaged'],
    ['gzip with text after it', bytes(gzipSync(utf8(table)), 'and more'), 'f: This gzip file is damaged'],
    ['cut zstd', zstd(table).slice(0, -6), 'f: This zstd file is cut off'],
    ['the start of zstd', bytes([0x28, 0xb5, 0x2f, 0xfd]), 'f: This zstd file is cut off'],
    ['zstd of nothing', zstd(''), 'f: The file is empty.'],
    ['half a Parquet file', parquet.slice(0, parquet.length >> 1), `f: This Parquet file ${noEnd}`],
    ['a Parquet file without its last letters', parquet.slice(0, -4), `f: This Parquet file ${noEnd}`],
    ['the start and end of Parquet', bytes('PAR1PAR1'), `f: This Parquet file ${noEnd}`],
    ['a Parquet file without rows', load('empty.parquet'), 'f: This Parquet file has no rows.'],
    ['the same in gzip', gzipSync(load('empty.parquet')), 'f: This Parquet file has no rows.'],
    ['encrypted Parquet', bytes(parquet.slice(0, -4), 'PARE'), 'f: This Parquet file is encrypted.'],
    ['half an Arrow file', arrow.slice(0, arrow.length >> 1), `f: This Arrow file ${noEnd}`],
    ['an Arrow file without its last letters', arrow.slice(0, -6), `f: This Arrow file ${noEnd}`],
    ['a cut Arrow stream', stream.slice(0, 900), 'f: This Arrow file is cut off or damaged.'],
    ['a Feather file of old', bytes('FEA1'), 'f: This is a Feather file of version 1.'],
    ['.xlsx', zip({ '[Content_Types].xml': 'x', 'xl/workbook.xml': 'x' }), 'f: This is an Excel workbook.'],
    ['.docx', zip({ '[Content_Types].xml': 'x', 'word/document.xml': 'x' }), 'f: This is a Word document.'],
    ['.ods', zip({ mimetype: 'x', 'content.xml': 'x' }), 'f: This is an OpenDocument file (LibreOffice).'],
    ['.npz', zip({ 'a.npy': 'x' }), 'f: This is a file of NumPy arrays.'],
    ['.pt', zip({ 'archive/data.pkl': 'x' }), 'f: This is a PyTorch file, not data.'],
    [
      '.xls',
      bytes([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0]),
      'f: This is an old Excel or Word file.',
    ],
    ['.pdf', bytes('%PDF-1.7\n1 0 obj, 2\n'), 'f: This is a PDF document.'],
    ['.rtf', bytes('{\\rtf1 a, b\n}'), 'f: This is an RTF document.'],
    ['.png', bytes([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), 'f: This is a PNG picture.'],
    ['.jpeg', bytes([0xff, 0xd8, 0xff, 0xe0]), 'f: This is a JPEG picture.'],
    ['.wav', bytes('RIFF\0\0\0\0WAVE'), 'f: This is a sound, film or picture.'],
    ['.mp4', bytes('\0\0\0\x18ftyp'), 'f: This is a film or a sound.'],
    ['SQLite', bytes('SQLite format 3\0'), 'f: This is an SQLite database.'],
    ['GGUF', bytes('GGUF\x03\0\0\0'), 'f: This is a model in GGUF, not data.'],
    [
      'safetensors',
      bytes([2, 0, 0, 0, 0, 0, 0, 0], '{}'),
      'f: These are a model’s weights (safetensors), not data.',
    ],
    ['SentencePiece', bytes([0x0a, 0x0e, 0x0a, 0x05, 0x3c, 0x75]), 'f: This is a binary file'],
    [
      'a pickle',
      bytes([0x80, 4, 0x95, 0]),
      'f: This is a Python pickle, which can run code and is never opened.',
    ],
    ['.npy', bytes([0x93], 'NUMPY'), 'f: This is a NumPy array.'],
    ['HDF5', bytes([0x89, 0x48, 0x44, 0x46, 13, 10]), 'f: This is an HDF5 file.'],
    ['Avro', bytes('Obj\x01'), 'f: This is an Avro file.'],
    ['ORC', bytes('ORC\x0a\x03\x00'), 'f: This is an ORC file.'],
    ['7z', bytes([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), 'f: This is a 7z archive.'],
    ['xz', bytes([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), 'f: This is packed with xz.'],
    ['bzip2', bytes('BZh91AY'), 'f: This is packed with bzip2.'],
    ['RAR', bytes('Rar!\x1a\x07\0'), 'f: This is a RAR archive.'],
    ['tar', bytes(new Uint8Array(257), 'ustar'), 'f: This is a tar archive.'],
    ['a program', bytes([0x7f, 0x45, 0x4c, 0x46]), 'f: This is a program.'],
    ['a program of Windows', bytes('MZ', new Uint8Array(100)), 'f: This is a binary file'],
    ['any bytes', new Uint8Array(3000).map((_, at) => (at * 7919) % 251), 'f: This is a binary file'],
  ])('%s', async (_, content, words) => {
    expect(await outcomeOf(content)).toMatchObject({
      error: { message: expect.stringContaining(words) as unknown },
    });
  });
});
