/** What graphs compute, in a runtime of others, against the exact reference with the same weights. */
import type { Tensor } from 'onnxruntime-web';
import { expect, it } from 'vitest';
import { OnnxStudent } from '../../../tests/support/onnx-student.ts';
import { parseTiny, randomBatch, tinyEngineStudent } from '../../engine/plan/testing/tiny-engine.ts';
import { createTwinEngine } from '../../engine/plan/twin/twin-engine.ts';
import { floatsToHalves, halvesToFloats } from '../../formats/half.ts';
import type { T5Config, Weights } from '../../student/config.ts';
import { readStudentFolder } from '../../student/folder.ts';
import { filesInMemory } from '../../student/student-files.ts';
import { tinyFolder } from '../../student/testing/tiny-student.ts';
import { onnxFolder } from './folder.ts';
import type { OnnxStorage } from './matrices.ts';

// Two layers, so that caches of one are not those of the other; rows longer than the exact buckets of distances.
const shape = {
  num_layers: 2,
  num_decoder_layers: 2,
  relative_attention_num_buckets: 8,
  relative_attention_max_distance: 12,
};
const lengths = [
  [21, 9],
  [3, 14],
] as const;

async function scene(storage: OnnxStorage, overrides: Readonly<Record<string, unknown>> = {}) {
  const student = await readStudentFolder(filesInMemory(tinyFolder({ ...shape, ...overrides })), 'tiny');
  const { weights } = tinyEngineStudent({ ...shape, ...overrides });
  const config = parseTiny({ ...shape, ...overrides });
  const onnx = await OnnxStudent.open(config, onnxFolder(student, weights, { storage, runFile: null }));
  return { config, weights, onnx };
}

/** The mean loss of targets under logits [rows, tokens, vocabulary]. */
function lossOf({ data, dims }: Tensor, targets: readonly Int32Array[]): number {
  const [, width, size] = dims as unknown as [number, number, number];
  const values = data as Float32Array;
  let sum = 0;
  let tokens = 0;
  for (const [row, ids] of targets.entries())
    for (const [at, id] of ids.entries()) {
      const logits = values.subarray((row * width + at) * size, (row * width + at + 1) * size);
      const top = Math.max(...logits);
      const all = logits.reduce((total, one) => total + Math.exp(one - top), 0);
      sum += Math.log(all) + top - logits[id]!;
      tokens += 1;
    }
  return sum / tokens;
}

async function losses(
  config: T5Config,
  weights: Weights,
  onnx: OnnxStudent,
): Promise<[own: number, other: number]> {
  const batch = randomBatch(config, 5, lengths);
  const engine = createTwinEngine({ config, weights });
  const { loss } = await engine.evaluate(batch);
  engine.dispose();
  const shifted = batch.targets.map((ids) =>
    Int32Array.from([config.decoder_start_token_id, ...ids.slice(0, -1)]),
  );
  return [loss, lossOf(await onnx.logits(batch.inputs, shifted), batch.targets)];
}

// Sums of some hundred terms in single precision.
const near = 5;

it.each([
  ['T5 v1.1', {}],
  ['tied, T5 v1.0', { tie_word_embeddings: true, feed_forward_proj: 'relu' }],
  ['a bias in each layer, umT5', { model_type: 'umt5' }],
])('float32 graphs of a student compute and write what the reference does: %s', async (_, overrides) => {
  const { config, weights, onnx } = await scene('f32', overrides);
  const [own, other] = await losses(config, weights, onnx);
  expect(other).toBeCloseTo(own, near);
  const { inputs } = randomBatch(config, 6, lengths);
  const engine = createTwinEngine({ config, weights });
  const written = await engine.generate(inputs, { maxNewTokens: 16, numBeams: 1 });
  engine.dispose();
  expect(await onnx.generate(inputs, 16)).toEqual(written.map(({ ids }) => [...ids]));
  await onnx.close();
});

/** Weights as a storage rounds them: matrices alone, by row. */
function rounded(weights: Weights, storage: 'f16' | 'w8', config: T5Config): Weights {
  return new Map(
    [...weights].map(([name, values]) => {
      if (/norm|bias/.test(name)) return [name, values];
      if (storage === 'f16') return [name, halvesToFloats(floatsToHalves(values))];
      const columns = name.endsWith('.wo.weight')
        ? config.d_ff
        : name.endsWith('.o.weight')
          ? config.num_heads * config.d_kv
          : config.d_model;
      const copy = values.slice();
      for (let from = 0; from < copy.length; from += columns) {
        const row = copy.subarray(from, from + columns);
        const scale = row.reduce((top, one) => Math.max(top, Math.abs(one)), 0) / 127;
        row.forEach((one, at) => (row[at] = Math.fround(scale) * Math.round(one / Math.fround(scale))));
      }
      return [name, copy];
    }),
  );
}

it.each(['f16', 'w8'] as const)(
  '%s graphs compute as the reference does with weights that are rounded so',
  async (storage) => {
    for (const overrides of [{}, { tie_word_embeddings: true }]) {
      const { config, weights, onnx } = await scene(storage, overrides);
      const [own, other] = await losses(config, rounded(weights, storage, config), onnx);
      expect(other).toBeCloseTo(own, near);
      await onnx.close();
    }
  },
);

it('q8 graphs, which round what flows through them too, come near it', async () => {
  for (const overrides of [{}, { tie_word_embeddings: true }]) {
    const { config, weights, onnx } = await scene('q8', overrides);
    const [own, other] = await losses(config, weights, onnx);
    expect(Math.abs(other - own)).toBeLessThan(0.05 * own);
    await onnx.close();
  }
});
