/** The student's stacks as operations: what training, evaluation and generation have in common. */
import { addAdapters, addResidualAdapter } from './adapters.ts';
import { dropoutSite, type DropoutPlace, type Stack } from '../dropout.ts';
import type { PlanBuilder } from './builder.ts';
import type { AttentionShape, Dropout, Gate, Matmul } from './operations.ts';
import type { Columns, CountName, Extent, Table, Tensor } from './plan.ts';
import type { T5Config } from '../../student/config.ts';
import { hasBias, isGated, logitScale } from '../../student/parameters.ts';
import { firstNames, normRow } from './slab-layout.ts';

/** Names of counts and tables of a stack, and how its weights are called. */
export interface StackRows {
  stack: Stack;
  rows: CountName;
  ids: Table;
}

/** What the backward pass needs of one norm. */
export interface SavedNorm {
  row: number;
  x: Tensor;
  y: Tensor;
  inverse: Tensor;
}

export interface SavedAttention {
  norm: SavedNorm;
  probabilities: Tensor;
  context: Tensor;
  /** Self-attention: one tensor of q, k and v. Cross-attention: q, and columns of all layers' keys and values. */
  q: Columns;
  k: Columns;
  v: Columns;
  shape: AttentionShape;
}

export interface SavedFeedForward {
  norm: SavedNorm;
  /** What the gate sees, [rows, 2F], and which it is; null for ReLU. */
  gated: { gate: Gate; hidden: Tensor } | null;
  /** [rows, F] */
  activation: Tensor;
}

export interface SavedLayer {
  self: SavedAttention;
  cross: SavedAttention | null;
  feedForward: SavedFeedForward;
}

export interface SavedStack {
  layers: readonly SavedLayer[];
  final: SavedNorm;
}

/** All layers' cross-attention keys and values: groups of [encoderRows, layers · 2I]. */
export type CrossKeys = readonly Tensor[];

/** The dropout of a place, or null in plans without dropout. */
export function dropoutAt(on: boolean, stack: Stack, layer: number, place: DropoutPlace): Dropout | null {
  return on ? { site: dropoutSite(stack, layer, place), stack } : null;
}

/** A matrix product; what is not given has its plain meaning. */
export function matmul(
  form: Matmul['form'],
  [m, n, k]: readonly [Extent, Extent, Extent],
  operands: { a: Tensor; b: Tensor; c: Tensor },
  more: Partial<Pick<Matmul, 'scale' | 'accumulate' | 'epilogue'>> = {},
): Matmul {
  return {
    kind: 'matmul',
    form,
    m,
    n,
    k,
    ...operands,
    scale: 1,
    accumulate: 'never',
    epilogue: { kind: 'none' },
    ...more,
  };
}

/** Width of all heads together. */
export function innerSize(builder: PlanBuilder): number {
  return builder.config.num_heads * builder.config.d_kv;
}

/** Path of a layer's weights: `encoder.block.0.layer.1.DenseReluDense`. */
export function layerPath(stack: Stack, layer: number, sublayer: 'self' | 'cross' | 'feedForward'): string {
  const [index, name] = {
    self: [0, 'SelfAttention'] as const,
    cross: [1, 'EncDecAttention'] as const,
    feedForward: [stack === 'decoder' ? 2 : 1, 'DenseReluDense'] as const,
  }[sublayer];
  return `${stack}.block.${layer}.layer.${index}.${name}`;
}

export function firstFeedForwardName(builder: PlanBuilder, stack: Stack, layer: number): string {
  const path = layerPath(stack, layer, 'feedForward');
  return isGated(builder.config) ? `${path}.wi_0.weight` : `${path}.wi.weight`;
}

/** The table of relative positions that a layer adds: its own, or its stack's first layer's. */
export function biasWeight(builder: PlanBuilder, stack: Stack, layer: number): Tensor {
  const owner = hasBias(builder.config, layer) ? layer : 0;
  return builder.layout.tensor('parameters', firstNames.bias(stack, owner));
}

export function addEmbed(builder: PlanBuilder, { stack, rows, ids }: StackRows, dropout: boolean): Tensor {
  const output = builder.rows(rows, builder.config.d_model);
  builder.add({
    kind: 'embed',
    rows,
    ids,
    weight: builder.layout.tensor('parameters', 'shared.weight'),
    output,
    dropout: dropoutAt(dropout, stack, 0, 'embedding'),
  });
  return output;
}

export function addNorm(
  builder: PlanBuilder,
  { stack, rows }: StackRows,
  x: Tensor,
  at: { layer: number | 'final'; sublayer?: number },
  options: { dropout?: boolean; persistent?: boolean } = {},
): SavedNorm {
  const row = normRow(builder.config, stack, at.layer, at.sublayer);
  const y = builder.rows(rows, builder.config.d_model, options.persistent);
  const inverse = builder.tensor([builder.capacities[rows]]);
  builder.add({
    kind: 'rmsNorm',
    rows,
    x,
    weight: builder.layout.norm(row),
    y,
    inverse,
    epsilon: builder.config.layer_norm_epsilon,
    dropout: dropoutAt(options.dropout === true, stack, 0, 'final'),
  });
  return { row, x, y, inverse };
}

/** input · weightᵀ, with what the block's adapters add. */
export function addProduct(
  builder: PlanBuilder,
  rows: CountName,
  firstName: string,
  input: Tensor,
  persistent = false,
): Tensor {
  const b = builder.layout.tensor('parameters', firstName);
  const [outputs, inputs] = b.shape as [number, number];
  const c = builder.rows(rows, outputs, persistent);
  builder.add(matmul('nt', [rows, outputs, inputs], { a: input, b, c }));
  addAdapters(builder, rows, firstName, { input, output: c }, 'always');
  return c;
}

/** x + drop(input · weightᵀ). */
export function addResidual(
  builder: PlanBuilder,
  { rows }: StackRows,
  operands: { input: Tensor; weight: string; residual: Tensor; dropout: Dropout | null },
): Tensor {
  const { d_model } = builder.config;
  const { input, weight, dropout } = operands;
  let { residual } = operands;
  const adapter = addResidualAdapter(builder, rows, weight, input);
  if (adapter !== null) {
    // Dropout is linear: the adapter's share goes first, under the same mask.
    const c = builder.rows(rows, d_model);
    const { u, b } = adapter;
    builder.add(
      matmul(
        'nt',
        [rows, d_model, u.shape[1]!],
        { a: u, b, c },
        { epilogue: { kind: 'residual', residual, dropout } },
      ),
    );
    residual = c;
  }
  const c = builder.rows(rows, d_model);
  const b = builder.layout.tensor('parameters', weight);
  builder.add(
    matmul(
      'nt',
      [rows, d_model, input.shape[1]!],
      { a: input, b, c },
      { epilogue: { kind: 'residual', residual, dropout } },
    ),
  );
  return c;
}

const gates = { relu: null, 'gated-gelu': 'gelu', 'gated-silu': 'silu' } as const satisfies Record<
  T5Config['feed_forward_proj'],
  Gate | null
>;

/** The whole sublayer: norm, first matrix, activation, second matrix onto the residual stream. */
export function addFeedForward(
  builder: PlanBuilder,
  stackRows: StackRows,
  x: Tensor,
  layer: number,
  dropout: boolean,
): { output: Tensor; saved: SavedFeedForward } {
  const { stack, rows } = stackRows;
  const { d_model, d_ff, feed_forward_proj } = builder.config;
  const norm = addNorm(builder, stackRows, x, { layer, sublayer: stack === 'decoder' ? 2 : 1 });
  const activation = builder.rows(rows, d_ff);
  const inner = dropoutAt(dropout, stack, layer, 'feedForwardInner');
  const gate = gates[feed_forward_proj];
  const gated = gate === null ? null : { gate, hidden: builder.rows(rows, 2 * d_ff) };
  const firstName = firstFeedForwardName(builder, stack, layer);
  const b = builder.layout.tensor('parameters', firstName);
  const operands = { input: norm.y, output: gated?.hidden ?? activation };
  const accumulate = addAdapters(builder, rows, firstName, operands, 'never') ? 'always' : 'never';
  const epilogue: Matmul['epilogue'] =
    gated === null ? { kind: 'relu', dropout: inner } : { kind: 'gated', ...gated, dropout: inner };
  builder.add(
    matmul('nt', [rows, b.shape[0]!, d_model], { a: norm.y, b, c: activation }, { epilogue, accumulate }),
  );
  const output = addResidual(builder, stackRows, {
    input: activation,
    weight: `${layerPath(stack, layer, 'feedForward')}.wo.weight`,
    residual: x,
    dropout: dropoutAt(dropout, stack, layer, 'feedForwardOutput'),
  });
  return { output, saved: { norm, gated, activation } };
}

function addSelfAttention(
  builder: PlanBuilder,
  stackRows: StackRows,
  x: Tensor,
  layer: number,
  dropout: boolean,
): { output: Tensor; saved: SavedAttention } {
  const { stack, rows } = stackRows;
  const { tables } = builder;
  const inner = innerSize(builder);
  const norm = addNorm(builder, stackRows, x, { layer, sublayer: 0 });
  const path = layerPath(stack, layer, 'self');
  const qkv = addProduct(builder, rows, `${path}.q.weight`, norm.y);
  const shape = attentionShape(builder, stack, stack);
  const length = stack === 'encoder' ? builder.bucket.maxEncoderLength : builder.bucket.maxDecoderLength;
  const saved: SavedAttention = {
    norm,
    probabilities: builder.tensor([shape.heads, builder.capacities[rows], length]),
    context: builder.rows(rows, inner),
    q: { of: qkv, from: 0 },
    k: { of: qkv, from: inner },
    v: { of: qkv, from: 2 * inner },
    shape,
  };
  const { q, k, v, probabilities, context } = saved;
  const bias = {
    buckets: stack === 'encoder' ? tables.encoderBuckets : tables.decoderBuckets,
    weight: biasWeight(builder, stack, layer),
  };
  builder.add({
    kind: 'attention',
    ...shape,
    q,
    k,
    v,
    bias,
    probabilities,
    context,
    dropout: dropoutAt(dropout, stack, layer, 'selfProbabilities'),
  });
  const output = addResidual(builder, stackRows, {
    input: context,
    weight: `${path}.o.weight`,
    residual: x,
    dropout: dropoutAt(dropout, stack, layer, 'selfOutput'),
  });
  return { output, saved };
}

function addCrossAttention(
  builder: PlanBuilder,
  stackRows: StackRows,
  operands: { x: Tensor; keys: CrossKeys },
  layer: number,
  dropout: boolean,
): { output: Tensor; saved: SavedAttention } {
  const { x, keys } = operands;
  const inner = innerSize(builder);
  const { rows } = stackRows;
  const norm = addNorm(builder, stackRows, x, { layer, sublayer: 1 });
  const q = addCrossQuery(builder, rows, norm.y, layer);
  const shape = attentionShape(builder, 'decoder', 'encoder');
  const saved: SavedAttention = {
    norm,
    probabilities: builder.tensor([shape.heads, builder.capacities[rows], builder.bucket.maxEncoderLength]),
    context: builder.rows(rows, inner),
    q: { of: q, from: 0 },
    ...crossColumns(builder, keys, layer),
    shape,
  };
  const { k, v, probabilities, context } = saved;
  builder.add({
    kind: 'attention',
    ...shape,
    q: saved.q,
    k,
    v,
    bias: null,
    probabilities,
    context,
    dropout: dropoutAt(dropout, 'decoder', layer, 'crossProbabilities'),
  });
  const output = addResidual(builder, stackRows, {
    input: context,
    weight: `${layerPath('decoder', layer, 'cross')}.o.weight`,
    residual: x,
    dropout: dropoutAt(dropout, 'decoder', layer, 'crossOutput'),
  });
  return { output, saved };
}

export function addCrossQuery(builder: PlanBuilder, rows: CountName, input: Tensor, layer: number): Tensor {
  return addProduct(builder, rows, `${layerPath('decoder', layer, 'cross')}.q.weight`, input);
}

/** Where a layer's keys and values are in the groups. */
export function crossColumns(
  builder: PlanBuilder,
  keys: CrossKeys,
  layer: number,
): { k: Columns; v: Columns } {
  const inner = innerSize(builder);
  const perGroup = builder.layout.crossGroupLayers;
  const of = keys[Math.floor(layer / perGroup)]!;
  const from = (layer % perGroup) * 2 * inner;
  return { k: { of, from }, v: { of, from: from + inner } };
}

/** Keys and values of every cross-attention, one product per group. */
export function addCrossKeys(builder: PlanBuilder, encoderOutput: Tensor, persistent = false): CrossKeys {
  const { num_decoder_layers } = builder.config;
  const keys: Tensor[] = [];
  for (let layer = 0; layer < num_decoder_layers; layer += builder.layout.crossGroupLayers) {
    keys.push(addProduct(builder, 'encoderRows', firstNames.crossKeys(layer), encoderOutput, persistent));
  }
  return keys;
}

/** Embedding, blocks and final norm of a stack over whole sequences. */
export function addStack(
  builder: PlanBuilder,
  stack: Stack,
  options: { keys: CrossKeys | null; dropout: boolean; persistentOutput?: boolean },
): { output: Tensor; saved: SavedStack } {
  const { tables, config } = builder;
  const { keys, dropout } = options;
  const stackRows: StackRows =
    stack === 'encoder'
      ? { stack, rows: 'encoderRows', ids: tables.encoderIds }
      : { stack, rows: 'decoderRows', ids: tables.decoderIds };
  let x = addEmbed(builder, stackRows, dropout);
  const layers: SavedLayer[] = [];
  const count = stack === 'encoder' ? config.num_layers : config.num_decoder_layers;
  for (let layer = 0; layer < count; layer += 1) {
    const self = addSelfAttention(builder, stackRows, x, layer, dropout);
    const cross =
      keys === null ? null : addCrossAttention(builder, stackRows, { x: self.output, keys }, layer, dropout);
    const feedForward = addFeedForward(builder, stackRows, cross?.output ?? self.output, layer, dropout);
    layers.push({ self: self.saved, cross: cross?.saved ?? null, feedForward: feedForward.saved });
    x = feedForward.output;
  }
  const persistent = options.persistentOutput ?? false;
  const final = addNorm(builder, stackRows, x, { layer: 'final' }, { dropout, persistent });
  return { output: final.y, saved: { layers, final } };
}

/** Logits of rows of the decoder's output, scaled where the student's are (`logitScale`). */
export function addLogits(builder: PlanBuilder, rows: CountName, input: Tensor, persistent = false): Tensor {
  const { config } = builder;
  const logits = builder.rows(rows, config.vocab_size, persistent);
  const b = builder.layout.tensor('parameters', firstNames.logits(config));
  builder.add(
    matmul(
      'nt',
      [rows, config.vocab_size, config.d_model],
      { a: input, b, c: logits },
      { scale: logitScale(config) },
    ),
  );
  return logits;
}

function attentionShape(builder: PlanBuilder, queries: Stack, keys: Stack): AttentionShape {
  const { tables, config } = builder;
  const inDecoder = queries === 'decoder';
  return {
    heads: config.num_heads,
    headSize: config.d_kv,
    causal: inDecoder && keys === 'decoder',
    sequences: inDecoder ? 'decoderSequences' : 'encoderSequences',
    rows: inDecoder ? 'decoderRows' : 'encoderRows',
    tileCount: inDecoder ? 'decoderTiles' : 'encoderTiles',
    querySequences: inDecoder ? tables.decoderSequences : tables.encoderSequences,
    keySequences: keys === 'decoder' ? tables.decoderSequences : tables.encoderSequences,
    tiles: inDecoder ? tables.decoderTiles : tables.encoderTiles,
  };
}
