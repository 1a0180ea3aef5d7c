/**
 * Python's pickle, read as data. A pickle is a program for a small stack machine; this one knows the instructions that
 * build numbers, texts, lists, tuples, dicts and sets, and calls only what its reader has named beforehand. Nothing
 * else can be reached, so nothing in a file can run. Source: CPython's `Lib/pickletools.py`, protocols 1 to 5.
 */
import { InputError } from '../base/errors.ts';

/** Something that a pickle may call: a function or a class. */
export class PickleGlobal {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

/** What a reader allows a pickle to use. Both throw for what they do not know. */
export interface PickleReader {
  /** A global by module and name (`collections`, `OrderedDict`). */
  find(module: string, name: string): PickleGlobal;
  /** What stands for a persistent id: bytes outside the pickle. */
  load(id: unknown): unknown;
}

export interface PickleOptions extends PickleReader {
  /** The file's name, for messages. */
  file: string;
  /** Where the pickle begins. */
  start?: number;
}

export interface Unpickled {
  /** Lists and tuples are arrays, dicts are Maps, bytes are Uint8Array, numbers beyond 2^53 are bigint. */
  value: unknown;
  /** The position after the pickle. */
  end: number;
}

const newestProtocol = 5;
/** Larger integers are no sizes or counts; the time to read one grows with the square of its length. */
const longestInteger = 255;
/** Where a list of arguments began. */
const mark = Symbol('mark');

/**
 * Runs one pickle.
 * @throws InputError for anything but a whole pickle of the parts above. Errors of `find` and `load` pass through.
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): Unpickled {
  return new Unpickler(bytes, options).run();
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: PickleOptions;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #position: number;

  constructor(bytes: Uint8Array, options: PickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.#position = options.start ?? 0;
  }

  run(): Unpickled {
    for (;;) {
      const at = this.#position;
      const opcode = String.fromCharCode(this.#take(1)[0]!);
      if (opcode === '.') return { value: this.#pop(), end: this.#position };
      this.#step(opcode, at);
    }
  }

  /** One instruction. */
  #step(opcode: string, at: number): void {
    switch (opcode) {
      case '\x80': {
        const protocol = this.#unsigned(1);
        if (protocol > newestProtocol)
          throw this.#broken(`has protocol ${protocol}; ${newestProtocol} is the newest that is known`);
        return;
      }
      case '\x95': // FRAME: how much to read ahead
        this.#take(8);
        return;
      case 'N':
        this.#push(null);
        return;
      case '\x88':
        this.#push(true);
        return;
      case '\x89':
        this.#push(false);
        return;
      case 'J':
        this.#push(new DataView(this.#take(4).slice().buffer).getInt32(0, true));
        return;
      case 'K':
        this.#push(this.#unsigned(1));
        return;
      case 'M':
        this.#push(this.#unsigned(2));
        return;
      case '\x8a':
        this.#push(this.#integer(this.#unsigned(1)));
        return;
      case '\x8b':
        this.#push(this.#integer(this.#unsigned(4)));
        return;
      case 'G':
        this.#push(new DataView(this.#take(8).slice().buffer).getFloat64(0, false));
        return;
      case 'X':
      case 'T': // Python 2's str
        this.#push(this.#text(this.#unsigned(4)));
        return;
      case '\x8c':
      case 'U':
        this.#push(this.#text(this.#unsigned(1)));
        return;
      case '\x8d':
        this.#push(this.#text(this.#length8()));
        return;
      case 'B':
        this.#push(this.#take(this.#unsigned(4)));
        return;
      case 'C':
        this.#push(this.#take(this.#unsigned(1)));
        return;
      case '\x8e':
      case '\x96':
        this.#push(this.#take(this.#length8()));
        return;
      default:
        this.#gather(opcode, at);
        return;
    }
  }

  /** Instructions that work on the stack. */
  #gather(opcode: string, at: number): void {
    switch (opcode) {
      case '(':
        this.#push(mark);
        return;
      case ')':
      case ']':
        this.#push([]);
        return;
      case '}':
        this.#push(new Map());
        return;
      case '\x8f':
        this.#push(new Set());
        return;
      case 't':
      case 'l':
        this.#push(this.#sinceMark());
        return;
      case '\x91':
        this.#push(new Set(this.#sinceMark()));
        return;
      case 'd': {
        const map = new Map<unknown, unknown>();
        this.#fill(map, this.#sinceMark());
        this.#push(map);
        return;
      }
      case '\x85':
      case '\x86':
      case '\x87': {
        const items = [];
        for (let count = opcode.charCodeAt(0) - 0x84; count > 0; count -= 1) items.unshift(this.#pop());
        this.#push(items);
        return;
      }
      case 'a':
        this.#append([this.#pop()]);
        return;
      case 'e':
        this.#append(this.#sinceMark());
        return;
      case 's': {
        const value = this.#pop();
        const key = this.#pop();
        this.#fill(this.#top(), [key, value]);
        return;
      }
      case 'u': {
        const items = this.#sinceMark();
        this.#fill(this.#top(), items);
        return;
      }
      case '\x90': {
        const items = this.#sinceMark();
        const set = this.#top();
        if (!(set instanceof Set)) throw this.#broken('adds to something that is no set');
        for (const item of items) set.add(item);
        return;
      }
      case '0':
        this.#pop();
        return;
      case '1':
        this.#sinceMark();
        return;
      case '2':
        this.#push(this.#top());
        return;
      case 'q':
        this.#remember(this.#unsigned(1));
        return;
      case 'r':
        this.#remember(this.#unsigned(4));
        return;
      case '\x94':
        this.#remember(this.#memo.size);
        return;
      case 'h':
        this.#push(this.#recall(this.#unsigned(1)));
        return;
      case 'j':
        this.#push(this.#recall(this.#unsigned(4)));
        return;
      default:
        this.#reach(opcode, at);
        return;
    }
  }

  /** Instructions that reach for something outside the pickle. */
  #reach(opcode: string, at: number): void {
    switch (opcode) {
      case 'c':
        this.#push(this.#options.find(this.#line(), this.#line()));
        return;
      case 'i': {
        const found = this.#options.find(this.#line(), this.#line());
        this.#push(found.call(this.#sinceMark()));
        return;
      }
      case '\x93': {
        const name = this.#pop();
        const module = this.#pop();
        if (typeof module !== 'string' || typeof name !== 'string')
          throw this.#broken('names a function by something that is no text');
        this.#push(this.#options.find(module, name));
        return;
      }
      case 'R':
      case '\x81': {
        const args = this.#pop();
        this.#call(this.#pop(), args);
        return;
      }
      case '\x92': {
        const named = this.#pop();
        const args = this.#pop();
        if (!(named instanceof Map) || named.size > 0)
          throw this.#broken('calls a function with named arguments');
        this.#call(this.#pop(), args);
        return;
      }
      case 'o': {
        const [found, ...args] = this.#sinceMark();
        this.#call(found, args);
        return;
      }
      case 'b': {
        // The attributes of a dict, such as the `_metadata` of a state dict, say nothing of its content.
        this.#pop();
        if (!(this.#top() instanceof Map)) throw this.#broken('sets attributes of something that is no dict');
        return;
      }
      case 'Q':
        this.#push(this.#options.load(this.#pop()));
        return;
      default: {
        const shown =
          opcode >= ' ' && opcode <= '~' ? `"${opcode}"` : `0x${opcode.charCodeAt(0).toString(16)}`;
        throw this.#broken(`has the instruction ${shown} at byte ${at}, which torch.save does not write`);
      }
    }
  }

  #call(found: unknown, args: unknown): void {
    if (!(found instanceof PickleGlobal) || !Array.isArray(args))
      throw this.#broken('calls something that is no function');
    this.#push(found.call(args));
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw this.#broken('takes more from its stack than it has put there');
    const value = this.#stack.pop();
    if (value === mark) throw this.#broken('takes the start of a list for a value');
    return value;
  }

  #top(): unknown {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  #sinceMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#broken('ends a list that it has not begun');
    const items = this.#stack.splice(at);
    items.shift();
    return items;
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#broken('appends to something that is no list');
    for (const item of items) list.push(item);
  }

  #fill(map: unknown, items: readonly unknown[]): void {
    if (!(map instanceof Map)) throw this.#broken('sets an item of something that is no dict');
    if (items.length % 2 !== 0) throw this.#broken('has a key without a value');
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): unknown {
    if (!this.#memo.has(index)) throw this.#broken('recalls a value that it has not remembered');
    return this.#memo.get(index);
  }

  /** The next bytes; a view. */
  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#position) throw this.#broken('ends in the middle: it is cut off');
    this.#position += count;
    return this.#bytes.subarray(this.#position - count, this.#position);
  }

  #unsigned(byteCount: 1 | 2 | 4): number {
    this.#take(byteCount);
    const at = this.#position - byteCount;
    if (byteCount === 1) return this.#view.getUint8(at);
    return byteCount === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  #length8(): number {
    this.#take(8);
    return Number(this.#view.getBigUint64(this.#position - 8, true));
  }

  /** A little-endian integer of any length in two's complement. */
  #integer(byteCount: number): number | bigint {
    if (byteCount > longestInteger) throw this.#broken(`has an integer of ${byteCount} bytes`);
    if (byteCount === 0) return 0;
    const digits = [...this.#take(byteCount)].reverse().map((byte) => byte.toString(16).padStart(2, '0'));
    const value = BigInt.asIntN(8 * byteCount, BigInt(`0x${digits.join('')}`));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  #text(byteCount: number): string {
    return this.#decode(this.#take(byteCount));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw this.#broken('ends in the middle: it is cut off');
    const text = this.#decode(this.#take(end - this.#position));
    this.#position += 1;
    return text;
  }

  #decode(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.#broken('has a text that is not UTF-8');
    }
  }

  #broken(what: string): InputError {
    return new InputError(`The pickle ${what}.`, 'Download or copy the file again.', {
      file: this.#options.file,
    });
  }
}
