/** Facts of plans that executors on a GPU rely on. */
import { describe, expect, test } from 'vitest';
import { countParameters } from '../../student/parameters.ts';
import { formatStepPlan } from './format-plan.ts';
import { planGeneration } from './generation.ts';
import { flopsOfAll } from './cost.ts';
import { operandsOf } from './operands.ts';
import type { Plan } from './plan.ts';
import { SlabLayout } from './slab-layout.ts';
import { parseTiny } from './testing/tiny-engine.ts';
import { planEvaluation, planStep } from './training.ts';

const small = parseTiny({
  vocab_size: 32128,
  d_model: 512,
  d_kv: 64,
  d_ff: 1024,
  num_layers: 8,
  num_decoder_layers: 8,
  num_heads: 6,
});
const layout = new SlabLayout(small);
const bucket = {
  encoderRows: 1024,
  decoderRows: 512,
  sequences: 16,
  maxEncoderLength: 64,
  maxDecoderLength: 32,
  generationRows: 0,
};
const generationBucket = { ...bucket, decoderRows: 0, generationRows: 64 };
const bindingBytes = 128 * 2 ** 20;

/** Buffers that each operation binds: one per place, and one for all tables. */
function bindings(plan: Plan): number[] {
  return [...plan.programs.values()].flat().map((operation) => {
    if (operation.kind === 'adamw') return 5;
    const { reads, writes } = operandsOf(operation);
    return new Set([...reads, ...writes].map(({ place }) => JSON.stringify(place))).size + 1;
  });
}

describe('the plan of flan-t5-small', () => {
  const plans = [
    planStep(layout, bucket, false),
    planStep(layout, bucket, true),
    planEvaluation(layout, bucket),
    planGeneration(layout, generationBucket, true),
    planGeneration(layout, generationBucket, false),
  ];

  test('binds at most 8 buffers per operation, none above 128 MiB', () => {
    for (const plan of plans) {
      expect(Math.max(...bindings(plan))).toBeLessThanOrEqual(8);
      for (const { length } of plan.slots) expect(4 * length).toBeLessThanOrEqual(bindingBytes);
    }
  });

  test('takes few operations and little memory', () => {
    const [, withDropout] = plans;
    const count = [...withDropout!.programs.values()].flat().length;
    expect(count).toBeLessThanOrEqual(399);
    const slotBytes = withDropout!.slots.reduce((sum, { length }) => sum + 4 * length, 0);
    expect(16 * layout.length + slotBytes).toBeLessThan(1.7e9);
    expect(layout.length).toBeLessThan(countParameters(small) + 20_000);
  });

  test('counts the matrix products that it makes', () => {
    const [plan] = plans;
    const pass = plan!.programs.get('pass')!;
    const products = flopsOfAll(
      pass.filter(({ kind }) => kind === 'matmul'),
      plan!.capacities,
    );
    // Forward once, backward twice: 2 FLOP per weight and row that meets it.
    const encoder = 8 * (4 * 512 * 384 + 3 * 512 * 1024);
    const decoder = 8 * (6 * 512 * 384 + 3 * 512 * 1024);
    const crossKeys = 8 * 2 * 512 * 384;
    const expected = 6 * (1024 * (encoder + crossKeys) + 512 * (decoder + 512 * 32128));
    expect(products).toBe(expected);
  });

  test('can be read', () => {
    const text = formatStepPlan(small, { batch: 8, inputTokens: 64, targetTokens: 32 });
    expect(text).toContain('pass:');
    expect(text).toContain('matmul nt + gated');
    expect(text).toContain('[1024,2048]');
    expect(text).toMatch(/386 operations, 2\d\d\.\d\d GFLOP/);
    expect(text).toMatch(/76,961,152 parameters; .* 4 slabs of 308 MB in 3 parts$/);
  });
});
