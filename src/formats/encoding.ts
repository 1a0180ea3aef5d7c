/** Which encoding a text file is in, and its text. No byte becomes U+FFFD unnoticed: what cannot be decoded is an error. */
import { InputError } from '../base/errors.ts';
import type { FormatNote } from './record.ts';

/** A text that is in no encoding that shows by itself. The person knows it, and can say so: `offered` is the likely one. */
export class EncodingError extends InputError {
  readonly offered = 'windows-1252';
}

export interface DetectedEncoding {
  /** A label of the WHATWG's Encoding Standard, in lower case. */
  encoding: string;
  /** Bytes of the byte order mark, which belong to no text. */
  markBytes: number;
  note: FormatNote | null;
}

/** As much of a file as shows how it is encoded. */
const encodingProbeBytes = 4096;

const marks = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf], called: 'UTF-8' },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe], called: 'UTF-16' },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff], called: 'UTF-16, big-endian' },
] as const;

/**
 * The encoding of a text that begins with `head`. A byte order mark wins over `asked`, which wins over a guess. Without
 * any it is UTF-8, or UTF-16 where every other byte is zero.
 *
 * @param file What people call the file, for messages.
 * @throws InputError where `asked` is no encoding that is known here, or the mark is UTF-32's.
 */
export function detectEncoding(file: string, head: Uint8Array, asked?: string): DetectedEncoding {
  const startsWith = (bytes: readonly number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  if (startsWith([0xff, 0xfe, 0, 0]) || startsWith([0, 0, 0xfe, 0xff])) {
    throw new InputError('This text is UTF-32, which is not read here.', 'Save it as UTF-8.', { file });
  }
  const mark = marks.find(({ bytes }) => startsWith(bytes));
  if (mark !== undefined) {
    const text = `The text is ${mark.called} and begins with a byte order mark, which was left out.`;
    return {
      encoding: mark.encoding,
      markBytes: mark.bytes.length,
      note: { kind: 'byte-order-mark', text },
    };
  }
  if (asked !== undefined) {
    const encoding = knownEncoding(asked);
    if (encoding === null) {
      throw new InputError(
        `“${asked}” is no encoding that is known here.`,
        'Name one such as utf-8, utf-16le, windows-1252 or shift_jis.',
        { file },
      );
    }
    return { encoding, markBytes: 0, note: null };
  }
  const zeros = zerosByParity(head);
  const half = Math.floor(Math.min(head.length, encodingProbeBytes) / 2);
  for (const [encoding, low, high] of [
    ['utf-16le', zeros.odd, zeros.even],
    ['utf-16be', zeros.even, zeros.odd],
  ] as const) {
    if (half > 1 && low > half * 0.7 && high < half * 0.05) {
      const text = 'The text looks like UTF-16 without a byte order mark and was read as such.';
      return { encoding, markBytes: 0, note: { kind: 'utf-16-guessed', text } };
    }
  }
  return { encoding: 'utf-8', markBytes: 0, note: null };
}

/** The canonical label of an encoding, or null. */
function knownEncoding(asked: string): string | null {
  try {
    return new TextDecoder(asked).encoding;
  } catch {
    return null;
  }
}

function zerosByParity(head: Uint8Array): { even: number; odd: number } {
  const count = { even: 0, odd: 0 };
  for (let at = 0; at < Math.min(head.length, encodingProbeBytes); at += 1) {
    if (head[at] === 0) count[at % 2 === 0 ? 'even' : 'odd'] += 1;
  }
  return count;
}

/**
 * The text of bytes in an encoding, chunk by chunk. Characters and line counts continue over the ends of chunks.
 */
export class TextStream {
  readonly #decoder: TextDecoder;
  #line = 1;

  constructor(
    readonly file: string,
    readonly encoding: string,
  ) {
    this.#decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  }

  /**
   * The text of the next bytes; without any, what is left at the end.
   * @throws EncodingError with the line whose bytes are not of this encoding.
   */
  next(bytes?: Uint8Array): string {
    try {
      const text =
        bytes === undefined ? this.#decoder.decode() : this.#decoder.decode(bytes, { stream: true });
      this.#line += countLineBreaks(text);
      return text;
    } catch {
      throw this.#undecodable(bytes);
    }
  }

  #undecodable(bytes: Uint8Array | undefined): InputError {
    const where = { file: this.file, line: this.#line + (bytes === undefined ? 0 : this.#soundLines(bytes)) };
    if (this.encoding !== 'utf-8') {
      return new InputError(
        `This line holds bytes that are no text in ${this.encoding}.`,
        'Save the file as UTF-8, or name its encoding.',
        where,
      );
    }
    return new EncodingError(
      'This line holds bytes that are not UTF-8, so that some letters would be lost.',
      'If the file was saved by Excel or on an older Windows, read it as windows-1252 (--encoding windows-1252); else save it as UTF-8.',
      where,
    );
  }

  #soundLinesOfPairs(bytes: Uint8Array): number {
    const decoder = new TextDecoder(this.encoding, { fatal: true });
    const low = this.encoding === 'utf-16le' ? 0 : 1;
    let lines = 0;
    let from = 0;
    for (let at = 0; at + 1 < bytes.length; at += 2) {
      if (bytes[at + low] !== 0x0a || bytes[at + 1 - low] !== 0) continue;
      try {
        decoder.decode(bytes.subarray(from, at));
      } catch {
        return lines;
      }
      lines += 1;
      from = at + 2;
    }
    return lines;
  }

  /** How many whole lines at the start of `bytes` can be decoded. Lines of UTF-8 and UTF-16 can be looked at one by one. */
  #soundLines(bytes: Uint8Array): number {
    if (this.encoding.startsWith('utf-16')) return this.#soundLinesOfPairs(bytes);
    if (this.encoding !== 'utf-8') return 0;
    let lines = 0;
    // The first line may begin in the middle of a character, which came with the bytes before.
    let from = 0;
    while (from < 3 && from < bytes.length && (bytes[from]! & 0xc0) === 0x80) from += 1;
    for (;;) {
      const end = bytes.indexOf(0x0a, from);
      if (end === -1) return lines;
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, end));
      } catch {
        return lines;
      }
      lines += 1;
      from = end + 1;
    }
  }
}

/** How many line feeds a text holds. */
export function countLineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
