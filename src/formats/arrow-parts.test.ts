import { CompressionType, getCompressionCodec } from '@uwdata/flechette';
import { describe, expect, it } from 'vitest';
import { checkArrowMetadata } from './arrow-metadata.ts';
import './arrow.ts';

describe('the messages of a stream', () => {
  /** A message whose table has no fields: a continuation, the size, and the table behind its list of fields. */
  const message = new Uint8Array(20);
  const view = new DataView(message.buffer);
  for (const [at, value] of [-1, 12, 8].entries()) view.setInt32(4 * at, value, true);
  for (const at of [12, 14]) view.setUint16(at, 4, true);
  view.setInt32(16, 4, true);

  it('may end with the file, and are refused where it is shorter', () => {
    for (const older of [0, 4]) {
      const bytes = message.subarray(older);
      expect(() => checkArrowMetadata(bytes, false)).not.toThrow();
      for (const length of [1, 4, 11])
        expect(() => checkArrowMetadata(bytes.subarray(0, bytes.length - length), false)).toThrow('cut off');
    }
  });
});

describe('a frame of LZ4', () => {
  const independent = 0x60;
  const leaning = 0x40;
  const decode = (...blocks: number[][]) => decodeWith(independent, ...blocks);
  const decodeWith = (flags: number, ...blocks: number[][]) => {
    const frame = [0x04, 0x22, 0x4d, 0x18, flags, 0x40, 0];
    for (const block of blocks) frame.push(block.length & 255, block.length >> 8, 0, 0, ...block);
    frame.push(0, 0, 0, 0);
    const codec = getCompressionCodec(CompressionType.LZ4_FRAME)!;
    return [...codec.decode(Uint8Array.from(frame), 0)];
  };

  it('has blocks of no byte, of one, of several, and of one that is repeated', () => {
    expect(decode()).toEqual([]);
    expect(decode([0x00])).toEqual([]);
    expect(decode([0x10, 7])).toEqual([7]);
    expect(decode([0x10, 7], [0x20, 8, 9])).toEqual([7, 8, 9]);
    // One literal, then nine times what is one byte before, then one more literal.
    expect(decode([0x15, 7, 1, 0, 0x10, 8])).toEqual([...Array<number>(10).fill(7), 8]);
    // A run of literals that takes further bytes to say how long it is: 15, 255 and 0.
    const many = Array.from({ length: 270 }, (_, at) => at % 251);
    expect(decode([0xf0, 255, 0, ...many])).toEqual(many);
  });

  it('whose blocks lean on each other is read where there is one, and refused where there are two', () => {
    expect(decodeWith(leaning, [0x10, 7])).toEqual([7]);
    expect(() => decodeWith(leaning, [0x10, 7], [0x10, 8])).toThrow('lean on each other');
  });
});
