import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { bfloatsToFloats, floatsToBfloats, floatsToHalves, halvesToFloats } from './half.ts';
import { parseSafetensors } from './safetensors.ts';
import {
  beyondHalf,
  joinChunks,
  safetensorsChunks,
  writeSafetensors,
  type WritableTensor,
} from './safetensors-writer.ts';

/** A file put together by hand from a header and values. */
function fileOf(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const bytesOf = (
  values: Uint16Array | Float64Array | BigInt64Array | Float32Array | Int32Array,
): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const tensor: fc.Arbitrary<WritableTensor> = shapes.chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  const floats = fc.float32Array({ minLength: length, maxLength: length });
  const integers = fc.int32Array({ minLength: length, maxLength: length });
  return fc.oneof(floats, integers).map((data) => ({ shape, data: data }));
});
const names = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('0', '10', '__proto__', 'constructor', 'a.b'),
);
const tensors = fc
  .uniqueArray(fc.tuple(names, tensor), { selector: ([name]) => name, maxLength: 6 })
  .map((entries) => new Map(entries.filter(([name]) => name !== '__metadata__')));

describe('writing and reading', () => {
  it('gives back any names, shapes and values, bit for bit', () => {
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (written, metadata) => {
        const bytes = writeSafetensors(written, { dtype: 'f32', metadata });
        const read = parseSafetensors(bytes, 'x');
        expect([...read.tensors.keys()].sort()).toEqual([...written.keys()].sort());
        for (const [name, { shape, data }] of written) {
          const back = read.tensors.get(name)!;
          expect(back.shape).toEqual(shape);
          expect(bytesOf(back.data as Float32Array)).toEqual(bytesOf(data as Float32Array));
        }
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
        expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
      }),
    );
  });

  it.each([
    ['f16', 'F16', (data: Float32Array) => halvesToFloats(floatsToHalves(data))],
    ['bf16', 'BF16', (data: Float32Array) => bfloatsToFloats(floatsToBfloats(data))],
  ] as const)('rounds to %s as the format does', (dtype, stored, rounded) => {
    const data = Float32Array.of(1, -0.1, 1e-7, 65504, 3.14159);
    const bytes = writeSafetensors(new Map([['w', { shape: [5], data }]]), { dtype });
    const read = parseSafetensors(bytes, 'x').tensors.get('w')!;
    expect(read.dtype).toBe(stored);
    expect(read.data).toEqual(rounded(data));
  });

  it('announces the size of its chunks', () => {
    fc.assert(
      fc.property(
        tensors,
        fc.constantFrom('f32' as const, 'f16' as const, 'bf16' as const),
        (written, dtype) => {
          const file = safetensorsChunks(written, { dtype });
          const sum = [...file.chunks()].reduce((total, chunk) => total + chunk.length, 0);
          expect(sum).toBe(file.sizeBytes);
          expect(joinChunks(file)).toEqual(writeSafetensors(written, { dtype }));
        },
      ),
    );
  });

  it('refuses a shape that does not fit its values', () => {
    const wrong = new Map([['w', { shape: [2, 2], data: new Float32Array(3) }]]);
    expect(() => writeSafetensors(wrong, { dtype: 'f32' })).toThrow(RangeError);
  });

  it('finds what f16 cannot hold', () => {
    expect(beyondHalf(Float32Array.of(1, -65504, 65519))).toBeNull();
    expect(beyondHalf(Float32Array.of(1, -65520))).toBe(-65520);
    expect(beyondHalf(Float32Array.of(NaN))).toBeNaN();
  });
});

describe('every dtype', () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001);
  it.each([
    ['F16', bytesOf(halves), Float32Array.of(1, -2, 2 ** -24)],
    ['BF16', bytesOf(floatsToBfloats(Float32Array.of(1, -2, 0.5))), Float32Array.of(1, -2, 0.5)],
    ['F32', bytesOf(Float32Array.of(1, -2, 0.1)), Float32Array.of(1, -2, 0.1)],
    ['F64', bytesOf(Float64Array.of(1, -2, 0.1)), Float64Array.of(1, -2, 0.1)],
    ['I32', bytesOf(Int32Array.of(1, -2, 3)), Int32Array.of(1, -2, 3)],
    ['I64', bytesOf(BigInt64Array.of(1n, -2n, 2n ** 53n - 1n)), Float64Array.of(1, -2, 2 ** 53 - 1)],
  ])('reads %s, at whatever address its values lie', (dtype, data, expected) => {
    for (const padding of ['', ' ', '   ']) {
      const header = JSON.stringify({ w: { dtype, shape: [3], data_offsets: [0, data.length] } }) + padding;
      expect(parseSafetensors(fileOf(header, data), 'x').tensors.get('w')!.data).toEqual(expected);
    }
  });

  it('refuses integers that cannot be counted exactly', () => {
    const file = fileOf(
      { w: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } },
      bytesOf(BigInt64Array.of(2n ** 60n)),
    );
    expect(() => parseSafetensors(file, 'x')).toThrow(/"w" holds 1152921504606846976/);
  });
});

describe('bad files', () => {
  const entry = (shape: unknown, begin: unknown, end: unknown, dtype: unknown = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const eight = new Uint8Array(8);
  const hugeHeader = new Uint8Array(25_000_100);
  new DataView(hugeHeader.buffer).setBigUint64(0, 25_000_001n, true);

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /has 0 bytes/],
    ['a header longer than the file', Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 1), /should have 255 bytes/],
    ['an absurd header', new Uint8Array(64).fill(255), /should have/],
    ['a header of more than 25 MB', hugeHeader, /more than 25000000/],
    ['a header that is no JSON', fileOf('{"a":'), /not valid JSON/],
    ['a header that is no UTF-8', fileOf('{}').with(8, 0xff), /not valid JSON/],
    ['a header that is a list', fileOf('[]'), /not a JSON object/],
    ['an entry that is no object', fileOf({ w: 3 }), /"w" is not described/],
    ['a strange dtype', fileOf({ w: entry([2], 0, 8, 'F8_E4M3') }, eight), /dtype "F8_E4M3"/],
    ['a dtype of Object', fileOf({ w: entry([2], 0, 8, 'constructor') }, eight), /dtype "constructor"/],
    ['no dtype', fileOf({ w: { shape: [2], data_offsets: [0, 8] } }, eight), /dtype none/],
    ['a negative size', fileOf({ w: entry([-2], 0, 8) }, eight), /no valid shape/],
    ['half a size', fileOf({ w: entry([0.5], 0, 2) }, eight), /no valid shape/],
    ['no offsets', fileOf({ w: { dtype: 'F32', shape: [2] } }, eight), /no valid data_offsets/],
    ['reversed offsets', fileOf({ w: entry([2], 8, 0) }, eight), /takes -8 bytes/],
    ['a size that does not fit', fileOf({ w: entry([3], 0, 8) }, eight), /shape \[3\] as F32 needs 12/],
    ['a file that is cut off', fileOf({ w: entry([4], 0, 16) }, eight), /holds only 8 bytes of values/],
    [
      'overlap',
      fileOf({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, eight),
      /"b" begins at byte 4 and overlaps/,
    ],
    ['a gap', fileOf({ a: entry([1], 4, 8) }, eight), /leaves a gap/],
    ['bytes left over', fileOf({ a: entry([1], 0, 4) }, eight), /4 bytes that belong to no tensor/],
    ['metadata that is no object', fileOf({ __metadata__: 'x' }), /__metadata__/],
    ['metadata that is no text', fileOf({ __metadata__: { a: 1 } }), /"a", which is not text/],
  ])('%s: InputError that names the file', (_, bytes, message) => {
    const act = () => parseSafetensors(bytes, 'student/model.safetensors');
    expect(act).toThrow(InputError);
    expect(act).toThrow(message);
    expect(act).toThrow(/^student\/model\.safetensors: /);
  });

  it('any corruption of the header is either harmless or an InputError', () => {
    const good = writeSafetensors(
      new Map([
        ['a', { shape: [2, 3], data: new Float32Array(6) }],
        ['b', { shape: [4], data: new Int32Array(4) }],
      ]),
      { dtype: 'f32', metadata: { format: 'pt' } },
    );
    const end = good.length - 40;
    let refused = 0;
    const change = fc.record({ at: fc.nat(end - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(good.length), (changes, cut) => {
        const bad = good.slice();
        for (const { at, byte } of changes) bad[at] = byte;
        for (const bytes of [bad, bad.subarray(0, cut)]) {
          try {
            parseSafetensors(bytes, 'x');
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
            refused += 1;
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});

const goldens = [
  'tiny-gated/model',
  'tiny-gated/batch',
  'tiny-tied/expected',
  'training/batches',
  'cos-e-run/student/model',
];
const golden = '../shared/golden';
describe.skipIf(!existsSync(golden))('files written by Python (skipped where ../shared is absent)', () => {
  it.each(goldens)('%s is written again byte for byte', (name) => {
    const bytes = new Uint8Array(readFileSync(`${golden}/${name}.safetensors`));
    const { tensors, metadata } = parseSafetensors(bytes, name);
    const again = writeSafetensors(tensors as Map<string, WritableTensor>, {
      dtype: 'f32',
      ...(Object.keys(metadata).length > 0 && { metadata }),
    });
    expect(Buffer.compare(again, bytes)).toBe(0);
  });
});
