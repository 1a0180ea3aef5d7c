import { describe, expect, it } from 'vitest';
import { CheckpointError, UnreadableError } from '../base/errors.ts';
import type { EngineState } from '../engine/engine.ts';
import { parseT5Config } from '../student/config.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import { tinyConfig, tinyTensors } from '../student/testing/tiny-student.ts';
import {
  checkpointParts,
  readCheckpoint,
  writeSlices,
  type CheckpointFacts,
  type CheckpointFile,
} from './checkpoint.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const floats = (seed: number) =>
  new Map([...tinyTensors(tinyConfig(), seed)].map(([name, { data }]) => [name, data]));
const state: EngineState = { weights: floats(1), expAvg: floats(2), expAvgSq: floats(3), step: 7 };
const size = 1000;

async function written(
  from: EngineState,
): Promise<{ facts: CheckpointFacts; disk: Map<string, Uint8Array> }> {
  const disk = new Map<string, Uint8Array>();
  const files: CheckpointFile[] = [];
  for (const { name, file } of checkpointParts(from, config)) {
    const bytes = new Uint8Array(file.sizeBytes);
    files.push(await writeSlices(name, file, (slice, offset) => bytes.set(slice, offset), size));
    disk.set(name, bytes);
  }
  const engine = { engine: 'wasm', backend: 'wasm', adapter: 'a test' } as const;
  return { facts: { step: from.step, elapsedMs: 12, engine, files }, disk };
}

const readFrom = (disk: Map<string, Uint8Array>) => (file: CheckpointFile) => {
  const bytes = disk.get(file.name);
  return bytes
    ? Promise.resolve(bytes)
    : Promise.reject(new DOMException('there is no such file', 'NotFoundError'));
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

  it('has no moments where there are none', async () => {
    const { facts, disk } = await written({ ...state, expAvg: new Map(), expAvgSq: new Map() });
    expect(facts.files.map(({ name }) => name)).toEqual(['model.safetensors']);
    expect((await readCheckpoint(facts, readFrom(disk), size)).expAvg.size).toBe(0);
  });

  it('is refused where a byte is another, bytes are missing or too many, or a file is gone', async () => {
    const { facts, disk } = await written(state);
    const whole = disk.get('optimizer.safetensors')!;
    const damaged = async (bytes: Uint8Array | null): Promise<unknown> => {
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
      return (file: CheckpointFile): Promise<Uint8Array> => {
        left -= 1;
        if (left >= 0) return Promise.reject(new RangeError('Array buffer allocation failed'));
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
