/** Files whose headers lie: offsets, counts, sizes and names. Each is read as it says, or fails with a clear message. */
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { numbers } from '../../tests/support/wild-student.ts';
import { InputError } from '../base/errors.ts';
import { parseSafetensors, readTensorPlaces } from './safetensors.ts';
import { readStoredZip } from './stored-zip.ts';
import { UnpackedCount } from './unpack.ts';
import { blobEntries } from './zip-blob.ts';
import { zipEntries, zipParts } from './zip-entries.ts';

/** Numbers that are no count, or far too large. */
const odd = [
  '-1',
  '-0',
  '0',
  '0.5',
  '1e2',
  '1e308',
  '1e999',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '18446744073709551615',
  'null',
  '"8"',
  '[8]',
  'true',
  'NaN',
];

function safetensors(header: string, dataBytes = 16): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

/** Headers with one lie each. */
function lyingHeaders(): string[] {
  const entry = (parts: Record<string, string>): string => {
    const all = { dtype: '"F32"', shape: '[2]', from: '0', to: '8', ...parts };
    return `{"dtype":${all.dtype},"shape":${all.shape},"data_offsets":[${all.from},${all.to}]}`;
  };
  const two = (first: string, second = entry({ from: '8', to: '16' })): string =>
    `{"a":${first},"b":${second}}`;
  return [
    ...odd.flatMap((value) => [
      two(entry({ from: value })),
      two(entry({ to: value })),
      two(entry({ shape: `[${value}]` })),
      two(entry({ shape: `[2,${value}]` })),
    ]),
    // A product that overflows, or comes to nothing.
    two(entry({ shape: '[4294967296,4294967296]' })),
    two(entry({ shape: '[9007199254740991,0]' })),
    two(entry({ shape: `[${'1,'.repeat(1000)}2]` })),
    // The same name twice, the same bytes twice.
    `{"a":${entry({})},"a":${entry({ from: '8', to: '16' })}}`,
    `{"a":${entry({ to: '16', shape: '[4]' })},"a":${entry({ to: '16', shape: '[4]' })}}`,
    `{"a":${entry({})},"\\u0061":${entry({ from: '8', to: '16' })}}`,
    two(entry({}), entry({})),
    two(entry({ from: '8', to: '16' }), entry({ from: '8', to: '16' })),
    // No entries, or entries that are none.
    '{}',
    '{"a":[]}',
    '{"a":null}',
    '{"a":{}}',
    '{"__metadata__":{"a":1}}',
    '{"__metadata__":[]}',
    '{"__metadata__":null}',
    two(entry({ dtype: '"F8"' })),
    two(entry({ dtype: '"__proto__"' })),
    two(entry({ dtype: '["F32"]' })),
    '[]',
    '',
    'null',
  ];
}

describe('headers of safetensors', () => {
  const places = (bytes: Uint8Array) =>
    readTensorPlaces((sizeBytes) => Promise.resolve(bytes.slice(0, sizeBytes)), bytes.length, 'x');

  it.each(lyingHeaders())('%s', async (header) => {
    const bytes = safetensors(header);
    const parsed = await places(bytes).catch((error: unknown) => error);
    let whole: unknown;
    try {
      whole = parseSafetensors(bytes, 'x');
    } catch (error) {
      whole = error;
    }
    if (parsed instanceof Error) {
      expect(parsed).toBeInstanceOf(InputError);
      expect(whole).toBeInstanceOf(InputError);
      return;
    }
    // What is taken fills the file exactly, each byte once.
    const found = [...(parsed as Awaited<ReturnType<typeof places>>).values()];
    expect(found.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(16);
    expect(whole).not.toBeInstanceOf(Error);
  });

  it('with a name twice are refused, however it is written', () => {
    const entry = '{"dtype":"F32","shape":[4],"data_offsets":[0,16]}';
    for (const name of ['a', '\\u0061'])
      expect(() => parseSafetensors(safetensors(`{"a":${entry},"${name}":${entry}}`), 'x')).toThrow(
        'has the name "a" twice',
      );
  });

  it('of a length that lies are refused', () => {
    for (const length of [0n, 1n, 7n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      const bytes = safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}');
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      expect(() => parseSafetensors(bytes, 'x')).toThrow(InputError);
    }
  });
});

describe('zips', () => {
  let whole = new Uint8Array();
  const texts = new Map<string, string>();
  beforeAll(() => {
    for (let at = 0; at < 4; at += 1) texts.set(`folder/file${at}.txt`, `text ${at} `.repeat(50));
    const encoder = new TextEncoder();
    whole = new Uint8Array(
      zipSync(
        Object.fromEntries(
          [...texts].map(([name, text], at) => [
            name,
            [encoder.encode(text), { level: at % 2 === 0 ? 6 : 0 }],
          ]),
        ),
      ),
    );
  });

  /** Places of the numbers in the zip's records. */
  const fields = (bytes: Uint8Array): { at: number; size: 2 | 4 }[] => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const found: { at: number; size: 2 | 4 }[] = [];
    for (let at = 0; at + 4 <= bytes.length; at += 1) {
      const add = (...parts: [offset: number, size: 2 | 4][]) =>
        found.push(...parts.map(([offset, size]) => ({ at: at + offset, size })));
      switch (view.getUint32(at, true)) {
        case 0x04034b50:
          add([6, 2], [8, 2], [14, 4], [18, 4], [22, 4], [26, 2], [28, 2]);
          break;
        case 0x02014b50:
          add([8, 2], [10, 2], [16, 4], [20, 4], [24, 4], [28, 2], [30, 2], [32, 2], [42, 4]);
          break;
        case 0x06054b50:
          add([4, 2], [8, 2], [10, 2], [12, 4], [16, 4], [20, 2]);
          break;
        default:
      }
    }
    return found;
  };

  it('whose numbers lie are read as they say, or fail with a clear message', async () => {
    const next = numbers(14);
    const all = fields(whole);
    expect(all.length).toBeGreaterThanOrEqual(60);
    const values = [0, 1, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff];
    const outcomes = { read: 0, refused: 0 };
    const attempt = async (read: () => unknown): Promise<void> => {
      try {
        await read();
        outcomes.read += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        outcomes.refused += 1;
      }
    };
    for (const { at, size } of all) {
      const bytes = whole.slice();
      const view = new DataView(bytes.buffer);
      const value = values[next(values.length)]!;
      if (size === 2) view.setUint16(at, value & 0xffff, true);
      else view.setUint32(at, value, true);
      await attempt(() => {
        for (const { path, read } of zipEntries('x.zip', bytes, new UnpackedCount('x.zip', bytes.length))) {
          const text = texts.get(path);
          const content = new TextDecoder().decode(read());
          if (text !== undefined) expect(content).toBe(text);
        }
      });
      await attempt(() => readStoredZip(bytes, 'x.zip'));
      await attempt(async () => {
        for (const entry of (await blobEntries(new Blob([bytes]))) ?? []) await (await entry.blob())?.text();
      });
      await attempt(() => zipParts('x.zip', new Blob([bytes])));
    }
    expect(outcomes.refused).toBeGreaterThan(40);
    expect(outcomes.read).toBeGreaterThan(20);
  });
});
