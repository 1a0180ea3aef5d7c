/**
 * The adjoints of a stack, last layer first. The residual stream's gradient is one tensor, updated in place. Frozen
 * weights get no gradient; what lies before them may need one, so that the stream continues through them.
 */
import { addAdapterGradients, addAdapterInputGradient } from './adapters.ts';
import type { PlanBuilder } from './builder.ts';
import type { Dropout, Matmul } from './operations.ts';
import { hasBias } from '../../student/parameters.ts';
import type { Columns, CountName, Extent, Tensor } from './plan.ts';
import { firstNames, normCount } from './slab-layout.ts';
import {
  crossColumns,
  dropoutAt,
  firstFeedForwardName,
  innerSize,
  layerPath,
  matmul,
  type CrossKeys,
  type SavedAttention,
  type SavedFeedForward,
  type SavedNorm,
  type SavedStack,
} from './stack.ts';
import type { Stack } from '../dropout.ts';

/** Runs of rows in which a norm's weight gradient is summed: as many workgroups, whatever the device. */
const normPartials = 64;

/** Writes the adjoints of both stacks into one plan. */
export class BackwardBuilder {
  /** [norms, 64, D]: the weight gradients of all norms before their last sum. */
  readonly #normPartials: Tensor;

  constructor(
    readonly builder: PlanBuilder,
    readonly dropout: boolean,
  ) {
    this.#normPartials = builder.tensor([normCount(builder.config), normPartials, builder.config.d_model]);
  }

  /**
   * @param dOutput Gradient of the stack's output.
   * @param cross Cross-attention's keys and values, and where their gradients go; null in the encoder.
   * @returns The gradient of the embeddings (their dropout undone), where it is asked for by anything that is trained.
   */
  addStack(
    stack: Stack,
    saved: SavedStack,
    dOutput: Tensor,
    cross: { keys: CrossKeys; dKeys: CrossKeys } | null,
  ): Tensor {
    const { builder } = this;
    const { config } = builder;
    const rows: CountName = stack === 'encoder' ? 'encoderRows' : 'decoderRows';
    const stream = new ResidualGradient(this, rows);
    const site = (layer: number, place: Parameters<typeof dropoutAt>[3]) =>
      dropoutAt(this.dropout, stack, layer, place);
    const last = saved.layers.length - 1;
    let biasPartials: Tensor | null = null;
    stream.through(saved.final, dOutput, site(0, 'final'), site(last, 'feedForwardOutput'));
    for (let layer = last; layer >= 0; layer -= 1) {
      const { self, cross: crossSaved, feedForward } = saved.layers[layer]!;
      const dFeedForward = this.#feedForward(stack, layer, rows, feedForward, stream.dropped);
      const above = crossSaved === null ? 'selfOutput' : 'crossOutput';
      stream.through(feedForward.norm, dFeedForward, null, site(layer, above));
      if (crossSaved !== null && cross !== null) {
        const dx = this.#cross(layer, crossSaved, cross.dKeys, stream.dropped);
        stream.through(crossSaved.norm, dx, null, site(layer, 'selfOutput'));
      }
      // Layers that share a table add to the same partials, from the last of them to the first, which owns it.
      const first = biasPartials === null;
      biasPartials ??= this.#biasPartials(stack);
      const dx = this.#self(stack, layer, rows, self, stream.dropped, { biasPartials, first });
      if (dx === null) break;
      if (biasPartials !== null && hasBias(config, layer)) {
        this.#addBiasGradient(stack, layer, biasPartials);
        biasPartials = null;
      }
      const below = layer === 0 ? site(0, 'embedding') : site(layer - 1, 'feedForwardOutput');
      stream.through(self.norm, dx, null, below);
    }
    return stream.dropped;
  }

  /** Whether anything is trained that lies before the first layer of a stack, or is its norm. */
  #needsInput(stack: Stack): boolean {
    const { layout } = this.builder;
    const norms = stack === 'encoder' ? firstNames.norms : firstNames.decoderNorms;
    return layout.isTrained('shared.weight') || layout.isTrained(norms);
  }

  /** Of one table of relative positions; null where the stack is frozen. */
  #biasPartials(stack: Stack): Tensor | null {
    const { layout, bucket, capacities, config } = this.builder;
    if (!layout.isTrained(firstNames.bias(stack, 0))) return null;
    const inEncoder = stack === 'encoder';
    const length = inEncoder ? bucket.maxEncoderLength : bucket.maxDecoderLength;
    const tiles = capacities[inEncoder ? 'encoderTiles' : 'decoderTiles'];
    return this.builder.tensor([tiles, config.num_heads, 2 * length - 1]);
  }

  #addBiasGradient(stack: Stack, layer: number, partials: Tensor): void {
    const { layout, tables } = this.builder;
    const inEncoder = stack === 'encoder';
    this.builder.add({
      kind: 'biasGradient',
      tileCount: inEncoder ? 'encoderTiles' : 'decoderTiles',
      causal: !inEncoder,
      buckets: inEncoder ? tables.encoderBuckets : tables.decoderBuckets,
      partials,
      output: layout.tensor('gradients', firstNames.bias(stack, layer)),
      accumulate: 'laterPasses',
    });
  }

  /** The last sum of all norms' weight gradients. */
  addNormGradients(): void {
    const { builder } = this;
    const { d_model } = builder.config;
    for (const { firstName, firstRow, rows } of builder.layout.normBlocks) {
      if (!builder.layout.isTrained(firstName)) continue;
      builder.add({
        kind: 'sumPartials',
        partials: {
          place: this.#normPartials.place,
          offset: firstRow * normPartials * d_model,
          shape: [rows, normPartials, d_model],
        },
        output: builder.layout.tensor('gradients', firstName),
        accumulate: 'laterPasses',
      });
    }
  }

  addNorm(
    rows: CountName,
    { row, x, inverse }: SavedNorm,
    gradients: { dy: Tensor; dx: Tensor; first: boolean; next: { output: Tensor; dropout: Dropout } | null },
    dropout: Dropout | null,
  ): void {
    const { builder } = this;
    const { dy, dx, first, next } = gradients;
    const columns = builder.config.d_model;
    builder.add({
      kind: 'rmsNormBackward',
      rows,
      dy,
      x,
      inverse,
      dx,
      next,
      dropout,
      weight: builder.layout.norm(row),
      accumulate: first ? 'never' : 'always',
      partials: {
        place: this.#normPartials.place,
        offset: row * normPartials * columns,
        shape: [normPartials, columns],
      },
    });
  }

  /** Gradients of the weight, unless it is frozen, (+)= dyᵀ · input, and of its adapters; returns dy · weight. */
  addLinear(
    rows: CountName,
    firstName: string,
    operands: { dy: Tensor; input: Tensor; dx?: Tensor },
    more: Partial<Pick<Matmul, 'scale' | 'accumulate' | 'epilogue'>> = {},
  ): Tensor {
    const { dy, input } = operands;
    this.addWeightGradient(rows, firstName, { dy, input }, more.scale ?? 1);
    const { dx, du } = this.#inputGradient(rows, firstName, operands, more);
    if (du !== null) addAdapterGradients(this.builder, rows, firstName, { dy, input, du });
    return dx;
  }

  addWeightGradient(
    rows: CountName,
    firstName: string,
    { dy, input }: { dy: Tensor; input: Tensor },
    scale = 1,
  ): void {
    if (!this.builder.layout.isTrained(firstName)) return;
    const c = this.builder.layout.tensor('gradients', firstName);
    const [out, columns] = c.shape as [number, number];
    const extents: readonly [Extent, Extent, Extent] = [out, columns, rows];
    this.builder.add(matmul('tn', extents, { a: dy, b: input, c }, { scale, accumulate: 'laterPasses' }));
  }

  #inputGradient(
    rows: CountName,
    firstName: string,
    { dy, dx }: { dy: Tensor; dx?: Tensor },
    more: Partial<Pick<Matmul, 'scale' | 'accumulate' | 'epilogue'>> = {},
  ): { dx: Tensor; du: Tensor | null } {
    const { builder } = this;
    const b = builder.layout.tensor('parameters', firstName);
    const [out, columns] = b.shape as [number, number];
    const c = dx ?? builder.rows(rows, columns);
    const whole = (accumulate: Matmul['accumulate']) =>
      builder.add(matmul('nn', [rows, columns, out], { a: dy, b, c }, { ...more, accumulate }));
    const adapters = (target: Tensor, accumulate: 'always' | 'never') =>
      addAdapterInputGradient(builder, rows, firstName, { dy, dx: target }, accumulate);
    const { epilogue = { kind: 'none' }, accumulate = 'never' } = more;
    if (epilogue.kind === 'reluBackward' || epilogue.kind === 'gatedBackward') {
      // What comes before the epilogue waits where the product is added to it.
      const du = adapters(epilogue.kind === 'reluBackward' ? c : epilogue.activation, 'never');
      whole(du === null ? 'never' : 'always');
      return { dx: c, du };
    }
    whole(accumulate);
    return { dx: c, du: adapters(c, 'always') };
  }

  #feedForward(stack: Stack, layer: number, rows: CountName, saved: SavedFeedForward, dy: Tensor): Tensor {
    const { gated, norm } = saved;
    const dropout = dropoutAt(this.dropout, stack, layer, 'feedForwardInner');
    const second = `${layerPath(stack, layer, 'feedForward')}.wo.weight`;
    const first = firstFeedForwardName(this.builder, stack, layer);
    if (gated === null) {
      const { activation } = saved;
      const epilogue: Matmul['epilogue'] = { kind: 'reluBackward', activation, dropout };
      const dHidden = this.addLinear(rows, second, { dy, input: activation }, { epilogue });
      return this.addLinear(rows, first, { dy: dHidden, input: norm.y });
    }
    // The forward's activation is not kept: its adjoint writes it once more on the way.
    const activation = this.builder.rows(rows, this.builder.config.d_ff);
    const { gate, hidden } = gated;
    const epilogue: Matmul['epilogue'] = { kind: 'gatedBackward', gate, activation, dropout };
    const { du } = this.#inputGradient(rows, second, { dy, dx: hidden }, { epilogue });
    this.addWeightGradient(rows, second, { dy, input: activation });
    if (du !== null) addAdapterGradients(this.builder, rows, second, { dy, input: activation, du });
    return this.addLinear(rows, first, { dy: hidden, input: norm.y });
  }

  #self(
    stack: Stack,
    layer: number,
    rows: CountName,
    saved: SavedAttention,
    dy: Tensor,
    bias: { biasPartials: Tensor | null; first: boolean },
  ): Tensor | null {
    const inner = innerSize(this.builder);
    const dqkv = this.builder.rows(rows, 3 * inner);
    const path = layerPath(stack, layer, 'self');
    const dContext = this.addLinear(rows, `${path}.o.weight`, { dy, input: saved.context });
    this.#attention(saved, dContext, {
      dq: { of: dqkv, from: 0 },
      dk: { of: dqkv, from: inner },
      dv: { of: dqkv, from: 2 * inner },
      dropout: dropoutAt(this.dropout, stack, layer, 'selfProbabilities'),
      ...bias,
    });
    const operands = { dy: dqkv, input: saved.norm.y };
    if (layer > 0 || this.#needsInput(stack)) return this.addLinear(rows, `${path}.q.weight`, operands);
    this.#addLastGradients(rows, `${path}.q.weight`, operands);
    return null;
  }

  /** Gradients of a product before which nothing is trained. */
  #addLastGradients(rows: CountName, firstName: string, operands: { dy: Tensor; input: Tensor }): void {
    const { dy } = operands;
    this.addWeightGradient(rows, firstName, operands);
    const du = addAdapterInputGradient(this.builder, rows, firstName, { dy, dx: null }, 'never');
    if (du !== null) addAdapterGradients(this.builder, rows, firstName, { ...operands, du });
  }

  #cross(layer: number, saved: SavedAttention, dKeys: CrossKeys, dy: Tensor): Tensor {
    const { builder } = this;
    const dq = builder.rows('decoderRows', innerSize(builder));
    const path = layerPath('decoder', layer, 'cross');
    const dContext = this.addLinear('decoderRows', `${path}.o.weight`, { dy, input: saved.context });
    const { k, v } = crossColumns(builder, dKeys, layer);
    this.#attention(saved, dContext, {
      dq: { of: dq, from: 0 },
      dk: k,
      dv: v,
      dropout: dropoutAt(this.dropout, 'decoder', layer, 'crossProbabilities'),
      biasPartials: null,
      first: true,
    });
    return this.addLinear('decoderRows', `${path}.q.weight`, { dy: dq, input: saved.norm.y });
  }

  #attention(
    saved: SavedAttention,
    dContext: Tensor,
    rest: {
      dq: Columns;
      dk: Columns;
      dv: Columns;
      dropout: Dropout | null;
      biasPartials: Tensor | null;
      first: boolean;
    },
  ): void {
    const { q, k, v, probabilities, context, shape } = saved;
    const { dq, dk, dv, dropout, biasPartials, first } = rest;
    this.builder.add({
      kind: 'attentionBackward',
      ...shape,
      q,
      k,
      v,
      probabilities,
      context,
      dContext,
      dq,
      dk,
      dv,
      biasPartials,
      accumulate: first ? 'never' : 'always',
      dropout,
    });
  }
}

/** The gradient of the residual stream, and its copy as the sublayer below gets it. */
class ResidualGradient {
  readonly #backward: BackwardBuilder;
  readonly #rows: CountName;
  readonly #dx: Tensor;
  #first = true;
  /** After the dropout of the sublayer below: the stream itself in plans without dropout. */
  dropped: Tensor;

  constructor(backward: BackwardBuilder, rows: CountName) {
    this.#backward = backward;
    this.#rows = rows;
    this.#dx = backward.builder.rows(rows, backward.builder.config.d_model);
    this.dropped = this.#dx;
  }

  /** Adds a norm's gradient to the stream; `below` is the dropout of what was added to the stream before it. */
  through(norm: SavedNorm, dy: Tensor, dropout: Dropout | null, below: Dropout | null): void {
    const { builder } = this.#backward;
    const next =
      below === null ? null : { output: builder.rows(this.#rows, builder.config.d_model), dropout: below };
    this.#backward.addNorm(this.#rows, norm, { dy, dx: this.#dx, first: this.#first, next }, dropout);
    this.dropped = next?.output ?? this.#dx;
    this.#first = false;
  }
}
