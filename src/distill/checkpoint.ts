/**
 * What a run continues from: its student and the optimiser's averages as two safetensors files, and the facts beside them. Batches
 * and dropout are counted, not drawn (batches.ts, engine/dropout.ts), so that the step is the data cursor and the random
 * state as well. Files are cut into slices, each with its own SHA-256: whoever stores them holds one slice at a time,
 * and whoever reads them knows that every byte is the one that was written.
 */
import { digest } from '../base/bytes.ts';
import { RowsDigest } from '../base/rows-digest.ts';
import { z } from '../base/schemas.ts';
import {
  trainerBackends,
  trainerNames,
  type EngineState,
  type StateGroup,
  type TrainerDescription,
} from '../engine/engine.ts';
import type { T5Config, Weights } from '../student/config.ts';
import { areAdapters } from './engine-student.ts';
import { isAdapterName, shapesOf } from '../student/lora/lora.ts';
import { sourceOf, type StateSource, type StateTensor } from '../engine/state-source.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import {
  safetensorsChunks,
  safetensorsStream,
  type ChunkedFile,
  type StreamedFile,
  type StreamedTensor,
  type WritableTensor,
} from '../formats/safetensors-writer.ts';

/** Bytes of a slice; files of small students are one slice, whose SHA-256 is that of the file. */
export const sliceBytes = 8 * 1024 * 1024;
/** Of checkpoints that earlier versions wrote. */
export const olderSliceBytes = 32 * 1024 * 1024;

/** Of a student with adapters, `adapter_model.safetensors` has these and stands for its weights. */
const checkpointFileNames = [
  'model.safetensors',
  'adapter_model.safetensors',
  'optimizer.safetensors',
] as const;
export type CheckpointFileName = (typeof checkpointFileNames)[number];

/** A file of a checkpoint, as it was written. */
export interface CheckpointFile {
  name: CheckpointFileName;
  sizeBytes: number;
  /** SHA-256 of each slice, in hexadecimal digits. */
  sha256: string[];
}

/** What was computing: the same engine on the same adapter continues with the very bytes, another one nearly. */
export type EngineStamp = Pick<TrainerDescription, 'engine' | 'backend' | 'adapter'>;

export interface CheckpointFacts {
  /** Optimiser steps taken; with them go as many lines of metrics. */
  step: number;
  /** Time spent in these steps. */
  elapsedMs: number;
  engine: EngineStamp;
  files: CheckpointFile[];
}

/** A checkpoint without the optimiser's averages: all that its weights alone need. */
export function weightsOnly(facts: CheckpointFacts): CheckpointFacts {
  return { ...facts, files: facts.files.filter(({ name }) => name !== 'optimizer.safetensors') };
}

const factsSchema = z.strictObject({
  step: z.int().min(0),
  elapsedMs: z.number().min(0),
  engine: z.strictObject({
    engine: z.enum(trainerNames),
    backend: z.enum(trainerBackends),
    adapter: z.string(),
  }),
  files: z.array(
    z.strictObject({
      name: z.enum(checkpointFileNames),
      sizeBytes: z.int().min(0),
      sha256: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
    }),
  ),
});

/** Reads `checkpoint.json`; null where it is not as it was written. */
export function parseFacts(text: string): CheckpointFacts | null {
  try {
    return factsSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Where a run continues from. */
export interface Resumption {
  /** Read from where it is stored when the engine takes it: it may be larger than what is free beside the engine. */
  state: StateSource;
  elapsedMs: number;
  /** What has computed it; left out where that is not known. */
  engine?: EngineStamp;
}

/** What the optimiser's averages are called in `optimizer.safetensors`: PyTorch's and transformers' names. */
export const momentPrefixes = [
  ['expAvg', 'exp_avg.'],
  ['expAvgSq', 'exp_avg_sq.'],
  ['expAvgSqRow', 'exp_avg_sq_row.'],
  ['expAvgSqCol', 'exp_avg_sq_col.'],
] as const satisfies readonly (readonly [StateGroup, string])[];

/** The files of a state. A state without moments (before the first step, or kept for its weights alone) has one. */
export function checkpointParts(
  state: EngineState | StateSource,
  config: T5Config,
): { name: CheckpointFileName; file: StreamedFile }[] {
  const source = 'tensors' in state ? state : sourceOf(state);
  const shapeOf = shapesOf(config);
  const file = (of: readonly { name: string; tensor: StateTensor }[]): StreamedFile => {
    const entries = of.map(({ name, tensor }): [string, StreamedTensor] => {
      const shape = isFactor(tensor) ? [tensor.length] : shapeOf(tensor.name, tensor.length);
      return [name, { shape, length: tensor.length, pieces: () => source.pieces(tensor) }];
    });
    return safetensorsStream(new Map(entries), { format: 'pt' });
  };
  const weights = source.tensors.filter(({ group }) => group === 'weights');
  const name = weights.some((tensor) => isAdapterName(tensor.name))
    ? 'adapter_model.safetensors'
    : 'model.safetensors';
  const model = { name, file: file(weights.map((tensor) => ({ name: tensor.name, tensor }))) } as const;
  const moments = momentPrefixes.flatMap(([group, prefix]) =>
    source.tensors
      .filter((tensor) => tensor.group === group)
      .map((tensor) => ({ name: prefix + tensor.name, tensor })),
  );
  if (moments.length === 0) return [model];
  return [model, { name: 'optimizer.safetensors', file: file(moments) }];
}

/** The file of weights that are in memory, or of adapters. */
export function weightsFile(
  weights: Weights,
  config: T5Config,
): { name: CheckpointFileName; file: ChunkedFile } {
  const shapeOf = shapesOf(config);
  const tensors = new Map(
    [...weights].map(([name, data]) => [name, { shape: shapeOf(name, data.length), data }] as const),
  );
  return {
    name: areAdapters(weights) ? 'adapter_model.safetensors' : 'model.safetensors',
    file: safetensorsChunks(tensors, { dtype: 'f32', metadata: { format: 'pt' } }),
  };
}

/** The file of an optimiser's averages that are in memory. */
export function momentsFile(
  state: Pick<EngineState, 'expAvg' | 'expAvgSq' | 'expAvgSqRow' | 'expAvgSqCol'>,
  config: T5Config,
): { name: CheckpointFileName; file: ChunkedFile } {
  const shapeOf = shapesOf(config);
  const tensors = new Map(
    momentPrefixes.flatMap(([group, prefix]) =>
      [...(state[group] ?? [])].map(([name, data]): [string, WritableTensor] => {
        const isFactor = group === 'expAvgSqRow' || group === 'expAvgSqCol';
        return [prefix + name, { shape: isFactor ? [data.length] : shapeOf(name, data.length), data }];
      }),
    ),
  );
  return {
    name: 'optimizer.safetensors',
    file: safetensorsChunks(tensors, { dtype: 'f32', metadata: { format: 'pt' } }),
  };
}

/** Adafactor's averages of rows and columns have no shape but their length. */
function isFactor({ group }: StateTensor): boolean {
  return group === 'expAvgSqRow' || group === 'expAvgSqCol';
}

/**
 * Writes a file slice by slice and says what was written.
 * @param write Takes a slice and where it begins; once it has, the slice is filled again.
 */
export async function writeSlices(
  name: CheckpointFileName,
  file: StreamedFile,
  write: (slice: Uint8Array<ArrayBuffer>, offset: number) => void | Promise<void>,
  size = sliceBytes,
): Promise<CheckpointFile> {
  const sha256: string[] = [];
  let offset = 0;
  for await (const slice of slicesOf(file, size)) {
    sha256.push(await digest(slice));
    await write(slice, offset);
    offset += slice.length;
  }
  return { name, sizeBytes: file.sizeBytes, sha256 };
}

/** A file's bytes in arrays of `size`, the last as long as it comes. One array is used again and again. */
async function* slicesOf(file: StreamedFile, size: number): AsyncIterable<Uint8Array<ArrayBuffer>> {
  let left = file.sizeBytes;
  const slice = new Uint8Array(Math.min(size, left));
  let filled = 0;
  for await (const chunk of file.chunks()) {
    for (let start = 0; start < chunk.length;) {
      const part = chunk.subarray(start, start + slice.length - filled);
      slice.set(part, filled);
      filled += part.length;
      start += part.length;
      if (filled < slice.length && filled < left) continue;
      yield filled === slice.length ? slice : slice.slice(0, filled);
      left -= filled;
      filled = 0;
    }
  }
}

/** True where an error of the browser's or of Node's says that a file is not there. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'NotFoundError' || ('code' in error && error.code === 'ENOENT');
}

/** The single-precision tensors of a safetensors file. @param name Names it in errors. */
export function floatsOf(bytes: Uint8Array, name: string): Map<string, Float32Array> {
  const floats = new Map<string, Float32Array>();
  for (const [tensor, { data }] of parseSafetensors(bytes, name).tensors) {
    if (data instanceof Float32Array) floats.set(tensor, data);
  }
  return floats;
}

/** SHA-256 of each slice of a file, by which students and archives are known: in the slices of earlier versions. */
export async function digestSlices(file: StreamedFile): Promise<string[]> {
  const sha256: string[] = [];
  for await (const slice of slicesOf(file, olderSliceBytes)) sha256.push(await digest(slice));
  return sha256;
}

/** SHA-256 of a student: of its configuration, its tokenizer and the values of its weights, however they are stored. */
export async function digestStudent(student: {
  config: T5Config;
  tokenizerFiles: Readonly<Record<string, string>>;
  weights: Weights;
}): Promise<string> {
  const { config, tokenizerFiles, weights } = student;
  return digestRows([config, tokenizerFiles, await digestSlices(weightsFile(weights, config).file)]);
}

/** SHA-256 of rows: a run resumes with the rows that it began with, or not at all. */
export function digestRows(rows: readonly unknown[]): Promise<string> {
  const digest = new RowsDigest();
  for (const row of rows) digest.add(row);
  return Promise.resolve(digest.end());
}
