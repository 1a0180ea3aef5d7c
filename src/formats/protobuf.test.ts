import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtobufMessage } from './protobuf.ts';
import { bytesOf, readProtobuf, textsOf } from './testing/read-protobuf.ts';

const whole = (message: ProtobufMessage): Uint8Array =>
  new Uint8Array(Array.from(message.chunks()).flatMap((chunk) => [...chunk]));

describe('a message', () => {
  it('is what the encoding’s own examples have', () => {
    // protobuf.dev/programming-guides/encoding: Test1 { a: 150 }, Test2 { b: "testing" }, Test3 { c: Test1 }.
    const number = new ProtobufMessage().int(1, 150);
    expect([...whole(number)]).toEqual([0x08, 0x96, 0x01]);
    const text = new ProtobufMessage().text(2, 'testing');
    expect([...whole(text)]).toEqual([0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
    expect([...whole(new ProtobufMessage().message(3, number))]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
    expect([...whole(new ProtobufMessage().int(1, -2))]).toEqual([
      0x08,
      0xfe,
      ...Array<number>(8).fill(0xff),
      1,
    ]);
  });

  it('reads back as it was written, and is as large as it says', () => {
    const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });
    const entry = fc.tuple(
      field,
      fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.uint8Array()),
    );
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const message = new ProtobufMessage();
        for (const [number, value] of entries) {
          if (typeof value === 'bigint') message.int(number, value);
          else message.bytes(number, value);
        }
        const bytes = whole(message);
        expect(bytes).toHaveLength(message.sizeBytes);
        const fields = readProtobuf(bytes).map(({ field: number, value }) => [number, value]);
        expect(fields).toEqual(entries);
      }),
    );
  });

  it('makes large values when it is written, not before', () => {
    let made = 0;
    const sizeBytes = 200_000;
    const make = (): Uint8Array => {
      made += 1;
      return new Uint8Array(sizeBytes).fill(7);
    };
    const inner = new ProtobufMessage().text(1, 'before').bytes(9, { sizeBytes, make }).text(1, 'after');
    const message = new ProtobufMessage().message(2, inner);
    expect(made).toBe(0);
    const [bytes] = bytesOf(readProtobuf(whole(message)), 2);
    expect(made).toBe(1);
    const fields = readProtobuf(bytes!);
    expect(textsOf(fields, 1)).toEqual(['before', 'after']);
    expect(bytesOf(fields, 9)[0]).toHaveLength(sizeBytes);
  });

  it('refuses a value of another size than was announced', () => {
    const message = new ProtobufMessage().bytes(1, { sizeBytes: 3, make: () => new Uint8Array(2) });
    expect(() => whole(message)).toThrow('2 bytes were made where 3 were announced');
  });
});
