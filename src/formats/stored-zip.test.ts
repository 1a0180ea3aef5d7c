import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readStoredZip } from './stored-zip.ts';
import { blobEntries } from './zip-blob.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const all = 0xffff_ffff;

/** Little-endian numbers of so many bytes, and bytes as they are. */
const bytes = (...parts: ([value: number, bytes: 2 | 4 | 8] | Uint8Array)[]): Uint8Array => {
  const made = parts.map((part) => {
    if (part instanceof Uint8Array) return part;
    const whole = new Uint8Array(8);
    new DataView(whole.buffer).setBigUint64(0, BigInt(part[0]), true);
    return whole.subarray(0, part[1]);
  });
  return new Uint8Array(Buffer.concat(made));
};

/** One entry whose sizes and place stand in a 64-bit extra field, behind another extra field, after some bytes. */
function zip64({
  size = all,
  whole = all,
  local = all,
  extra = null as Uint8Array | null,
  signature = 0x0606_4b50,
  ahead = 'junk!',
} = {}): Uint8Array {
  const [name, content, before] = [utf8('a/b'), utf8('content'), utf8(ahead)];
  const header = bytes(
    [0x0403_4b50, 4],
    new Uint8Array(22),
    [name.length, 2],
    [2, 2],
    name,
    new Uint8Array(2),
  );
  const long = [
    ...(whole === all ? [[content.length, 8] as const] : []),
    ...(size === all ? [[content.length, 8] as const] : []),
    ...(local === all ? [[before.length, 8] as const] : []),
  ].map(([value]): [number, 8] => [value, 8]);
  const other = bytes([7, 2], [3, 2], new Uint8Array(3).fill(1));
  const extras = extra ?? bytes(other, [1, 2], [8 * long.length, 2], ...long);
  const entry = bytes(
    [0x0201_4b50, 4],
    new Uint8Array(16),
    [size, 4],
    [whole, 4],
    [name.length, 2],
    [extras.length, 2],
    [4, 2],
    new Uint8Array(8),
    [local, 4],
    name,
    extras,
    new Uint8Array(4),
  );
  const start = before.length + header.length + content.length;
  const end64 = bytes([signature, 4], new Uint8Array(36), [entry.length, 8], [start, 8]);
  const locator = bytes([0x0706_4b50, 4], [0, 4], [start + entry.length, 8], [1, 4]);
  const end = bytes([0x0605_4b50, 4], new Uint8Array(8), [all, 4], [all, 4], [0, 2]);
  return bytes(before, header, content, entry, end64, locator, end);
}

const read = (zip: Uint8Array) =>
  Object.fromEntries(
    [...readStoredZip(zip, 'x.zip')].map(([name, content]) => [name, Buffer.from(content).toString()]),
  );

describe('a stored zip', () => {
  it('has its entries as views, also with a comment at its end', () => {
    const zip = zipSync({ 'a.txt': utf8('one'), 'b/c.txt': utf8(''), 'd.txt': utf8('three') }, { level: 0 });
    expect(read(zip)).toEqual({ 'a.txt': 'one', 'b/c.txt': '', 'd.txt': 'three' });
    const commented = bytes(zip.subarray(0, -2), [4, 2], utf8('word'));
    expect(read(commented)).toEqual(read(zip));
    expect(readStoredZip(zip, 'x.zip').get('a.txt')!.buffer).toBe(zip.buffer);
  });

  it.each([
    ['all numbers', {}],
    ['the size alone', { local: 5 }],
    ['the place alone', { size: 7, whole: 7 }],
    ['the unpacked size and the place', { size: 7 }],
    ['no number', { size: 7, whole: 7, local: 5, extra: new Uint8Array() }],
  ])('of 64-bit records has %s beyond 32 bits', (_, how) => {
    expect(read(zip64(how))).toEqual({ 'a/b': 'content' });
  });

  it.each([
    ['has a damaged directory', zip64({ signature: 1 })],
    ['points beyond its end', zip64({ extra: new Uint8Array() })],
    ['has a damaged entry "a/b"', zip64({ extra: bytes([1, 2], [4, 2], [7, 4]) })],
    ['has no directory at its end', utf8('no zip')],
    ['has no directory at its end', new Uint8Array(40)],
    ['holds "a" compressed', zipSync({ a: new Uint8Array(99) })],
  ])('that %s is refused', (words, zip) => expect(() => read(zip)).toThrow(words));

  it('is refused wherever a signature is changed, or an entry is encrypted', () => {
    const zip = zipSync({ a: utf8('one') }, { level: 0 });
    const central = Buffer.from(zip).indexOf('PK\x01\x02', 0, 'latin1');
    const changed = (at: number, value: number) => {
      const copy = Uint8Array.from(zip);
      copy[at] = value;
      return copy;
    };
    expect(() => read(changed(0, 0))).toThrow('has a damaged entry "a"');
    expect(() => read(changed(central, 0))).toThrow('has a damaged directory');
    expect(() => read(changed(central + 8, 1))).toThrow('holds "a" encrypted');
    expect(() => read(changed(central + 20, 200))).toThrow('points beyond its end');
    for (let end = 0; end < zip.length; end += 1)
      expect(() => read(zip.subarray(0, end)), String(end)).toThrow('has no directory at its end');
  });
});

describe('a zip read from a Blob', () => {
  const entriesOf = async (zip: Uint8Array) => {
    const entries = await blobEntries(new Blob([Uint8Array.from(zip)]));
    if (entries === null) return null;
    const found: [string, number, string | null][] = [];
    for (const entry of entries)
      found.push([entry.path, entry.sizeBytes, (await (await entry.blob())?.text()) ?? null]);
    return found;
  };
  const zip = (level: 0 | 6) =>
    zipSync({ 'a.txt': utf8('one'), 'b/': new Uint8Array(), 'b/c.txt': utf8('x'.repeat(999)) }, { level });

  it.each([0, 6] as const)(
    'has its files, packed at level %i, folders aside, and a comment',
    async (level) => {
      const expected = [
        ['a.txt', 3, 'one'],
        ['b/c.txt', 999, 'x'.repeat(999)],
      ];
      expect(await entriesOf(zip(level))).toEqual(expected);
      expect(await entriesOf(bytes(zip(level).subarray(0, -2), [4, 2], utf8('word')))).toEqual(expected);
    },
  );

  it.each([{}, { local: 0 }, { size: 7, whole: 7 }, { size: 7 }, { whole: 7 }])(
    'of 64-bit records with %j has its numbers',
    async (how) => {
      expect(await entriesOf(zip64({ ...how, ahead: '' }))).toEqual([['a/b', 7, 'content']]);
    },
  );

  it('is none where its signatures are others, and has no file that is not as it says', async () => {
    for (const none of [utf8('none'), zip64(), zip64({ ahead: '', signature: 1 }), new Uint8Array(40)])
      expect(await entriesOf(none)).toBeNull();
    const whole = zip(0);
    const central = Buffer.from(whole).indexOf('PK\x01\x02', 0, 'latin1');
    const changed = (at: number, value: number) => {
      const copy = Uint8Array.from(whole);
      copy[at] = value;
      return entriesOf(copy);
    };
    expect(await changed(central, 0)).toBeNull();
    expect((await changed(central + 8, 1))?.map(([path]) => path)).toEqual(['b/c.txt']);
    expect((await changed(central + 10, 12))?.[0]).toEqual(['a.txt', 3, null]);
    expect((await changed(central + 24, 4))?.[0]).toEqual(['a.txt', 4, null]);
    for (let end = 0; end < whole.length; end += 1)
      expect(await entriesOf(whole.subarray(0, end))).toBeNull();
  });
});
