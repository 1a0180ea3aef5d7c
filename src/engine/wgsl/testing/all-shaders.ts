/** Every WGSL module that the engine can generate: all plans of students of all kinds, with all variants. */
import type { Lora } from '../../../student/lora/lora.ts';
import { planGeneration } from '../../plan/generation.ts';
import type { Operation } from '../../plan/operations.ts';
import { SlabLayout } from '../../plan/slab-layout.ts';
import { parseTiny } from '../../plan/testing/tiny-engine.ts';
import { planEvaluation, planStep } from '../../plan/training.ts';
import type { Dispatch } from '../dispatch.ts';
import { dispatchesOf } from '../dispatches.ts';
import { canDo, matmulVariants } from '../matmul.ts';
import { assemble } from '../shader.ts';

const bucket = {
  encoderRows: 64,
  decoderRows: 64,
  sequences: 8,
  maxEncoderLength: 32,
  maxDecoderLength: 32,
  generationRows: 0,
};

/** Whole fours and odd sizes; gate and ReLU; tied and not; small heads, wide heads, large vocabularies. */
const students = [
  { d_model: 32, d_kv: 8, num_heads: 4, d_ff: 64, vocab_size: 96 },
  { d_model: 30, d_kv: 7, num_heads: 3, d_ff: 45, vocab_size: 97, feed_forward_proj: 'relu' },
  { d_model: 33, d_kv: 5, num_heads: 2, d_ff: 47, vocab_size: 99, tie_word_embeddings: true },
  { d_model: 512, d_kv: 64, num_heads: 6, d_ff: 1024, vocab_size: 4096 },
  { d_model: 32, d_kv: 40, num_heads: 4, d_ff: 64, vocab_size: 96, feed_forward_proj: 'gated-silu' },
  { d_model: 31, d_kv: 5, num_heads: 2, d_ff: 47, vocab_size: 99, feed_forward_proj: 'gated-silu' },
  { d_model: 256, d_kv: 128, num_heads: 2, d_ff: 512, vocab_size: 512, feed_forward_proj: 'relu' },
];

const halfLora: Lora = { rank: 4, alpha: 8, dropout: 0.1, targets: 'all-linear', baseDtype: 'float16' };

/** Code of all modules, each once, by a label that says what it is. */
export function allShaders(): Map<string, string> {
  const found = new Map<string, string>();
  for (const overrides of students) {
    const layout = new SlabLayout(parseTiny(overrides));
    const factored = new SlabLayout(layout.config, new Set(), null, 'adafactor');
    const half = new SlabLayout(layout.config, new Set(), halfLora);
    const plans = [
      planStep(half, bucket, true),
      planStep(factored, bucket, true),
      planStep(layout, bucket, true),
      planStep(layout, bucket, false),
      planEvaluation(layout, bucket),
      planGeneration(layout, { ...bucket, generationRows: 8 }, true),
      planGeneration(layout, { ...bucket, generationRows: 8 }, false),
    ];
    for (const { programs, capacities } of plans) {
      for (const operation of [...programs.values()].flat()) {
        for (const dispatch of dispatchesWithAllVariants(operation, capacities)) {
          found.set(codeOf(dispatch), dispatch.label);
        }
      }
    }
  }
  return new Map([...found].map(([code, label], index) => [`${index} ${label}`, code]));
}

function dispatchesWithAllVariants(
  operation: Operation,
  capacities: Parameters<typeof dispatchesOf>[1],
): Dispatch[] {
  const variants =
    operation.kind === 'matmul'
      ? matmulVariants.filter((variant) => canDo(variant, operation))
      : [matmulVariants[0]!];
  return variants.flatMap((variant) =>
    (['workgroup', 'quad'] as const).flatMap((sharing) =>
      dispatchesOf(operation, capacities, { product: () => variant, sharing }),
    ),
  );
}

function codeOf(dispatch: Dispatch): string {
  return assemble(dispatch, ({ place }) =>
    place.kind === 'slab' ? `${place.slab} ${place.part}` : `slot ${place.slot}`,
  ).code;
}
