/**
 * The state of a checkpoint, read from its files a slice at a time: no more than a slice of each is in memory, and every
 * byte is checked against the SHA-256 that was written down.
 */
import { digest } from '../base/bytes.ts';
import { CheckpointError, InputError, UnreadableError, withoutStop } from '../base/errors.ts';
import type { EngineState, StateGroup } from '../engine/engine.ts';
import {
  pieceLength,
  readState,
  readTold,
  type StateSource,
  type StateTensor,
} from '../engine/state-source.ts';
import type { PartedFile } from '../formats/parquet.ts';
import { readTensorPlaces, type TensorPlace } from '../formats/safetensors.ts';
import {
  isMissing,
  momentPrefixes,
  olderSliceBytes,
  sliceBytes,
  type CheckpointFacts,
  type CheckpointFile,
} from './checkpoint.ts';

/** Opens a file of a checkpoint; may throw where it is not there. */
export type OpenPart = (file: CheckpointFile) => PartedFile | Promise<PartedFile>;

/** How the reading of a checkpoint is watched: told how many of its bytes are read, ended between two pieces. */
export interface Reading {
  tell?: (done: number, total: number) => void;
  signal?: AbortSignal | null;
}

/**
 * Opens a checkpoint after reading it once, to its last byte: it is whole. It is read again, and checked again, as its
 * tensors are asked for.
 * @param size Bytes of a slice.
 * @throws CheckpointError where a file is missing, cut off, or not as it was written; UnreadableError where it is there
 * and could not be read now, which says nothing of its bytes. So do `pieces`, where that happens later.
 */
export async function openCheckpoint(
  facts: CheckpointFacts,
  open: OpenPart,
  size = sliceBytes,
  { tell = () => undefined, signal = null }: Reading = {},
): Promise<StateSource> {
  const source = await uncheckedSource(facts, open, size);
  const told = readTold(source, tell, signal);
  for (const tensor of told.tensors) {
    const pieces = told.pieces(tensor)[Symbol.asyncIterator]();
    while ((await pieces.next()).done !== true);
  }
  return source;
}

/** Reads the whole state of a checkpoint into memory. @throws as `openCheckpoint`. */
export async function readCheckpoint(
  facts: CheckpointFacts,
  open: OpenPart,
  size = sliceBytes,
): Promise<EngineState> {
  return readState(await uncheckedSource(facts, open, size));
}

/** A checkpoint of which only the headers are read, and checked, so far. */
async function uncheckedSource(
  { step, files }: CheckpointFacts,
  open: OpenPart,
  size: number,
): Promise<StateSource> {
  const places = new Map<StateTensor, { file: CheckedFile; start: number; end: number }>();
  for (const named of files) {
    const file = await CheckedFile.open(step, named, open, size);
    for (const [name, { dtype, start, end }] of await file.tensors()) {
      if (dtype !== 'F32') continue;
      const [group, prefix] = groupOf(named, name) ?? [];
      if (group === undefined) continue;
      const tensor = { group, name: name.slice(prefix!.length), length: (end - start) / 4 };
      places.set(tensor, { file, start, end });
    }
  }
  const tensors = [...places.keys()];
  const longest = tensors.reduce((most, { length }) => Math.max(most, length), 0);
  let room: Float32Array<ArrayBuffer> | null = null;
  if (!tensors.some(({ group }) => group === 'weights')) throw notAsWritten(step, 'it names no weights');
  return {
    step,
    tensors,
    async *pieces(tensor) {
      const { file, start, end } = places.get(tensor)!;
      const into = (room ??= new Float32Array(Math.min(longest, pieceLength)));
      for (let at = start; at < end; at += 4 * pieceLength) {
        const piece = into.subarray(0, Math.min(end - at, 4 * pieceLength) / 4);
        await file.read(at, new Uint8Array(piece.buffer, 0, piece.byteLength));
        yield piece;
      }
      if (tensor === tensors.at(-1)) room = null;
    },
  };
}

function groupOf(
  { name: file }: CheckpointFile,
  name: string,
): readonly [StateGroup, prefix: string] | undefined {
  if (file !== 'optimizer.safetensors') return ['weights', ''];
  return momentPrefixes.find(([, prefix]) => name.startsWith(prefix));
}

/** A file of a checkpoint. Each slice is read and checked when something in it is wanted, and held until the next one. */
class CheckedFile {
  #held: { slice: number; bytes: Uint8Array } | null = null;

  private constructor(
    readonly step: number,
    readonly file: CheckpointFile,
    readonly parts: PartedFile,
    readonly each: number,
  ) {}

  static async open(step: number, file: CheckpointFile, open: OpenPart, size: number): Promise<CheckedFile> {
    const { name, sizeBytes, sha256 } = file;
    const parts = await onceMore(step, name, async () => open(file));
    if (parts.size !== sizeBytes) {
      throw notAsWritten(step, `${name} has ${parts.size} bytes where ${sizeBytes} were written`);
    }
    // Files of more than one slice differ in how many there are.
    const isOlder = size === sliceBytes && sha256.length === Math.ceil(sizeBytes / olderSliceBytes);
    return new CheckedFile(step, file, parts, isOlder ? olderSliceBytes : size);
  }

  /** Where its tensors are. */
  async tensors(): Promise<Map<string, TensorPlace>> {
    const { name, sizeBytes } = this.file;
    try {
      return await readTensorPlaces(
        (bytes) => this.read(0, new Uint8Array(Math.min(bytes, sizeBytes))),
        sizeBytes,
        name,
      );
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw notAsWritten(this.step, withoutStop(error.problem));
    }
  }

  /** Fills an array with the bytes from `start` on. */
  async read(start: number, room: Uint8Array): Promise<Uint8Array> {
    for (let filled = 0; filled < room.length;) {
      const slice = Math.floor((start + filled) / this.each);
      const from = start + filled - slice * this.each;
      const part = (await this.#slice(slice)).subarray(from, from + room.length - filled);
      room.set(part, filled);
      filled += part.length;
    }
    // Read to its end: whoever keeps the source, for as long as a run lasts, keeps no slice with it.
    if (start + room.length === this.file.sizeBytes) this.#held = null;
    return room;
  }

  /** @returns As long as it was written. */
  async #slice(slice: number): Promise<Uint8Array> {
    if (this.#held?.slice === slice) return this.#held.bytes;
    this.#held = null;
    const { name, sizeBytes, sha256 } = this.file;
    const start = slice * this.each;
    const end = Math.min(sizeBytes, start + this.each);
    const bytes = await onceMore(
      this.step,
      name,
      async () => new Uint8Array(await this.parts.slice(start, end).arrayBuffer()),
    );
    if (bytes.length !== end - start || (await digest(bytes)) !== sha256[slice]) {
      throw notAsWritten(this.step, `${name} has other bytes than were written`);
    }
    this.#held = { slice, bytes };
    return bytes;
  }
}

/** Reads something, and once more where that failed: storage has passing errors. */
async function onceMore<T>(step: number, name: string, read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (isMissing(error)) throw notAsWritten(step, `${name} is missing (${messageOf(error)})`);
      if (attempt < 2) continue;
      throw new UnreadableError(
        `${name} of the checkpoint of step ${step} could not be read (${messageOf(error)}).`,
        'Nothing was removed. Free some memory (close other tabs and programs), then resume again.',
      );
    }
  }
}

function notAsWritten(step: number, what: string): CheckpointError {
  return new CheckpointError(
    `The checkpoint of step ${step} is damaged: ${what}.`,
    'Resume from an earlier one, or train again.',
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
