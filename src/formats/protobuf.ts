/**
 * Protocol Buffers' wire format, written. Source: protobuf.dev/programming-guides/encoding. The libraries for it build
 * a whole message in one array, weights copied; here a message is a list of parts, and large ones are made when the
 * file is written, so that a model is never twice in memory.
 */

/** Bytes that are made when they are asked for. */
export interface LazyBytes {
  sizeBytes: number;
  /** Exactly `sizeBytes` bytes. */
  make: () => Uint8Array;
}

type Part = Uint8Array | LazyBytes;

const utf8 = new TextEncoder();
/** Parts up to this size are put together before they are handed on: thousands of them have a few bytes. */
const smallBytes = 65_536;

/** A whole number as a varint; a negative one takes ten bytes, as int64 does. */
function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 128);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}

/** A message, field by field. Fields may come in any order; repeated ones stay in the order they were written in. */
export class ProtobufMessage {
  readonly #parts: Part[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** An int32, int64, bool or enum. */
  int(field: number, value: number | bigint): this {
    this.#tag(field, 0);
    return this.#push(varint(value));
  }

  bytes(field: number, bytes: Part): this {
    this.#tag(field, 2);
    this.#push(varint(sizeOf(bytes)));
    return this.#push(bytes);
  }

  text(field: number, text: string): this {
    return this.bytes(field, utf8.encode(text));
  }

  message(field: number, message: ProtobufMessage): this {
    this.#tag(field, 2);
    this.#push(varint(message.sizeBytes));
    for (const part of message.#parts) this.#push(part);
    return this;
  }

  /** The message's bytes in order; each call makes them again. */
  *chunks(): Generator<Uint8Array> {
    let small: Uint8Array[] = [];
    let sizeBytes = 0;
    const together = (): Uint8Array => {
      const bytes = new Uint8Array(sizeBytes);
      let position = 0;
      for (const part of small) {
        bytes.set(part, position);
        position += part.length;
      }
      small = [];
      sizeBytes = 0;
      return bytes;
    };
    for (const part of this.#parts) {
      if (part instanceof Uint8Array && part.length + sizeBytes <= smallBytes) {
        small.push(part);
        sizeBytes += part.length;
        continue;
      }
      if (sizeBytes > 0) yield together();
      const bytes = part instanceof Uint8Array ? part : part.make();
      if (bytes.length !== sizeOf(part)) {
        throw new RangeError(`${bytes.length} bytes were made where ${sizeOf(part)} were announced`);
      }
      yield bytes;
    }
    if (sizeBytes > 0) yield together();
  }

  #tag(field: number, wireType: number): void {
    this.#push(varint(field * 8 + wireType));
  }

  #push(part: Part): this {
    this.#parts.push(part);
    this.#sizeBytes += sizeOf(part);
    return this;
  }
}

function sizeOf(part: Part): number {
  return part instanceof Uint8Array ? part.length : part.sizeBytes;
}
