/**
 * An Arrow file's metadata (flatbuffers), walked before Flechette decodes it: it trusts lengths, so that a damaged one
 * would make it build lists without end. Layout: arrow.apache.org/docs/format/Columnar.html, format/Message.fbs.
 */

/** Fields with their children, and key-value pairs: far more than tables have, and no bomb. */
const maxEntries = 100_000;
/** Of a batch, unpacked. */
const maxBatchBytes = 2 ** 31;
const schemaHeader = 1;
const dictionaryHeader = 2;
const batchHeader = 3;
const decimalType = 7;
const unionType = 14;
/** Digits of the widest decimal. */
const maxScale = 76;
/** Before version 4 a buffer had a page id. */
const firstWithoutPages = 3;

/** @throws Error (also a RangeError of the bytes) where a length says more than there is. */
export function checkArrowMetadata(bytes: Uint8Array, isFile: boolean): void {
  const walk = new Walk(bytes);
  if (isFile) walk.file();
  else walk.stream();
}

class Walk {
  readonly #view: DataView;
  #entries = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  file(): void {
    const end = this.#view.byteLength - 10;
    const footer = table(this.#view, end - this.#view.getInt32(end, true));
    const schema = footer(6);
    if (schema !== null) this.#schema(this.#view, schema);
    this.#pairs(this.#view, footer(12));
    for (const index of [8, 10]) {
      for (const block of vector(this.#view, footer(index), 24)) {
        const offset = Number(this.#view.getBigInt64(block, true));
        if (this.#message(offset) === null) throw new Error('a block is no message');
      }
    }
  }

  stream(): void {
    for (let at: number | null = 0; at !== null && at < this.#view.byteLength;) at = this.#message(at);
  }

  /** Where the next message begins; null at the end mark. */
  #message(offset: number): number | null {
    const length = (at: number): number =>
      at + 4 <= this.#view.byteLength ? this.#view.getInt32(at, true) : 0;
    let at = offset;
    if (at < 0) throw new Error('a message begins before the file');
    let size = length(at);
    at += 4;
    if (size === -1) {
      size = length(at);
      at += 4;
    }
    if (size === 0) return null;
    if (size < 0 || at + size > this.#view.byteLength) throw new Error('a message is cut off');
    const head = new DataView(this.#view.buffer, this.#view.byteOffset + at, size);
    at += size;
    const message = table(head, 0);
    const [version, kind, body] = [message(4), message(6), message(10)];
    const header = message(8);
    if (header === null) return at;
    const bodyBytes = body === null ? 0 : Number(head.getBigInt64(body, true));
    if (bodyBytes < 0 || at + bodyBytes > this.#view.byteLength) throw new Error('a message is cut off');
    const content = new DataView(this.#view.buffer, this.#view.byteOffset + at, bodyBytes);
    const old = (version === null ? 0 : head.getInt16(version, true)) < firstWithoutPages;
    switch (kind === null ? 0 : head.getUint8(kind)) {
      case schemaHeader:
        this.#schema(head, header);
        break;
      case dictionaryHeader: {
        const data = table(head, header)(6);
        if (data !== null) checkNodes(head, data, content, old);
        break;
      }
      case batchHeader:
        checkNodes(head, header, content, old);
        break;
      default:
        throw new Error('a message is of no known kind');
    }
    return at + bodyBytes;
  }

  #schema(view: DataView, at: number): void {
    const schema = table(view, at);
    this.#fields(view, schema(6));
    this.#pairs(view, schema(8));
  }

  #fields(view: DataView, at: number | null): void {
    for (const entry of vector(view, at, 4)) {
      this.#count();
      const field = table(view, entry);
      const [kind, type] = [field(8), field(10)];
      if (kind !== null && type !== null) checkType(view, view.getUint8(kind), type);
      this.#fields(view, field(14));
      this.#pairs(view, field(16));
    }
  }

  #pairs(view: DataView, at: number | null): void {
    for (const entry of vector(view, at, 4)) {
      this.#count();
      const pair = table(view, entry);
      for (const text of [pair(4), pair(6)]) vector(view, text, 1);
    }
  }

  #count(): void {
    this.#entries += 1;
    if (this.#entries > maxEntries) throw new Error('a schema has too many fields');
  }
}

function checkType(view: DataView, kind: number, at: number): void {
  const type = table(view, at);
  if (kind === unionType) vector(view, type(6), 4);
  if (kind !== decimalType) return;
  const scale = type(6);
  // The library takes ten to its power.
  if (scale !== null && Math.abs(view.getInt32(scale, true)) > maxScale)
    throw new Error('a decimal has too many digits');
}

/** Rows of a batch's columns: none can have more than its bytes have bits. */
function checkNodes(view: DataView, at: number, body: DataView, old: boolean): void {
  const record = table(view, at);
  const isPacked = record(10) !== null;
  let bytes = 0;
  for (const buffer of vector(view, record(8), old ? 24 : 16)) {
    const start = Number(view.getBigInt64(buffer + (old ? 8 : 0), true));
    const length = Number(view.getBigInt64(buffer + (old ? 16 : 8), true));
    if (start < 0 || length < 0 || start + length > body.byteLength)
      throw new Error('a column ends behind its batch');
    const unpacked = isPacked && length > 0 ? Number(body.getBigInt64(start, true)) : -1;
    bytes += unpacked === -1 ? length : unpacked;
    if (unpacked < -1 || bytes > maxBatchBytes) throw new Error('a batch is too large');
  }
  for (const node of vector(view, record(6), 16)) {
    const length = Number(view.getBigInt64(node, true));
    if (length < 0 || length > bytes * 8) throw new Error('a column says too many rows');
  }
  vector(view, record(12), 8);
}

/** A table's entries: where one stands, or null where it has none. */
function table(view: DataView, at: number): (entry: number) => number | null {
  const start = at + view.getInt32(at, true);
  const entries = start - view.getInt32(start, true);
  // With signs, as the library reads them.
  const size = view.getInt16(entries, true);
  return (entry) => {
    if (entry >= size) return null;
    const offset = view.getInt16(entries + entry, true);
    return offset === 0 ? null : start + offset;
  };
}

/** Where the elements of a vector stand. @throws Error where they end behind the bytes. */
function vector(view: DataView, at: number | null, stride: number): Iterable<number> {
  if (at === null) return [];
  const base = at + view.getInt32(at, true);
  const length = view.getInt32(base, true);
  if (length < 0 || base < 0 || base + 4 + length * stride > view.byteLength)
    throw new Error('a list ends behind its message');
  return (function* elements() {
    for (let index = 0; index < length; index += 1) yield base + 4 + index * stride;
  })();
}
