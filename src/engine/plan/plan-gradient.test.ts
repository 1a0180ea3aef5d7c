/** The gradient of the whole plan, by finite differences in double precision: dropout, both tasks, every kind of T5. */
import { describe, expect, test } from 'vitest';
import { RandomSequence } from '../../base/random.ts';
import { results as resultIndex } from './operations.ts';
import { bucketOf, packPass, roundBucket, stepRows } from './passes.ts';
import type { Run } from './plan.ts';
import { SlabLayout } from './slab-layout.ts';
import { writeStudent } from './student-slabs.ts';
import { tinyEngineStudent, tinyMicroBatch } from './testing/tiny-engine.ts';
import { planStep } from './training.ts';
import { TwinExecutor } from './twin/twin-executor.ts';

describe('the gradient of the loss', () => {
  test.each([
    { feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
    { feed_forward_proj: 'relu', tie_word_embeddings: true },
    { feed_forward_proj: 'gated-gelu', tie_word_embeddings: true, num_layers: 2, num_decoder_layers: 1 },
    { feed_forward_proj: 'gated-silu', tie_word_embeddings: false },
    { model_type: 'umt5', tie_word_embeddings: false, num_layers: 2, num_decoder_layers: 2 },
  ])('%j', async (overrides) => {
    const { config, weights } = tinyEngineStudent(overrides);
    const layout = new SlabLayout(config);
    const executor = new TwinExecutor(layout);
    writeStudent(executor, layout, weights);
    const alpha = 0.3;
    const rows = stepRows(config, [tinyMicroBatch(config)], alpha);
    const [pass] = rows.passes;
    const packed = packPass(config, pass!);
    const plan = planStep(layout, roundBucket(bucketOf(pass!.pairs)), true);
    await executor.prepare(plan);
    const { tables, host } = plan;
    executor.writeTable(tables.encoderIds, packed.encoder.ids);
    executor.writeTable(tables.encoderSequences, packed.encoder.sequences);
    executor.writeTable(tables.encoderTiles, packed.encoder.tiles);
    executor.writeTable(tables.decoderIds, packed.decoder.ids);
    executor.writeTable(tables.decoderSequences, packed.decoder.sequences);
    executor.writeTable(tables.decoderTiles, packed.decoder.tiles);
    executor.writeTable(tables.labels, packed.labels);
    executor.writeTable(tables.embeddingIds, packed.embedding.ids);
    executor.writeTable(tables.embeddingStarts, packed.embedding.starts);
    executor.writeTable(tables.embeddingRows, packed.embedding.rows);
    executor.writeTensor(host.rowWeights!, packed.rowWeights);
    const run: Run = {
      counts: packed.counts,
      accumulate: false,
      firstEncoderRow: 0,
      firstDecoderRow: 0,
      step: 3,
      seed: 9,
      dropout: 0.2,
      learningRate: 0,
      weightDecay: 0,
      maxGradNorm: 0,
      position: 0,
    };
    const loss = async (): Promise<number> => {
      executor.run('pass', run);
      const found = await executor.readTensor(host.results!, 8);
      const answer = found[resultIndex.answerLoss]! / rows.answerTokens;
      const rationale = found[resultIndex.rationaleLoss]! / rows.rationaleTokens!;
      return alpha * answer + (1 - alpha) * rationale;
    };
    await loss();
    const [length] = layout.partLengths as [number];
    const gradient = Float64Array.from(await executor.readSlab('gradients', 0, 0, length));
    const start = await executor.readSlab('parameters', 0, 0, length);
    const random = new RandomSequence(4);
    // One direction per block, so that no weight's gradient hides behind a larger one's.
    for (const { members, offset, shape } of layout.blocks) {
      const size = shape[0] * shape[1];
      const direction = Float64Array.from({ length: size }, () => random.nextNormal());
      const at = async (distance: number): Promise<number> => {
        const moved = direction.map((value, index) => start[offset + index]! + distance * value);
        executor.writeSlab('parameters', 0, offset, moved);
        return loss();
      };
      const epsilon = 1e-5;
      const measured = ((await at(epsilon)) - (await at(-epsilon))) / (2 * epsilon);
      await at(0);
      const part = gradient.subarray(offset, offset + size);
      const claimed = direction.reduce((sum, value, index) => sum + value * part[index]!, 0);
      const norm = Math.sqrt(part.reduce((sum, value) => sum + value * value, 0));
      expect(norm, members[0]!.name).toBeGreaterThan(0);
      expect(Math.abs(measured - claimed) / norm, members[0]!.name).toBeLessThan(1e-6);
    }
  });
});
