/** What a step of flan-t5 asks of a GPU, counted on its plan: dispatches, bindings, bytes. No GPU is needed for it. */
import { expect, test } from 'vitest';
import type { Bucket } from '../plan/builder.ts';
import { planGeneration } from '../plan/generation.ts';
import { fits, generationParts } from '../plan/passes.ts';
import { SlabLayout } from '../plan/slab-layout.ts';
import { parseTiny } from '../plan/testing/tiny-engine.ts';
import { planStep } from '../plan/training.ts';
import { dispatchesOf } from './dispatches.ts';
import { matmulVariants } from './matmul.ts';
import { wgslModel } from './wgsl-bytes.ts';

const shapes = {
  small: { d_model: 512, d_kv: 64, num_heads: 6, d_ff: 1024, num_layers: 8, num_decoder_layers: 8 },
  base: { d_model: 768, d_kv: 64, num_heads: 12, d_ff: 2048, num_layers: 12, num_decoder_layers: 12 },
};

/** Two tasks of 8 rows, 64 tokens of input and 32 of target each. */
function budgetOf(shape: (typeof shapes)['small']) {
  const layout = new SlabLayout(parseTiny({ ...shape, vocab_size: 32_128, tie_word_embeddings: false }));
  const rows = 2 * 8;
  const plan = planStep(
    layout,
    {
      encoderRows: rows * 64,
      decoderRows: rows * 32,
      sequences: rows,
      generationRows: 0,
      maxEncoderLength: 64,
      maxDecoderLength: 32,
    },
    true,
  );
  const dispatches = [...plan.programs.values()]
    .flat()
    .flatMap((operation) =>
      dispatchesOf(operation, plan.capacities, { product: () => matmulVariants[0]!, sharing: 'workgroup' }),
    );
  const slots = plan.slots.map(({ length }) => 4 * length);
  const parts = layout.partLengths.map((length) => 4 * length);
  const sum = (bytes: readonly number[]) => bytes.reduce((total, one) => total + one, 0);
  return {
    dispatches: dispatches.length,
    largestBinding: Math.max(...slots, ...parts),
    bytes: 4 * sum(parts) + sum(slots) + 4 * plan.tablesLength + 256 * dispatches.length,
  };
}

test('a step of flan-t5-small keeps to 400 dispatches, 1.7 GB and the default limits', () => {
  const { dispatches, largestBinding, bytes } = budgetOf(shapes.small);
  console.log(
    `flan-t5-small, 8 × (64, 32), two tasks: ${dispatches} dispatches, ${(bytes / 1e9).toFixed(2)} GB`,
  );
  expect(dispatches).toBeLessThanOrEqual(400);
  expect(largestBinding).toBeLessThan(2 ** 27);
  expect(bytes).toBeLessThan(1.7e9);
});

test('a step of flan-t5-base can be planned within the default limits', () => {
  const { dispatches, largestBinding, bytes } = budgetOf(shapes.base);
  console.log(
    `flan-t5-base, 8 × (64, 32), two tasks: ${dispatches} dispatches, ${(bytes / 1e9).toFixed(2)} GB`,
  );
  expect(largestBinding).toBeLessThan(2 ** 27);
});

test('32 prompts of 1,024 tokens can be answered by flan-t5-base within the default limits, in parts', () => {
  const layout = new SlabLayout(
    parseTiny({ ...shapes.base, vocab_size: 32_128, tie_word_embeddings: false }),
  );
  const inputs = Array.from({ length: 32 }, () => new Int32Array(1024));
  const model = wgslModel();
  for (const numBeams of [1, 4]) {
    const planner = (bucket: Bucket) => planGeneration(layout, bucket, numBeams === 1);
    const holds = (bucket: Bucket) => fits(layout.config, bucket) && model.canHold(layout, planner(bucket));
    const parts = generationParts(layout.config, inputs, { numBeams, maxNewTokens: 64 }, 64, holds);
    expect(parts.flatMap((part) => part.inputs)).toHaveLength(32);
    for (const { bucket } of parts) {
      for (const { length } of planner(bucket).slots) expect(4 * length).toBeLessThan(2 ** 27);
      expect(holds(bucket)).toBe(true);
    }
  }
});
