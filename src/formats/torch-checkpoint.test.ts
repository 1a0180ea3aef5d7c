import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { readPickle } from './pickle.ts';
import { parseTorchCheckpoint } from './torch-checkpoint.ts';

const fixtures = join(import.meta.dirname, '../../tests/fixtures/torch');
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));
const dtypes = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float64: 'F64',
  int64: 'I64',
  int32: 'I32',
};

interface Described {
  dtype: keyof typeof dtypes;
  shape: number[];
  values: number[];
}

/** Reads bytes that may be broken in any way: a result or an InputError, within a second. */
function readAnything(bytes: Uint8Array): void {
  const started = performance.now();
  try {
    parseTorchCheckpoint(bytes, 'x.bin');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
  }
  expect(performance.now() - started).toBeLessThan(1000);
}

/** A checkpoint in the format of zips around a pickle. */
function zipOf(pickle: Uint8Array | string, values = new Uint8Array(16)): Uint8Array {
  const bytes = typeof pickle === 'string' ? latin1(pickle) : pickle;
  return zipSync({ 'a/data.pkl': bytes, 'a/data/0': values }, { level: 0 });
}

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const short = (text: string) => `\x8c${String.fromCharCode(text.length)}${text}`;
const storage = `(${short('storage')}ctorch\nFloatStorage\n${short('0')}${short('cpu')}K\x04tQ`;
/** `{'w': _rebuild_tensor_v2(storage, offset, size, stride, False, OrderedDict())}` */
const tensorPickle = (offset: string, size: string, stride: string) =>
  `\x80\x02}${short('w')}ctorch._utils\n_rebuild_tensor_v2\n(${storage}${offset}${size}${stride}\x89NtRs.`;

describe('PyTorch’s checkpoints', () => {
  it.each(['zip', 'legacy'])('gives the tensors that torch.save wrote (%s)', (format) => {
    const tensors = parseTorchCheckpoint(fixture(`views.${format}.bin`), 'views.bin');
    const expected = JSON.parse(readFileSync(join(fixtures, 'views.json'), 'utf8')) as Record<
      string,
      Described
    >;
    expect([...tensors.keys()]).toEqual(Object.keys(expected));
    for (const [name, { dtype, shape, values }] of Object.entries(expected)) {
      const tensor = tensors.get(name)!;
      expect([name, tensor.dtype, tensor.shape]).toEqual([name, dtypes[dtype], shape]);
      expect([name, ...tensor.data]).toEqual([name, ...values]);
    }
  });

  it('reads a tensor that is put together by hand', () => {
    const values = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const read = (...args: [string, string, string]) =>
      parseTorchCheckpoint(zipOf(tensorPickle(...args), values), 'x.bin').get('w')!;
    expect([...read('K\x00', 'K\x02K\x02\x86', 'K\x01K\x02\x86').data]).toEqual([1, 3, 2, 4]);
    expect([...read('K\x03', 'K\x02\x85', 'K\x00\x85').data]).toEqual([4, 4]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'a command',
      fixture('command.bin'),
      /asks Python for "posix\.system"\. Only tensors .* nothing in the file was run/,
    ],
    ['a command in a class', zipOf('(ios\nsystem\n.'), /"os\.system"/],
    [
      'eval by a name on the stack',
      zipOf(`\x80\x04${short('builtins')}${short('eval')}\x93.`),
      /"builtins\.eval"/,
    ],
    ['control characters in a name', zipOf('c\x1b[31m\nx\n.'), /"\?\[31m\.x"/],
    ['an unknown instruction', zipOf('\x80\x02\xff.'), /instruction 0xff at byte 2/],
    ['a text instruction', zipOf("S'a'\n."), /instruction "S" at byte 0/],
    ['a newer protocol', zipOf('\x80\x06.'), /protocol 6/],
    [
      'a tensor beyond its storage',
      zipOf(tensorPickle('K\x01', 'K\x04\x85', 'K\x01\x85')),
      /beyond its storage of 4/,
    ],
    [
      'a tensor that repeats a value without end',
      zipOf(tensorPickle('K\x00', 'J\xff\xff\xff\x7f\x85', 'K\x00\x85')),
      /more than 4 GB/,
    ],
    [
      'a storage of another size',
      zipOf(tensorPickle('K\x00', ')', ')'), new Uint8Array(15)),
      /15 bytes where 16/,
    ],
    [
      'strides that do not fit',
      zipOf(tensorPickle('K\x00', 'K\x02\x85', ')')),
      /not described as torch\.save does/,
    ],
    ['a training checkpoint', zipOf(`}${short('state_dict')}}s.`), /one level deeper, under "state_dict"/],
    ['no dict', zipOf('N.'), /no dict of names/],
    ['an empty dict', zipOf('}.'), /no tensors by name/],
    ['another zip', zipSync({ a: new Uint8Array(1) }), /no data\.pkl|compressed/],
    [
      'a compressed zip',
      zipSync({ 'a/data.pkl': new Uint8Array(100) }, { level: 9 }),
      /"a\/data\.pkl" compressed/,
    ],
    ['another file', latin1('GGUF'), /no PyTorch checkpoint/],
    ['no byte', new Uint8Array(0), /no PyTorch checkpoint/],
    [
      'a number of a megabyte',
      zipOf(latin1(`\x8b\x00\x00\x10\x00${'\x01'.repeat(1 << 20)}.`)),
      /integer of 1048576 bytes/,
    ],
  ])('refuses %s in words', (_, bytes, message) => {
    const act = () => parseTorchCheckpoint(bytes, 'x.bin');
    expect(act).toThrow(InputError);
    expect(act).toThrow(message);
  });

  it.each(['views.zip.bin', 'views.legacy.bin', 'command.bin'])('says so wherever %s is cut off', (name) => {
    const whole = fixture(name);
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parseTorchCheckpoint(whole.subarray(0, length), name)).toThrow(InputError);
    }
  });

  it('answers any damage in words, within a second', () => {
    const files = ['views.zip.bin', 'views.legacy.bin'].map(fixture);
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (file, changes) => {
          const bytes = file.slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          readAnything(bytes);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('answers any instructions in words, within a second', () => {
    const parts = fc.constantFrom(
      ...Array.from(
        '.NJKMGXTUBC()]}tlaedsuobcqrhjiQR012\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95',
      ),
      'ctorch._utils\n_rebuild_tensor_v2\n',
      'ccollections\nOrderedDict\n',
      storage,
      'K\x01',
      'os\nsystem\n',
    );
    const bytes = fc.oneof(
      parts,
      parts,
      fc.nat({ max: 255 }).map((value) => String.fromCharCode(value)),
    );
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 60 }), (pieces) => readAnything(zipOf(`${pieces.join('')}.`))),
      { numRuns: 3000 },
    );
  });
});

describe('pickles', () => {
  const reader = {
    file: 'x',
    find: () => {
      throw new InputError('no global.', 'None.');
    },
    load: () => null,
  };
  const read = (pickle: string) => readPickle(latin1(pickle), reader);

  it('builds numbers, texts, lists, dicts and sets of protocol 5', () => {
    // pickle.dumps({'a': [1, -2, 3.5, None, True], 'b': ({4}, b'x', 2**70)}, 5)
    const hex =
      '8005953a000000000000007d94288c0161945d94284b014afeffffff47400c0000000000004e88658c0162948f94284b0490' +
      '430178948a090000000000000000408794752e';
    const bytes = Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    expect(readPickle(bytes, reader)).toEqual({
      value: new Map<string, unknown>([
        ['a', [1, -2, 3.5, null, true]],
        ['b', [new Set([4]), Uint8Array.of(0x78), 2n ** 70n]],
      ]),
      end: bytes.length,
    });
  });

  it('keeps what it has remembered', () => {
    expect(read(']q\x00(h\x00h\x00e.').value).toHaveLength(2);
    expect(() => read('h\x00.')).toThrow(/not remembered/);
  });
});
