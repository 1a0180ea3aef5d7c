import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CheckpointError, UnreadableError } from '../base/errors.ts';
import type { EngineState } from '../engine/engine.ts';
import { parseT5Config } from '../student/config.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import { tinyConfig, tinyTensors } from '../student/testing/tiny-student.ts';
import {
  checkpointParts,
  digestSlices,
  digestStudent,
  floatsOf,
  isMissing,
  momentsFile,
  parseFacts,
  sliceBytes,
  weightsFile,
  writeSlices,
  type CheckpointFacts,
  type CheckpointFile,
} from './checkpoint.ts';
import { readCheckpoint } from './checkpoint-source.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const floats = (seed: number) =>
  new Map([...tinyTensors(tinyConfig(), seed)].map(([name, { data }]) => [name, data]));
const state: EngineState = { weights: floats(1), expAvg: floats(2), expAvgSq: floats(3), step: 7 };
const size = 1000;

async function written(
  from: EngineState,
): Promise<{ facts: CheckpointFacts; disk: Map<string, Uint8Array<ArrayBuffer>> }> {
  const disk = new Map<string, Uint8Array<ArrayBuffer>>();
  const files: CheckpointFile[] = [];
  for (const { name, file } of checkpointParts(from, config)) {
    const bytes = new Uint8Array(file.sizeBytes);
    files.push(await writeSlices(name, file, (slice, offset) => bytes.set(slice, offset), size));
    disk.set(name, bytes);
  }
  const engine = { engine: 'wasm', backend: 'wasm', adapter: 'a test' } as const;
  return { facts: { step: from.step, elapsedMs: 12, engine, files }, disk };
}

const readFrom = (disk: Map<string, Uint8Array<ArrayBuffer>>) => (file: CheckpointFile) => {
  const bytes = disk.get(file.name);
  if (bytes === undefined) throw new DOMException('there is no such file', 'NotFoundError');
  return new Blob([bytes]);
};

describe('a checkpoint', () => {
  it('comes back bit for bit, NaN and -0 too', async () => {
    const first = [...state.expAvg.values()][0]!;
    first.set([-0, NaN, Infinity]);
    const { facts, disk } = await written(state);
    const back = await readCheckpoint(facts, readFrom(disk), size);
    const bits = (values: Float32Array) => [
      ...new Uint32Array(values.buffer, values.byteOffset, values.length),
    ];
    expect(back.step).toBe(7);
    for (const part of ['weights', 'expAvg', 'expAvgSq'] as const) {
      expect([...back[part].keys()].sort()).toEqual([...state[part].keys()].sort());
      for (const [name, values] of state[part])
        expect(bits(back[part].get(name)!), name).toEqual(bits(values));
    }
  });

  it('is cut into slices with a SHA-256 each, and its weights open as any safetensors file', async () => {
    const { facts, disk } = await written(state);
    for (const { sizeBytes, sha256 } of facts.files) expect(sha256).toHaveLength(Math.ceil(sizeBytes / size));
    const model = parseSafetensors(disk.get('model.safetensors')!, 'model.safetensors');
    expect(model.tensors.get('shared.weight')?.shape).toEqual([40, 8]);
    expect(model.metadata).toEqual({ format: 'pt' });
  });

  it('ends where its last slice does, full or not', async () => {
    const { facts, disk } = await written(state);
    for (const each of [disk.get('model.safetensors')!.length, disk.get('optimizer.safetensors')!.length]) {
      const files = facts.files.map((one) => {
        const bytes = disk.get(one.name)!;
        const slices = Array.from({ length: Math.ceil(bytes.length / each) }, (_, at) =>
          sha256(bytes.subarray(at * each, (at + 1) * each)),
        );
        return { ...one, sha256: slices };
      });
      expect((await readCheckpoint({ ...facts, files }, readFrom(disk), each)).step).toBe(7);
    }
  });

  it('has no moments where there are none', async () => {
    const { facts, disk } = await written({ ...state, expAvg: new Map(), expAvgSq: new Map() });
    expect(facts.files.map(({ name }) => name)).toEqual(['model.safetensors']);
    expect((await readCheckpoint(facts, readFrom(disk), size)).expAvg.size).toBe(0);
  });

  it('is refused where a byte is another, bytes are missing or too many, or a file is gone', async () => {
    const { facts, disk } = await written(state);
    const whole = disk.get('optimizer.safetensors')!;
    const damaged = async (bytes: Uint8Array<ArrayBuffer> | null): Promise<unknown> => {
      const copy = new Map(disk);
      if (bytes) copy.set('optimizer.safetensors', bytes);
      else copy.delete('optimizer.safetensors');
      return readCheckpoint(facts, readFrom(copy), size).catch((error: unknown) => error);
    };
    for (const at of [0, size - 1, size, whole.length - 1]) {
      const bytes = whole.slice();
      bytes[at]! ^= 1;
      expect(await damaged(bytes), `byte ${at}`).toBeInstanceOf(CheckpointError);
    }
    expect(await damaged(whole.slice(0, -1))).toBeInstanceOf(CheckpointError);
    expect(await damaged(new Uint8Array([...whole, 0]))).toBeInstanceOf(CheckpointError);
    expect(String(await damaged(null))).toMatch(/step 7 is damaged: optimizer.*no such file/);
  });

  it('that could not be read is not called damaged, and a passing error is read over', async () => {
    const { facts, disk } = await written(state);
    const failing = (times: number) => {
      let left = times;
      return (file: CheckpointFile) => {
        left -= 1;
        if (left >= 0) throw new RangeError('Array buffer allocation failed');
        return readFrom(disk)(file);
      };
    };
    expect((await readCheckpoint(facts, failing(1), size)).step).toBe(7);
    const error = await readCheckpoint(facts, failing(2), size).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(UnreadableError);
    expect(error).not.toBeInstanceOf(CheckpointError);
    expect(String(error)).toMatch(/allocation failed.*Nothing was removed/);
  });
});

/** The bytes of a file that is made in chunks. */
function bytesOf({ chunks }: { chunks: () => Iterable<Uint8Array> }): Uint8Array {
  return new Uint8Array(Buffer.concat([...chunks()]));
}
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('the facts of a checkpoint', () => {
  const facts = {
    step: 0,
    elapsedMs: 0,
    engine: { engine: 'torch', backend: 'cuda', adapter: 'a GPU' },
    files: [{ name: 'model.safetensors', sizeBytes: 0, sha256: ['0123456789abcdef'.repeat(4)] }],
  };

  it('are read as they were written, or not at all', () => {
    expect(parseFacts(JSON.stringify(facts))).toEqual(facts);
    const [file] = facts.files;
    for (const wrong of [
      { ...facts, step: -1 },
      { ...facts, step: 0.5 },
      { ...facts, elapsedMs: -1 },
      { ...facts, more: 1 },
      { ...facts, engine: { ...facts.engine, engine: 'steam' } },
      { ...facts, files: [{ ...file, sizeBytes: -1 }] },
      { ...facts, files: [{ ...file, name: 'other.safetensors' }] },
      { ...facts, files: [{ ...file, sha256: ['ABCDEF'.repeat(11)] }] },
    ])
      expect(parseFacts(JSON.stringify(wrong))).toBeNull();
    expect(parseFacts('{"step": 1')).toBeNull();
  });
});

describe('what a checkpoint holds', () => {
  const adapter = 'base_model.model.encoder.block.0.layer.0.SelfAttention.q.lora_A.weight';

  it('is called by what its weights are, its moments as PyTorch and transformers have them', async () => {
    const weights = new Map([[adapter, new Float32Array(16)]]);
    const moment = new Map([[adapter, Float32Array.of(...new Array<number>(16).fill(3))]]);
    const row = new Map([[adapter, Float32Array.of(1, 2)]]);
    const column = new Map([[adapter, Float32Array.of(4, 5, 6, 7, 8, 9, 10, 11)]]);
    const adapted: EngineState = {
      weights,
      expAvg: moment,
      expAvgSq: moment,
      expAvgSqRow: row,
      expAvgSqCol: column,
      step: 3,
    };
    const { facts, disk } = await written(adapted);
    expect(facts.files.map(({ name }) => name)).toEqual([
      'adapter_model.safetensors',
      'optimizer.safetensors',
    ]);
    const { tensors } = parseSafetensors(disk.get('optimizer.safetensors')!, 'optimizer.safetensors');
    expect([...tensors].map(([name, { shape }]) => [name.replace(adapter, ''), shape]).sort()).toEqual([
      ['exp_avg.', [2, 8]],
      ['exp_avg_sq.', [2, 8]],
      ['exp_avg_sq_col.', [8]],
      ['exp_avg_sq_row.', [2]],
    ]);
    expect(await readCheckpoint(facts, readFrom(disk), size)).toEqual(adapted);
    // Written from memory they are the same bytes.
    const moments = momentsFile(adapted, config);
    expect(moments.name).toBe('optimizer.safetensors');
    expect(bytesOf(moments.file)).toEqual(disk.get('optimizer.safetensors'));
    const file = weightsFile(weights, config);
    expect(file.name).toBe('adapter_model.safetensors');
    expect(bytesOf(file.file)).toEqual(disk.get('adapter_model.safetensors'));
    expect(weightsFile(state.weights, config).name).toBe('model.safetensors');
  });

  it('is damaged where it names no weights', async () => {
    const { facts, disk } = await written(state);
    const files = facts.files.filter(({ name }) => name === 'optimizer.safetensors');
    await expect(readCheckpoint({ ...facts, files }, readFrom(disk), size)).rejects.toThrow(
      /step 7 is damaged: it names no weights. Resume from an earlier one/,
    );
  });

  it('says how many bytes there are of how many', async () => {
    const { facts, disk } = await written(state);
    const whole = disk.get('model.safetensors')!;
    disk.set('model.safetensors', whole.slice(0, -1));
    await expect(readCheckpoint(facts, readFrom(disk), size)).rejects.toThrow(
      `model.safetensors has ${whole.length - 1} bytes where ${whole.length} were written`,
    );
  });

  it('is missing by what the browser or Node says, and by nothing else', () => {
    expect(isMissing(new DOMException('gone', 'NotFoundError'))).toBe(true);
    expect(isMissing(Object.assign(new Error('gone'), { code: 'ENOENT' }))).toBe(true);
    expect(isMissing(Object.assign(new Error('no'), { code: 'EACCES' }))).toBe(false);
    expect(isMissing(new Error('gone'))).toBe(false);
    expect(isMissing('NotFoundError')).toBe(false);
  });

  it('is floats: others are left aside', () => {
    const file = bytesOf(weightsFile(new Map([['a', Float32Array.of(1, 2)]]), config).file);
    expect(floatsOf(file, 'a file')).toEqual(new Map([['a', Float32Array.of(1, 2)]]));
  });
});

// Of 8 MiB; earlier versions had 32.
describe('slices', () => {
  const floats = 3 * 1024 * 1024;
  const large: EngineState = {
    ...state,
    weights: new Map([['a', new Float32Array(floats).fill(2)]]),
    expAvg: new Map(),
    expAvgSq: new Map(),
  };
  const { file } = weightsFile(large.weights, config);
  const whole = bytesOf(file);

  it('are of 8 MiB, and those of 32 of earlier versions are read too', async () => {
    expect(sliceBytes).toBe(8_388_608);
    const [part] = checkpointParts(large, config);
    const now = await writeSlices(part!.name, part!.file, () => undefined);
    expect(now.sizeBytes).toBe(whole.length);
    expect(now.sha256).toEqual([sha256(whole.subarray(0, sliceBytes)), sha256(whole.subarray(sliceBytes))]);
    const read = () => new Blob([new Uint8Array(whole)]);
    const engine = { engine: 'wasm', backend: 'wasm', adapter: '' } as const;
    for (const hashes of [now.sha256, [sha256(whole)]]) {
      const facts = { step: 7, elapsedMs: 0, engine, files: [{ ...now, sha256: hashes }] };
      expect((await readCheckpoint(facts, read)).weights.get('a')!.length).toBe(floats);
    }
    const wrong = {
      step: 7,
      elapsedMs: 0,
      engine,
      files: [{ ...now, sha256: [now.sha256[0]!, '0'.repeat(64)] }],
    };
    await expect(readCheckpoint(wrong, read)).rejects.toThrow('has other bytes than were written');
  });

  it('by which students and archives are known are those of 32 MiB', async () => {
    expect(await digestSlices(file)).toEqual([sha256(whole)]);
  });
});

it('a student is known by its configuration, its tokenizer and the values of its weights', async () => {
  const student = { config, tokenizerFiles: { 'tokenizer.json': '{}' }, weights: floats(1) };
  const known = await digestStudent(student);
  expect(known).toMatch(/^[0-9a-f]{64}$/);
  expect(await digestStudent({ ...student, weights: floats(1) })).toBe(known);
  const others = await Promise.all([
    digestStudent({ ...student, weights: floats(2) }),
    digestStudent({ ...student, tokenizerFiles: { 'tokenizer.json': '[]' } }),
    digestStudent({ ...student, config: { ...config, pad_token_id: 3 } }),
  ]);
  expect(new Set([known, ...others]).size).toBe(4);
});
