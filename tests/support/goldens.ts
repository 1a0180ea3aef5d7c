/**
 * Reading what PyTorch computed: the shared goldens where they are present, and the project's own fixtures, which have
 * the same layout (scripts/make_fixtures.py).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { EngineStudent, MicroBatch, TaskBatch } from '../../src/engine/engine.ts';
import { parseT5Config } from '../../src/student/config.ts';
import { parseSafetensors, type StoredTensor } from '../../src/formats/safetensors.ts';

/** Folder of the shared goldens, beside the repository; not part of the project. */
export const sharedGoldens = resolve(import.meta.dirname, '../../../shared/golden');

/** Folder of the project's own fixtures. */
export const engineFixtures = resolve(import.meta.dirname, '../fixtures/engine');

/** False, with one line that says so, where the shared goldens (or a folder of them) are not present. */
export function hasSharedGoldens(folder = '.'): boolean {
  const place = join(sharedGoldens, folder);
  const present = existsSync(join(place, 'README.md'));
  if (!present)
    console.log(`Skipped: the shared goldens are not at ${place}. The project's own fixtures are tested.`);
  return present;
}

export type Tensors = ReadonlyMap<string, StoredTensor>;

export function readTensors(...path: string[]): Tensors {
  const file = join(...path);
  return parseSafetensors(new Uint8Array(readFileSync(file)), file).tensors;
}

/** A JSON file whose layout the caller knows. */
export function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'));
}

/** A JSON Lines file whose layout the caller knows. */
export function readLines(...path: string[]): unknown[] {
  const lines = readFileSync(join(...path), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown);
}

/** Weights that begin with `prefix`, without it. */
export function weightsOf(tensors: Tensors, prefix = ''): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  for (const [name, { data }] of tensors) {
    if (name.startsWith(prefix) && data instanceof Float32Array) weights.set(name.slice(prefix.length), data);
  }
  return weights;
}

/** `config.json` and `model.safetensors` of a folder. */
export function readStudent(...path: string[]): EngineStudent {
  const config = join(...path, 'config.json');
  return {
    config: parseT5Config(readFileSync(config, 'utf8'), config),
    weights: weightsOf(readTensors(...path, 'model.safetensors')),
  };
}

/** Floats or ids of a tensor. */
export function floats(tensors: Tensors, name: string): Float32Array {
  const data = tensors.get(name)?.data;
  if (!(data instanceof Float32Array)) throw new Error(`No float tensor is called ${name}.`);
  return data;
}

/** Rows of a padded tensor of ids, cut where `mask` (or the ids themselves) say that padding begins. */
export function raggedRows(tensors: Tensors, idsName: string, maskName: string | null): Int32Array[] {
  const { data, shape } = tensors.get(idsName)!;
  const mask = maskName === null ? null : tensors.get(maskName)!.data;
  const [rows, length] = shape as [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const ids = Int32Array.from(data.subarray(row * length, (row + 1) * length));
    const counts = ids.map((id, column) =>
      mask === null ? Number(id !== -100) : mask[row * length + column]!,
    );
    const tokens = counts.reduce((sum, one) => sum + one, 0);
    if (counts.subarray(0, tokens).includes(0)) throw new Error(`${idsName} has padding in between.`);
    return ids.slice(0, tokens);
  });
}

/** `input_ids`, `attention_mask` and `labels` as an engine's rows. */
export function taskBatch(tensors: Tensors, prefix = ''): TaskBatch {
  return {
    inputs: raggedRows(tensors, `${prefix}input_ids`, `${prefix}attention_mask`),
    targets: raggedRows(tensors, `${prefix}labels`, null),
  };
}

/** All micro-batches of a `batches.safetensors`. */
export function microBatches(tensors: Tensors): MicroBatch[] {
  const count = [...tensors.keys()].filter((name) => name.endsWith('.answer.input_ids')).length;
  return Array.from({ length: count }, (_, index) => {
    const number = String(index).padStart(2, '0');
    return {
      answer: taskBatch(tensors, `${number}.answer.`),
      rationale: taskBatch(tensors, `${number}.rationale.`),
    };
  });
}

/** Values of padded rows [B, T, width] where there are tokens, one array a row. */
export function unpaddedValues(tensors: Tensors, name: string, rows: readonly Int32Array[]): Float32Array[] {
  const values = floats(tensors, name);
  const [, length, width] = tensors.get(name)!.shape as [number, number, number];
  return rows.map((row, index) =>
    values.slice(index * length * width, (index * length + row.length) * width),
  );
}
