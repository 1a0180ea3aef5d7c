/** The plan of generation: the encoder once, then a decoder step per token over a cache of keys and values. */
import { PlanBuilder, type Bucket } from './builder.ts';
import type { Plan, Tensor } from './plan.ts';
import type { SlabLayout } from './slab-layout.ts';
import {
  addCrossKeys,
  addCrossQuery,
  addEmbed,
  addFeedForward,
  addLogits,
  addNorm,
  addProduct,
  addResidual,
  addStack,
  biasWeight,
  crossColumns,
  innerSize,
  layerPath,
  type CrossKeys,
  type StackRows,
} from './stack.ts';

/**
 * Programs `encode` and `decode`. `greedy` plans choose each token themselves; others keep the logits for the host.
 * @param adapts False leaves the layout's adapters out: the base generates.
 */
export function planGeneration(layout: SlabLayout, bucket: Bucket, greedy: boolean, adapts = true): Plan {
  const builder = new PlanBuilder(layout, bucket, adapts ? 'used' : 'left out');
  const { config, tables } = builder;
  const inner = innerSize(builder);
  const caches: Tensor[] = [];
  for (let layer = 0; layer < config.num_decoder_layers; layer += 1) {
    caches.push(builder.tensor([bucket.generationRows * bucket.maxDecoderLength, 2 * inner], true));
  }

  builder.program('encode');
  const encoder = addStack(builder, 'encoder', { keys: null, dropout: false });
  const keys = addCrossKeys(builder, encoder.output, true);

  builder.program('decode');
  const rows: StackRows = { stack: 'decoder', rows: 'generationRows', ids: tables.decoderIds };
  let x = addEmbed(builder, rows, false);
  for (let layer = 0; layer < config.num_decoder_layers; layer += 1) {
    x = addCachedSelf(builder, rows, x, layer, caches[layer]!);
    x = addCachedCross(builder, rows, x, layer, keys);
    x = addFeedForward(builder, rows, x, layer, false).output;
  }
  const output = addNorm(builder, rows, x, { layer: 'final' }).y;
  const logits = addLogits(builder, 'generationRows', output, !greedy);
  if (!greedy) return builder.finish({ logits });
  const { finished, generated } = tables;
  builder.add({
    kind: 'argMax',
    rows: 'generationRows',
    logits,
    ids: tables.decoderIds,
    finished,
    generated,
    endId: config.eos_token_id,
    padId: config.pad_token_id,
  });
  return builder.finish({});
}

function addCachedSelf(
  builder: PlanBuilder,
  rows: StackRows,
  x: Tensor,
  layer: number,
  cache: Tensor,
): Tensor {
  const { config, tables } = builder;
  const inner = innerSize(builder);
  const path = layerPath('decoder', layer, 'self');
  const { y } = addNorm(builder, rows, x, { layer, sublayer: 0 });
  const qkv = addProduct(builder, rows.rows, `${path}.q.weight`, y);
  const context = builder.rows(rows.rows, inner);
  builder.add({
    kind: 'decodeSelfAttention',
    rows: rows.rows,
    heads: config.num_heads,
    headSize: config.d_kv,
    qkv,
    cache,
    ancestry: tables.ancestry,
    context,
    bias: { buckets: tables.decoderBuckets, weight: biasWeight(builder, 'decoder', layer) },
  });
  return addResidual(builder, rows, {
    input: context,
    weight: `${path}.o.weight`,
    residual: x,
    dropout: null,
  });
}

function addCachedCross(
  builder: PlanBuilder,
  rows: StackRows,
  x: Tensor,
  layer: number,
  keys: CrossKeys,
): Tensor {
  const { config, tables } = builder;
  const { y } = addNorm(builder, rows, x, { layer, sublayer: 1 });
  const q = addCrossQuery(builder, rows.rows, y, layer);
  const context = builder.rows(rows.rows, innerSize(builder));
  builder.add({
    kind: 'decodeCrossAttention',
    rows: rows.rows,
    heads: config.num_heads,
    headSize: config.d_kv,
    q,
    ...crossColumns(builder, keys, layer),
    context,
    rowSequences: tables.rowSequences,
    sequences: tables.encoderSequences,
  });
  const weight = `${layerPath('decoder', layer, 'cross')}.o.weight`;
  return addResidual(builder, rows, { input: context, weight, residual: x, dropout: null });
}
