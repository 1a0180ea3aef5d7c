/** Protocol Buffers' wire format, read back for tests: fields in order, messages within as bytes. */
export interface ProtobufField {
  field: number;
  /** Of a varint the number, of anything else its bytes. */
  value: bigint | Uint8Array;
}

/** @throws RangeError where the bytes end within a field, or a wire type is none that is written here. */
export function readProtobuf(bytes: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError(`the bytes end within a number at ${at}`);
      at += 1;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wireType = tag % 8;
    const field = Math.floor(tag / 8);
    if (wireType === 0) {
      fields.push({ field, value: BigInt.asIntN(64, varint()) });
      continue;
    }
    if (wireType !== 2) throw new RangeError(`wire type ${wireType} at ${at}`);
    const size = Number(varint());
    if (at + size > bytes.length) throw new RangeError(`field ${field} ends beyond the bytes`);
    fields.push({ field, value: bytes.subarray(at, at + size) });
    at += size;
  }
  return fields;
}

/** All values of a repeated field that are bytes. */
export function bytesOf(fields: readonly ProtobufField[], field: number): Uint8Array[] {
  return fields.flatMap((one) => (one.field === field && one.value instanceof Uint8Array ? [one.value] : []));
}

export function textsOf(fields: readonly ProtobufField[], field: number): string[] {
  return bytesOf(fields, field).map((bytes) => new TextDecoder().decode(bytes));
}

/** All values of a repeated field that are whole numbers. */
export function numbersOf(fields: readonly ProtobufField[], field: number): number[] {
  return fields.flatMap((one) =>
    one.field === field && typeof one.value === 'bigint' ? [Number(one.value)] : [],
  );
}
