/** Arrow files, Feather of version 2 and Arrow streams as records, read by Flechette. */
import {
  CompressionType,
  Precision,
  setCompressionCodec,
  tableFromIPC,
  Type,
  type DataType,
  type Table,
} from '@uwdata/flechette';
import { decompressLz4Raw } from 'hyparquet-compressors';
import { InputError } from '../base/errors.ts';
import { checkBatch } from './arrow-check.ts';
import { checkArrowMetadata } from './arrow-metadata.ts';
import { classLabelsOf } from './class-labels.ts';
import { PlainValues } from './plain-value.ts';
import type { FileRecord, FormatNote } from './record.ts';
import { unzstdFrame } from './zstd-frame.ts';

export interface ArrowTable {
  columns: string[];
  classLabels: Record<string, string[]> | null;
  records: FileRecord[];
  notes: FormatNote[];
}

const encode = (): Uint8Array => {
  throw new Error('nothing is packed here');
};
setCompressionCodec(CompressionType.ZSTD, {
  encode,
  // A copy: numbers are read in place, from where they may begin.
  decode: (bytes, sizeBytes) => new Uint8Array(unzstdFrame(bytes, sizeBytes)),
});
setCompressionCodec(CompressionType.LZ4_FRAME, { encode, decode: unlz4 });

/**
 * The rows of an Arrow file or stream; a record's line is its row's number, from 1.
 * @throws InputError where it is cut, damaged, or has no rows.
 */
export function readArrow(file: string, bytes: Uint8Array): ArrowTable {
  const isFile = startsWith(bytes, 'ARROW1');
  if (isFile && !startsWith(bytes.subarray(-6), 'ARROW1')) {
    throw new InputError(
      'This Arrow file is cut off: its end, which says what is in it, is missing.',
      'Download or write it again.',
      {
        file,
      },
    );
  }
  const values = new PlainValues();
  let table: Table;
  const records: FileRecord[] = [];
  try {
    checkArrowMetadata(bytes, isFile);
    // Numbers are read in place, which asks for bytes that begin where they may.
    table = tableFromIPC(bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes), {
      useBigInt: true,
      useDate: true,
    });
    const columns = table.names.map((name) => ({
      name,
      column: table.getChild(name),
      single: isSingle(table.getChild(name).type),
    }));
    const lengths = new Set(columns.map(({ column }) => column.length));
    if (lengths.size > 1) throw new Error('columns differ in length');
    for (const { column } of columns) for (const batch of column.data) checkBatch(batch);
    // Nothing bounds how many rows of nothing a few bytes say.
    if (columns.every(({ column }) => column.type.typeId === Type.Null) && table.numRows > 0)
      throw new Error('every column is empty');
    for (let row = 0; row < table.numRows; row += 1) {
      const cells = columns.map(
        ({ name, column, single }) => [name, values.plain(column.at(row), single)] as const,
      );
      records.push({ kind: 'value', line: row + 1, value: Object.fromEntries(cells) });
    }
  } catch {
    throw new InputError('This Arrow file is cut off or damaged.', 'Download or write it again.', { file });
  }
  if (records.length === 0)
    throw new InputError('This Arrow file has no rows.', 'Choose one with rows.', { file });
  const twice = table.names.find((name, at) => table.names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new InputError(`Two columns of this Arrow file are called “${twice}”.`, 'Give each its own name.', {
      file,
    });
  if (!isFile && !endsMarked(bytes)) {
    const reason = 'the stream does not end with its end mark; the file may have been cut off';
    records.push({ kind: 'stray', line: records.length, reason });
  }
  return {
    columns: [...table.names],
    classLabels: classLabelsOf(table.schema.metadata?.get('huggingface')),
    records,
    notes: values.notes(),
  };
}

/** Whether all fractions of a type have single precision. */
function isSingle(type: DataType): boolean {
  const precisions = precisionsOf(type);
  return precisions.includes(Precision.SINGLE) && !precisions.includes(Precision.DOUBLE);
}

function precisionsOf(type: DataType): number[] {
  if (type.typeId === Type.Float) return [type.precision];
  return 'children' in type ? type.children.flatMap((field) => precisionsOf(field.type)) : [];
}

function startsWith(bytes: Uint8Array, word: string): boolean {
  return Array.from(word).every((letter, at) => bytes[at] === letter.charCodeAt(0));
}

/** A stream's end: a continuation and a length of zero. */
function endsMarked(bytes: Uint8Array): boolean {
  const end = bytes.subarray(-8);
  return end.length === 8 && end.every((byte, at) => byte === (at < 4 ? 0xff : 0));
}

/** An LZ4 frame (its blocks as hyparquet-compressors reads them), whose blocks hold at most what the frame says. */
function unlz4(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flags = view.getUint8(4);
  const blockBytes = 2 ** (8 + 2 * ((view.getUint8(5) >> 4) & 7));
  const independent = (flags & 0x20) !== 0;
  let at = 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0);
  const blocks: Uint8Array[] = [];
  for (;;) {
    const size = view.getUint32(at, true);
    at += 4;
    if (size === 0) break;
    const packed = frame.subarray(at, at + (size & 0x7fff_ffff));
    if (packed.length < (size & 0x7fff_ffff)) throw new Error('a block is cut off');
    at += packed.length + (flags & 0x10 ? 4 : 0);
    if (size >>> 31 === 1) blocks.push(packed);
    else {
      if (!independent && blocks.length > 0) throw new Error('blocks lean on each other');
      blocks.push(unlz4Block(packed, blockBytes));
    }
  }
  const whole = new Uint8Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const block of blocks) {
    whole.set(block, end);
    end += block.length;
  }
  return whole;
}

/** One block, whose length is only known by its sequences. */
function unlz4Block(packed: Uint8Array, maxBytes: number): Uint8Array {
  let length = 0;
  for (let at = 0; at < packed.length;) {
    const token = packed[at]!;
    at += 1;
    const run = (start: number): number => {
      let sum = start;
      if (start === 15) {
        let byte = 255;
        while (byte === 255 && at < packed.length) {
          byte = packed[at]!;
          at += 1;
          sum += byte;
        }
      }
      return sum;
    };
    const literals = run(token >> 4);
    at += literals;
    length += literals;
    if (at >= packed.length) break;
    at += 2;
    length += run(token & 15) + 4;
  }
  if (length > maxBytes) throw new Error('a block is too large');
  return length === 0 ? new Uint8Array(0) : decompressLz4Raw(packed, length);
}
