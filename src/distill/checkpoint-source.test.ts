import { beforeAll, describe, expect, it } from 'vitest';
import { expectSameState } from '../../tests/support/same-state.ts';
import { CheckpointError, UnreadableError } from '../base/errors.ts';
import { stateOf, type EngineState } from '../engine/engine.ts';
import { pieceLength, readState } from '../engine/state-source.ts';
import type { PartedFile } from '../formats/parquet.ts';
import { parseT5Config } from '../student/config.ts';
import { tinyConfig } from '../student/testing/tiny-student.ts';
import { checkpointParts, writeSlices, type CheckpointFacts, type CheckpointFile } from './checkpoint.ts';
import { openCheckpoint, readCheckpoint } from './checkpoint-source.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
/** Bytes of a slice: tensors begin and end within one. */
const size = 1 << 20;
const values = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, at) => Math.sin(at + seed));
const tensors = (seed: number) =>
  new Map([
    ['a', values(7, seed)],
    ['b', values(pieceLength + 3, seed + 1)],
    ['c', values(size / 4, seed + 2)],
  ]);
const state: EngineState = { ...stateOf(tensors(1), 9), expAvg: tensors(2), expAvgSq: tensors(3) };

let facts: CheckpointFacts;
const disk = new Map<string, Uint8Array<ArrayBuffer>>();
beforeAll(async () => {
  const files: CheckpointFile[] = [];
  for (const { name, file } of checkpointParts(state, config)) {
    const bytes = new Uint8Array(file.sizeBytes);
    files.push(await writeSlices(name, file, (slice, offset) => bytes.set(slice, offset), size));
    disk.set(name, bytes);
  }
  const engine = { engine: 'wasm', backend: 'wasm', adapter: 'a test' } as const;
  facts = { step: 9, elapsedMs: 12, engine, files };
});

/** The files, and what was read of them. @param before Called before each read. */
function watchedFiles(before: (name: string, start: number) => void = () => undefined) {
  const reads: { name: string; bytes: number }[] = [];
  const open = ({ name }: CheckpointFile): PartedFile => {
    const blob = new Blob([disk.get(name)!]);
    const slice = (start: number, end = blob.size) => ({
      arrayBuffer: async () => {
        before(name, start);
        reads.push({ name, bytes: end - start });
        return blob.slice(start, end).arrayBuffer();
      },
    });
    return { size: blob.size, slice };
  };
  return { reads, open };
}

describe('a checkpoint that is opened', () => {
  it('is read to its end first, and again as it is asked for, a slice at a time', async () => {
    const { reads, open } = watchedFiles();
    const source = await openCheckpoint(facts, open, size);
    const slices = facts.files.reduce((sum, { sha256 }) => sum + sha256.length, 0);
    expect(reads).toHaveLength(slices);
    expect(Math.max(...reads.map(({ bytes }) => bytes))).toBe(size);
    expectSameState(await readState(source), state);
    // The first slice of each file was left behind when the last was read.
    expect(reads).toHaveLength(2 * slices);
    expect(source.step).toBe(9);
    expect(source.tensors.map(({ group, name, length }) => [group, name, length])).toEqual(
      (['weights', 'expAvg', 'expAvgSq'] as const).flatMap((group) =>
        [...state[group]].map(([name, { length }]) => [group, name, length]),
      ),
    );
  });

  it('gives pieces of 8 MB at most, which may be written over', async () => {
    const source = await openCheckpoint(facts, watchedFiles().open, size);
    const lengths: number[] = [];
    for await (const piece of source.pieces(source.tensors[1]!)) {
      lengths.push(piece.length);
      piece.fill(0);
    }
    expect(lengths).toEqual([pieceLength, 3]);
    expectSameState(await readState(source), state);
  });

  it('is damaged where a byte changes, or a file goes, after it was opened', async () => {
    let isGone = false;
    const { open } = watchedFiles(() => {
      if (isGone) throw new DOMException('there is no such file', 'NotFoundError');
    });
    const source = await openCheckpoint(facts, open, size);
    isGone = true;
    const gone = await readState(source).catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(CheckpointError);
    expect(String(gone)).toMatch(/step 9 is damaged: \S+ is missing \(there is no such file\)/);
    isGone = false;
    const bytes = disk.get('model.safetensors')!;
    disk.set(
      'model.safetensors',
      bytes.map((byte, at) => (at === size ? byte ^ 1 : byte)),
    );
    try {
      const changed = await openCheckpoint(facts, open, size).catch((error: unknown) => error);
      expect(changed).toBeInstanceOf(CheckpointError);
      expect(String(changed)).toMatch(/model\.safetensors has other bytes than were written/);
    } finally {
      disk.set('model.safetensors', bytes);
    }
  });

  it('reads over one failed read of a slice, and calls two unreadable, not damaged', async () => {
    const failing = (times: number) => {
      let left = times;
      return watchedFiles((name, start) => {
        if (name !== 'optimizer.safetensors' || start !== size || left === 0) return;
        left -= 1;
        throw new DOMException('The I/O read operation failed.', 'NotReadableError');
      }).open;
    };
    expectSameState(await readCheckpoint(facts, failing(1), size), state);
    const error = await openCheckpoint(facts, failing(2), size).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(UnreadableError);
    expect(String(error)).toMatch(/optimizer\.safetensors of the checkpoint of step 9 could not be read/);
  });

  it('is damaged where its file has a header that is none', async () => {
    const bytes = new TextEncoder().encode('not a safetensors file at all');
    const files: CheckpointFile[] = [];
    const file = { sizeBytes: bytes.length, chunks: () => [bytes] };
    files.push(await writeSlices('model.safetensors', file, () => undefined, size));
    const error = await openCheckpoint({ ...facts, files }, () => new Blob([bytes]), size).catch(
      (problem: unknown) => problem,
    );
    expect(error).toBeInstanceOf(CheckpointError);
    expect(String(error)).toMatch(/step 9 is damaged: model\.safetensors: The header should have/);
  });
});
