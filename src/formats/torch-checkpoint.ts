/**
 * PyTorch's checkpoints (`pytorch_model.bin`): the zips that torch.save writes since 1.6, and the format before. Only
 * tensors and what holds them are known; every other name in the pickle is refused, and nothing in a file can run.
 * Source: `torch/serialization.py` (`_save`, `_legacy_save`) and `torch/_utils.py`.
 */
import { InputError } from '../base/errors.ts';
import { PickleGlobal, readPickle } from './pickle.ts';
import { bytesPerValue, decodeValues, type StoredDtype, type StoredTensor } from './safetensors.ts';
import { readStoredZip } from './stored-zip.ts';

/** The pickle of a model with tens of thousands of tensors is far smaller. */
const maxPickleBytes = 25_000_000;
/** Also of a tensor that repeats its storage's values (stride 0). */
const maxTensorBytes = 0xffff_ffff;
/** The first object of a file in the format before zips. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;
const saveAgain =
  'Save the model again: `T5ForConditionalGeneration.from_pretrained(folder).save_pretrained(folder)`.';
const downloadAgain = 'Download or copy the file again.';

const storageDtypes = new Map<string, StoredDtype>([
  ['FloatStorage', 'F32'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['DoubleStorage', 'F64'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
]);

/** Values that one or more tensors are views on. */
class Storage {
  /** Little-endian values; null until they were found in the file. */
  bytes: Uint8Array | null = null;

  constructor(
    readonly key: string,
    readonly dtype: StoredDtype,
    /** How many values it has. */
    readonly length: number,
    /** Where it begins within the storage of that key, in values. */
    readonly offset: number,
  ) {}
}

/** A tensor as the file describes it: a view on a storage. */
class View {
  constructor(
    readonly storage: Storage,
    /** The first value's place in the storage. */
    readonly offset: number,
    readonly shape: readonly number[],
    /** Values from one to the next, by axis. */
    readonly strides: readonly number[],
  ) {}
}

/** A tensor whose values are made when they are asked for. */
class ViewedTensor implements StoredTensor {
  readonly #view: View;

  constructor(
    view: View,
    readonly name: string,
    readonly file: string,
  ) {
    this.#view = view;
  }

  get shape(): readonly number[] {
    return this.#view.shape;
  }

  get dtype(): StoredDtype {
    return this.#view.storage.dtype;
  }

  get data(): StoredTensor['data'] {
    const { storage, offset, shape, strides } = this.#view;
    const size = bytesPerValue[storage.dtype];
    const count = shape.reduce((product, length) => product * length, 1);
    const values = new Uint8Array(count * size);
    const from = storage.bytes!;
    if (isContiguous(shape, strides)) {
      values.set(from.subarray(offset * size, (offset + count) * size));
    } else {
      const index = new Array<number>(shape.length).fill(0);
      let place = offset;
      for (let i = 0; i < count; i += 1) {
        for (let byte = 0; byte < size; byte += 1) values[i * size + byte] = from[place * size + byte]!;
        for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
          index[axis]! += 1;
          place += strides[axis]!;
          if (index[axis]! < shape[axis]!) break;
          place -= index[axis]! * strides[axis]!;
          index[axis] = 0;
        }
      }
    }
    return decodeValues(values, storage.dtype, this.name, this.file);
  }
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/**
 * The tensors of a checkpoint that is a dict of names and tensors. Their `data` is made at each access, out of the file.
 * @param file The file's name, for messages.
 * @throws InputError where the file is damaged, holds something else, or asks for anything but tensors.
 */
export function parseTorchCheckpoint(bytes: Uint8Array, file: string): Map<string, StoredTensor> {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const content = isZip ? readZip(bytes, file) : readLegacy(bytes, file);
  if (!(content instanceof Map)) {
    throw new InputError('The file holds no dict of names and tensors.', saveAgain, { file });
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, view] of content as ReadonlyMap<unknown, unknown>) {
    if (typeof name === 'string' && view instanceof View)
      tensors.set(name, new ViewedTensor(view, name, file));
  }
  if (tensors.size > 0) return tensors;
  const inner = [...(content as ReadonlyMap<unknown, unknown>)].find(
    ([, value]) => value instanceof Map,
  )?.[0];
  throw new InputError(
    typeof inner === 'string'
      ? `The tensors are one level deeper, under "${inner}": this is a training checkpoint, not a model.`
      : 'The file holds no tensors by name.',
    saveAgain,
    { file },
  );
}

/** Storages by the keys of the file, made as the pickle asks for them. */
class Storages {
  readonly all: Storage[] = [];
  readonly #lengths = new Map<string, { dtype: StoredDtype; length: number }>();

  constructor(readonly file: string) {}

  /** A persistent id: `('storage', type, key, location, values)`, before zips also a view `(key, offset, values)`. */
  load(id: unknown): Storage {
    const [kind, type, key, , length, view] = Array.isArray(id) ? (id as unknown[]) : [];
    if (
      kind !== 'storage' ||
      !(type instanceof PickleGlobal) ||
      !storageDtypes.has(type.name) ||
      typeof key !== 'string' ||
      !isCount(length)
    )
      throw damaged('a storage that is not described as torch.save does', this.file);
    const dtype = storageDtypes.get(type.name)!;
    const known = this.#lengths.get(key);
    if (known !== undefined && (known.dtype !== dtype || known.length !== length))
      throw damaged(`two descriptions of storage "${key}"`, this.file);
    this.#lengths.set(key, { dtype, length });
    let storage = new Storage(key, dtype, length, 0);
    if (Array.isArray(view)) {
      const [, offset, viewLength] = view as unknown[];
      if (!isCount(offset) || !isCount(viewLength) || offset + viewLength > length)
        throw damaged(`a view beyond the end of storage "${key}"`, this.file);
      storage = new Storage(key, dtype, viewLength, offset);
    }
    this.all.push(storage);
    return storage;
  }

  /** How many values a storage has, and in how many bytes; null where no tensor asked for it. */
  sizeOf(key: string): { length: number; sizeBytes: number } | null {
    const known = this.#lengths.get(key);
    if (known === undefined) return null;
    return { length: known.length, sizeBytes: known.length * bytesPerValue[known.dtype] };
  }

  /** Gives every storage its bytes. */
  fill(find: (key: string) => Uint8Array | undefined): void {
    for (const storage of this.all) {
      const { key, dtype, offset, length } = storage;
      const bytes = find(key);
      const expected = this.sizeOf(key)!.sizeBytes;
      if (bytes?.length !== expected) {
        throw damaged(
          bytes === undefined
            ? `no storage "${key}", which a tensor needs`
            : `a storage "${key}" of ${bytes.length} bytes where ${expected} are needed`,
          this.file,
        );
      }
      storage.bytes = bytes.subarray(offset * bytesPerValue[dtype], (offset + length) * bytesPerValue[dtype]);
    }
  }

  /** What a checkpoint may use of Python. @throws InputError naming anything else. */
  find(module: string, name: string): PickleGlobal {
    const whole = `${module}.${name}`;
    if (module === 'torch' && storageDtypes.has(name)) {
      return new PickleGlobal(name, () => {
        throw damaged('a storage that is made without values', this.file);
      });
    }
    switch (whole) {
      case 'torch._utils._rebuild_tensor':
      case 'torch._utils._rebuild_tensor_v2':
        return new PickleGlobal(whole, (args) => tensorOf(args, this.file));
      case 'torch._utils._rebuild_parameter':
        return new PickleGlobal(whole, ([tensor]) => tensor);
      case 'torch.Size':
        return new PickleGlobal(whole, ([sizes]) => sizes);
      case 'collections.OrderedDict':
        return new PickleGlobal(whole, ([items]) => orderedDict(items, this.file));
      default:
        throw new InputError(
          `The file asks Python for "${shown(whole)}". Only tensors are read; nothing in the file was run.`,
          `If you trust where it is from, ${saveAgain.charAt(0).toLowerCase()}${saveAgain.slice(1)}`,
          { file: this.file },
        );
    }
  }
}

/** A name from the file, short and without control characters. */
function shown(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
}

/** `OrderedDict()`, or of a list of pairs. */
function orderedDict(items: unknown, file: string): Map<unknown, unknown> {
  const pairs = items === undefined ? [] : items;
  if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
    throw damaged('an OrderedDict that is not made of pairs', file);
  return new Map(pairs as [unknown, unknown][]);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, …)`. */
function tensorOf([storage, offset, shape, strides]: readonly unknown[], file: string): View {
  const areCounts = (values: unknown): values is number[] => Array.isArray(values) && values.every(isCount);
  if (
    !(storage instanceof Storage) ||
    !isCount(offset) ||
    !areCounts(shape) ||
    !areCounts(strides) ||
    shape.length !== strides.length ||
    shape.length > 8
  )
    throw damaged('a tensor that is not described as torch.save does', file);
  const count = shape.reduce((product, length) => product * length, 1);
  const last = offset + shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 0);
  if (count > 0 && last >= storage.length)
    throw damaged(
      `a tensor [${shape.join(', ')}] that reaches beyond its storage of ${storage.length} values`,
      file,
    );
  if (count * bytesPerValue[storage.dtype] > maxTensorBytes)
    throw damaged(`a tensor [${shape.join(', ')}] of more than 4 GB`, file);
  return new View(storage, offset, [...shape], [...strides]);
}

function readZip(bytes: Uint8Array, file: string): unknown {
  const entries = readStoredZip(bytes, file);
  const pickleName = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (pickleName === undefined) {
    throw new InputError('This zip has no data.pkl: it is no PyTorch checkpoint.', downloadAgain, { file });
  }
  const prefix = pickleName.slice(0, -'data.pkl'.length);
  const byteOrder = new TextDecoder().decode(entries.get(`${prefix}byteorder`) ?? new Uint8Array());
  if (byteOrder.trim() === 'big') throw bigEndian(file);
  const storages = new Storages(file);
  const pickle = entries.get(pickleName)!;
  if (pickle.length > maxPickleBytes) {
    throw new InputError(
      `The pickle has ${pickle.length} bytes; more than ${maxPickleBytes} is not read.`,
      saveAgain,
      { file },
    );
  }
  const { value } = readPickle(pickle, readerOf(storages));
  storages.fill((key) => entries.get(`${prefix}data/${key}`));
  return value;
}

function readLegacy(bytes: Uint8Array, file: string): unknown {
  const refuse = (): never => {
    throw new InputError('This is no PyTorch checkpoint, or one from before PyTorch 0.4.', saveAgain, {
      file,
    });
  };
  let position = 0;
  const storages = new Storages(file);
  const next = (): unknown => {
    const { value, end } = readPickle(bytes.subarray(0, position + maxPickleBytes), {
      ...readerOf(storages),
      start: position,
    });
    position = end;
    return value;
  };
  if (bytes[0] !== 0x80 || next() !== legacyMagic || next() !== legacyProtocol) return refuse();
  const system = next();
  if (system instanceof Map && system.get('little_endian') === false) throw bigEndian(file);
  const content = next();
  const keys = next();
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) return refuse();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Uint8Array>();
  for (const key of keys) {
    const size = storages.sizeOf(key);
    if (size === null || found.has(key)) throw damaged(`a storage "${shown(key)}" that no tensor uses`, file);
    if (position + 8 + size.sizeBytes > bytes.length)
      throw damaged('fewer values than its tensors need: it is cut off', file);
    if (view.getBigInt64(position, true) !== BigInt(size.length))
      throw damaged(`a storage "${shown(key)}" of another size than its tensors say`, file);
    position += 8;
    found.set(key, bytes.subarray(position, position + size.sizeBytes));
    position += size.sizeBytes;
  }
  storages.fill((key) => found.get(key));
  return content;
}

function readerOf(storages: Storages) {
  return {
    file: storages.file,
    find: (module: string, name: string) => storages.find(module, name),
    load: (id: unknown) => storages.load(id),
  };
}

function bigEndian(file: string): InputError {
  return new InputError('The file was written on a big-endian machine.', saveAgain, { file });
}

function damaged(what: string, file: string): InputError {
  return new InputError(`The checkpoint has ${what}.`, downloadAgain, { file });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
