/** Whether an Arrow batch has the bytes that it says: Flechette reads past the end in silence, or builds rows without end. */
import { Type, type Batch, type DataType } from '@uwdata/flechette';

const maxRows = 50_000_000;

/** What of a batch is looked at; the library names it so. */
interface Parts {
  length: number;
  nullCount: number;
  type: DataType;
  validity?: Uint8Array;
  values?: { length: number; byteLength: number; BYTES_PER_ELEMENT: number } & ArrayLike<number | bigint>;
  offsets?: ArrayLike<number | bigint> | null;
  sizes?: ArrayLike<number | bigint>;
  children?: Parts[];
  dictionary?: { length: number } | null;
  typeIds?: { length: number };
}

/** @throws Error where a batch, or a part of it, says more than it holds. */
export function checkBatch(batch: Batch<unknown>): void {
  check(batch);
}

function check(batch: Parts): void {
  const { length, nullCount, type, validity, values, offsets, sizes, children = [] } = batch;
  if (!Number.isInteger(length) || length < 0 || length > maxRows) refuse();
  const hasNulls = nullCount > 0 && validity !== undefined && validity.length > 0;
  if (hasNulls && validity.length * 8 < length) refuse();
  for (const child of children) check(child);
  if (length === 0) return;
  switch (type.typeId) {
    case Type.Null:
      return;
    case Type.Dictionary: {
      const known = batch.dictionary?.length ?? 0;
      if ((values?.length ?? 0) < length) refuse();
      for (let row = 0; row < length; row += 1) {
        if (hasNulls && ((validity[row >> 3]! >> (row & 7)) & 1) === 0) continue;
        const index = Number(values![row]);
        if (index < 0 || index >= known) refuse();
      }
      return;
    }
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      checkOffsets(offsets, length, values?.length ?? 0);
      return;
    case Type.List:
    case Type.LargeList:
    case Type.Map:
      checkOffsets(offsets, length, children[0]?.length ?? 0);
      return;
    case Type.ListView:
    case Type.LargeListView:
      if ((offsets?.length ?? 0) < length || (sizes?.length ?? 0) < length) refuse();
      for (let row = 0; row < length; row += 1) {
        const [start, size] = [Number(offsets![row]), Number(sizes![row])];
        if (start < 0 || size < 0 || start + size > (children[0]?.length ?? 0)) refuse();
      }
      return;
    case Type.FixedSizeList:
      if ((children[0]?.length ?? 0) < length * type.stride) refuse();
      return;
    case Type.Struct:
      if (children.some((child) => child.length < length)) refuse();
      return;
    case Type.Union:
      if ((batch.typeIds?.length ?? 0) < length) refuse();
      return;
    case Type.RunEndEncoded:
      return;
    default:
      if ((values?.byteLength ?? 0) * 8 < length * bitsOf(type, values?.BYTES_PER_ELEMENT ?? 1)) refuse();
  }
}

/** Bits of a value at least. */
function bitsOf(type: DataType, elementBytes: number): number {
  switch (type.typeId) {
    case Type.Bool:
      return 1;
    case Type.FixedSizeBinary:
      return type.stride * 8;
    case Type.Decimal:
      return type.bitWidth;
    case Type.BinaryView:
    case Type.Utf8View:
      return 128;
    default:
      return elementBytes * 8;
  }
}

function checkOffsets(
  offsets: ArrayLike<number | bigint> | null | undefined,
  length: number,
  end: number,
): void {
  if ((offsets?.length ?? 0) <= length) refuse();
  let before = 0;
  for (let at = 0; at <= length; at += 1) {
    const offset = Number(offsets![at]);
    if (offset < before) refuse();
    before = offset;
  }
  if (before > end) refuse();
}

function refuse(): never {
  throw new Error('a batch says more than it holds');
}
