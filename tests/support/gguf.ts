/** Reads a GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), of float tensors alone. */

export type GgufValue = number | boolean | string | readonly GgufValue[];

export interface GgufTensor {
  /** Rows first, as everywhere in the project: the file has them the other way round. */
  shape: readonly number[];
  values: Float32Array | Uint16Array;
}

export interface Gguf {
  metadata: ReadonlyMap<string, GgufValue>;
  /** 16-bit floats stay as their bits. */
  tensors: ReadonlyMap<string, GgufTensor>;
}

const alignment = 32;

export function readGguf(bytes: Uint8Array<ArrayBuffer>): Gguf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const taken = (size: number): number => (at += size) - size;
  const u32 = (): number => view.getUint32(taken(4), true);
  const u64 = (): number => Number(view.getBigUint64(taken(8), true));
  const text = (): string => {
    const size = u64();
    const start = taken(size);
    return new TextDecoder().decode(bytes.subarray(start, start + size));
  };
  const readers: Readonly<Record<number, () => GgufValue>> = {
    4: u32,
    5: () => view.getInt32(taken(4), true),
    6: () => view.getFloat32(taken(4), true),
    7: () => view.getUint8(taken(1)) !== 0,
    8: text,
    9: () => {
      const kind = u32();
      return Array.from({ length: u64() }, () => value(kind));
    },
    10: u64,
  };
  const value = (kind: number): GgufValue => {
    const read = readers[kind];
    if (read === undefined) throw new TypeError(`GGUF: values of kind ${kind} are not read here.`);
    return read();
  };

  if (u32() !== 0x46554747) throw new TypeError('This is no GGUF file.');
  u32();
  const tensorCount = u64();
  const metadata = new Map<string, GgufValue>(
    Array.from({ length: u64() }, () => {
      const name = text();
      return [name, value(u32())] as const;
    }),
  );
  const infos = Array.from({ length: tensorCount }, () => {
    const name = text();
    const shape = Array.from({ length: u32() }, u64).reverse();
    return { name, shape, kind: u32(), offset: u64() };
  });
  const start = Math.ceil(at / alignment) * alignment;
  const tensors = new Map(
    infos.map(({ name, shape, kind, offset }) => {
      const size = shape.reduce((product, count) => product * count, 1);
      const begin = start + offset;
      const data = bytes.slice(begin, begin + size * (kind === 0 ? 4 : 2)).buffer;
      return [name, { shape, values: kind === 0 ? new Float32Array(data) : new Uint16Array(data) }] as const;
    }),
  );
  return { metadata, tensors };
}
