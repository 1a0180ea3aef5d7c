import { bool, fixedSizeBinary, int32, utf8, utf8View, Type, type DataType } from '@uwdata/flechette';
import { expect, it } from 'vitest';
import { checkBatch } from './arrow-check.ts';

const of = (typeId: number, more: object = {}) => ({ typeId, ...more }) as unknown as DataType;
/** A batch without nulls, unless it says so. */
const check = (batch: object) => () => checkBatch({ length: 2, nullCount: 0, ...batch } as never);
const items = (length: number) => ({ length, nullCount: 0, type: int32(), values: new Int32Array(length) });

const dictionary = { type: of(Type.Dictionary), dictionary: { length: 2 } };
const list = { type: of(Type.List), children: [items(3)] };
const view = { type: of(Type.ListView), children: [items(3)], offsets: [0, 1], sizes: [1, 2] };
const text = { type: utf8(), values: new Uint8Array(3) };
/** Bits of rows that are there: the second of three alone. */
const second = Uint8Array.of(0b010);

it.each<[string, object]>([
  ['numbers', { type: int32(), values: new Int32Array(2) }],
  ['bits', { type: bool(), length: 16, values: new Uint8Array(2) }],
  ['bytes of one length', { type: fixedSizeBinary(3), values: new Uint8Array(6) }],
  ['views of texts', { type: utf8View(), values: new Uint8Array(32) }],
  ['decimals', { type: of(Type.Decimal, { bitWidth: 128 }), values: new BigUint64Array(4) }],
  ['nothing', { type: of(Type.Null) }],
  ['no rows', { type: utf8(), length: 0 }],
  ['texts', { ...text, offsets: [0, 3, 3] }],
  ['lists', { ...list, offsets: [0, 1, 3] }],
  ['views of lists', view],
  ['lists of one length', { type: of(Type.FixedSizeList, { stride: 2 }), children: [items(4)] }],
  ['structs', { type: of(Type.Struct), children: [items(2), items(3)] }],
  ['unions', { type: of(Type.Union), typeIds: { length: 2 } }],
  ['runs', { type: of(Type.RunEndEncoded) }],
  ['places in a dictionary', { ...dictionary, values: [0, 1] }],
  [
    'places, those of nulls anywhere',
    { ...dictionary, length: 3, nullCount: 2, validity: second, values: [9, 1, 9] },
  ],
  ['nulls without a map of them', { type: int32(), nullCount: 1, values: new Int32Array(2) }],
])('a batch of %s is sound', (_, batch) => expect(check(batch)).not.toThrow());

it.each<[string, object]>([
  ['no whole number of rows', { type: of(Type.Null), length: 1.5 }],
  ['fewer than no rows', { type: of(Type.Null), length: -1 }],
  ['too many rows', { type: of(Type.Null), length: 50_000_001 }],
  [
    'a short map of nulls',
    { type: int32(), length: 9, nullCount: 1, validity: second, values: new Int32Array(9) },
  ],
  ['too few numbers', { type: int32(), values: new Int32Array(1) }],
  ['too few bits', { type: bool(), length: 17, values: new Uint8Array(2) }],
  ['too few bytes of one length', { type: fixedSizeBinary(3), values: new Uint8Array(5) }],
  ['too few views', { type: utf8View(), values: new Uint8Array(31) }],
  ['too few decimals', { type: of(Type.Decimal, { bitWidth: 128 }), values: new BigUint64Array(3) }],
  ['no values', { type: int32() }],
  ['texts beyond their bytes', { ...text, offsets: [0, 3, 4] }],
  ['texts that go back', { ...text, offsets: [0, 3, 2] }],
  ['texts that begin before', { ...text, offsets: [-1, 3, 3] }],
  ['too few ends of texts', { ...text, offsets: [0, 3] }],
  ['no ends of texts', text],
  ['lists beyond their items', { ...list, offsets: [0, 1, 4] }],
  [
    'a list whose items are damaged',
    { ...list, children: [{ ...items(3), values: new Int32Array(2) }], offsets: [0, 1, 3] },
  ],
  ['views beyond their items', { ...view, sizes: [1, 3] }],
  ['views that begin before', { ...view, offsets: [-1, 1] }],
  ['views of fewer than none', { ...view, sizes: [-1, 2] }],
  ['too few views of lists', { ...view, offsets: [0] }],
  ['too few sizes of lists', { ...view, sizes: [1] }],
  ['too few items of one length', { type: of(Type.FixedSizeList, { stride: 2 }), children: [items(3)] }],
  ['a short part of a struct', { type: of(Type.Struct), children: [items(2), items(1)] }],
  ['too few kinds of a union', { type: of(Type.Union), typeIds: { length: 1 } }],
  ['a place beyond a dictionary', { ...dictionary, values: [0, 2] }],
  ['a place before a dictionary', { ...dictionary, values: [-1, 0] }],
  ['too few places', { ...dictionary, values: [0] }],
  ['no dictionary', { type: of(Type.Dictionary), values: [0, 0] }],
  ['a place of no null', { ...dictionary, length: 3, nullCount: 2, validity: second, values: [0, 2, 0] }],
  ['a place where nulls have no map', { ...dictionary, nullCount: 1, values: [0, 2] }],
])('a batch of %s is refused', (_, batch) => expect(check(batch)).toThrow());
