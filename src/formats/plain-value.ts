/** Cells of Parquet and Arrow as the values that JSON has. */
import type { FormatNote } from './record.ts';

/** Counts what could not stay what it was. */
export class PlainValues {
  #longIntegers = 0;
  #notNumbers = 0;
  #bytes = 0;

  /**
   * The cell as text, number, boolean, null, list or object: dates as ISO 8601; integers beyond 2^53 as text of their digits;
   * NaN and infinities as null; bytes that are no text as null.
   *
   * @param single Whether fractions in it have single precision: 0.1 then stays 0.1.
   */
  plain(value: unknown, single = false): unknown {
    switch (typeof value) {
      case 'bigint': {
        const number = Number(value);
        if (Number.isSafeInteger(number)) return number;
        this.#longIntegers += 1;
        return value.toString();
      }
      case 'number':
        if (Number.isFinite(value)) return single ? shortest(value) : value;
        this.#notNumbers += 1;
        return null;
      case 'string':
      case 'boolean':
        return value;
      case 'object':
        break;
      default:
        return null;
    }
    if (value === null) return null;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (value instanceof Uint8Array) {
      this.#bytes += 1;
      return null;
    }
    if (Array.isArray(value)) return value.map((each: unknown) => this.plain(each, single));
    if (ArrayBuffer.isView(value) && Symbol.iterator in value)
      return Array.from(value as unknown as Iterable<unknown>, (each) =>
        this.plain(each, single || value instanceof Float32Array),
      );
    const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
    return Object.fromEntries(entries.map(([key, each]) => [String(key), this.plain(each, single)]));
  }

  notes(): FormatNote[] {
    return [
      ...numberNotes(this.#longIntegers, this.#notNumbers),
      ...counted(this.#bytes, 'bytes', (cells) => `Bytes that are no text were left out, in ${cells}.`),
    ];
  }
}

/** What is said of numbers that JavaScript cannot hold, and of NaN. */
export function numberNotes(longIntegers: number, notNumbers: number): FormatNote[] {
  return [
    ...counted(
      longIntegers,
      'long-integers',
      (cells) => `Whole numbers beyond 2^53 were kept as text, in ${cells}.`,
    ),
    ...counted(notNumbers, 'not-numbers', (cells) => `NaN or Infinity counts as no value, in ${cells}.`),
  ];
}

function counted(count: number, kind: string, text: (cells: string) => string): FormatNote[] {
  return count === 0 ? [] : [{ kind, text: text(`${count} ${count === 1 ? 'cell' : 'cells'}`) }];
}

/** The shortest decimal that is the same number in single precision. */
function shortest(value: number): number {
  // Whole numbers are exact, and numbers of another precision stand beside.
  if (Number.isInteger(value) || Math.fround(value) !== value) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
