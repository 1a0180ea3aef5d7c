/**
 * Where every weight lives. Parameters, gradients and both moments are four slabs with this one layout. A slab is cut
 * into parts, each within one WebGPU binding; blocks begin at multiples of 64 floats. Weights that are multiplied
 * together lie end to end in one block, so that q, k and v (or wi_0 and wi_1, or all cross-attention keys and values)
 * are one matrix product.
 */
import { EngineError } from '../../base/errors.ts';
import type { T5Config } from '../../student/config.ts';
import { expectedParameters, sizeOf } from '../../student/parameters.ts';
import { isDecayed } from '../engine.ts';
import type { Tensor } from './plan.ts';

/** Floats of the largest part: WebGPU's default limit of 128 MiB for one binding. */
export const maxPartLength = 2 ** 25;
const blockAlignment = 64;

/** One matrix of the plan: `members` end to end, all with the same number of columns. */
export interface Block {
  members: readonly { name: string; offset: number; length: number }[];
  part: number;
  offset: number;
  shape: readonly [number, number];
  decayed: boolean;
}

/** A run of floats that AdamW treats alike. */
export interface DecayRange {
  part: number;
  offset: number;
  length: number;
  decayed: boolean;
}

/** The layout of a student’s slabs. A block is called by the name of its first weight. */
export class SlabLayout {
  readonly #blocks = new Map<string, Block>();
  readonly #partLengths: number[] = [];
  readonly ranges: DecayRange[] = [];
  /** Decoder layers whose cross-attention keys and values are one block. All of them in any T5 below 3 B. */
  readonly crossGroupLayers: number;

  /** @throws EngineError where one weight alone is larger than a binding. */
  constructor(readonly config: T5Config) {
    const shapes = new Map(expectedParameters(config).map(({ name, shape }) => [name, shape]));
    const inner = config.num_heads * config.d_kv;
    const crossLength = 2 * inner * config.d_model;
    this.crossGroupLayers = Math.min(
      config.num_decoder_layers,
      Math.max(1, Math.floor(maxPartLength / crossLength)),
    );
    for (const names of blockNames(config, this.crossGroupLayers)) this.#add(names, shapes);
  }

  /** Lengths of the parts, in floats. */
  get partLengths(): readonly number[] {
    return this.#partLengths;
  }

  get blocks(): Iterable<Block> {
    return this.#blocks.values();
  }

  /** Floats of one slab. */
  get length(): number {
    return this.#partLengths.reduce((sum, length) => sum + length, 0);
  }

  /** The block that begins with this weight, as a tensor of a slab. */
  tensor(slab: 'parameters' | 'gradients', firstName: string): Tensor {
    const block = this.#blocks.get(firstName);
    if (block === undefined) throw new Error(`No block of the slab begins with ${firstName}.`);
    const { part, offset, shape } = block;
    return { place: { kind: 'slab', slab, part }, offset, shape };
  }

  /** One row of a block: the weight of a layer norm. */
  row(slab: 'parameters' | 'gradients', firstName: string, row: number): Tensor {
    const block = this.tensor(slab, firstName);
    const columns = block.shape[1]!;
    return { place: block.place, offset: block.offset + row * columns, shape: [columns] };
  }

  #add(names: readonly string[], shapes: ReadonlyMap<string, readonly number[]>): void {
    const members = [];
    let length = 0;
    for (const name of names) {
      const size = sizeOf(shapes.get(name)!);
      members.push({ name, offset: length, length: size });
      length += size;
    }
    if (length > maxPartLength) {
      throw new EngineError(
        `${names[0]!} alone is larger than a GPU buffer may be bound (128 MiB).`,
        'Choose a student with a smaller vocabulary or width.',
      );
    }
    const decayed = isDecayed(names[0]!);
    const columns = shapes.get(names[0]!)!.at(-1)!;
    const part = this.#partFor(length);
    const offset = this.#partLengths[part]!;
    const aligned = Math.ceil(length / blockAlignment) * blockAlignment;
    this.#partLengths[part] = offset + aligned;
    this.#blocks.set(names[0]!, { members, part, offset, shape: [length / columns, columns], decayed });
    const range: DecayRange | undefined = this.ranges[this.ranges.length - 1];
    if (range !== undefined && range.part === part && range.decayed === decayed) range.length += aligned;
    else this.ranges.push({ part, offset, length: aligned, decayed });
  }

  #partFor(length: number): number {
    const last = this.#partLengths.length - 1;
    if (last >= 0 && this.#partLengths[last]! + length <= maxPartLength) return last;
    this.#partLengths.push(0);
    return last + 1;
  }
}

/** First weights of the blocks that the planner asks for. */
export const firstNames = {
  norms: 'encoder.block.0.layer.0.layer_norm.weight',
  bias: (stack: 'encoder' | 'decoder') =>
    `${stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
  crossKeys: (layer: number) => `decoder.block.${layer}.layer.1.EncDecAttention.k.weight`,
  logits: (config: T5Config) => (config.tie_word_embeddings ? 'shared.weight' : 'lm_head.weight'),
} as const;

/** Row of a layer norm in the block of all norms. */
export function normRow(
  config: T5Config,
  stack: 'encoder' | 'decoder',
  layer: number | 'final',
  sublayer = 0,
): number {
  const encoderNorms = 2 * config.num_layers + 1;
  if (stack === 'encoder') return layer === 'final' ? encoderNorms - 1 : 2 * layer + sublayer;
  return encoderNorms + (layer === 'final' ? 3 * config.num_decoder_layers : 3 * layer + sublayer);
}

/** Layer norms of a student. */
export function normCount(config: T5Config): number {
  return 2 * config.num_layers + 1 + 3 * config.num_decoder_layers + 1;
}

/** Names of each block in the order of the slab: what decays first, norms and biases last. */
function* blockNames(config: T5Config, crossGroupLayers: number): Generator<string[]> {
  const gated = config.feed_forward_proj === 'gated-gelu';
  const norms: string[] = [];
  yield ['shared.weight'];
  for (const stack of ['encoder', 'decoder'] as const) {
    const layers = stack === 'encoder' ? config.num_layers : config.num_decoder_layers;
    for (let layer = 0; layer < layers; layer += 1) {
      const path = `${stack}.block.${layer}.layer`;
      const self = `${path}.0.SelfAttention`;
      yield [`${self}.q.weight`, `${self}.k.weight`, `${self}.v.weight`];
      yield [`${self}.o.weight`];
      norms.push(`${path}.0.layer_norm.weight`);
      if (stack === 'decoder') {
        yield [`${path}.1.EncDecAttention.q.weight`];
        yield [`${path}.1.EncDecAttention.o.weight`];
        norms.push(`${path}.1.layer_norm.weight`);
      }
      const last = stack === 'decoder' ? 2 : 1;
      const dense = `${path}.${last}.DenseReluDense`;
      yield gated ? [`${dense}.wi_0.weight`, `${dense}.wi_1.weight`] : [`${dense}.wi.weight`];
      yield [`${dense}.wo.weight`];
      norms.push(`${path}.${last}.layer_norm.weight`);
    }
    norms.push(`${stack}.final_layer_norm.weight`);
  }
  for (let first = 0; first < config.num_decoder_layers; first += crossGroupLayers) {
    const names: string[] = [];
    for (
      let layer = first;
      layer < Math.min(first + crossGroupLayers, config.num_decoder_layers);
      layer += 1
    ) {
      names.push(`decoder.block.${layer}.layer.1.EncDecAttention.k.weight`);
      names.push(`decoder.block.${layer}.layer.1.EncDecAttention.v.weight`);
    }
    yield names;
  }
  if (!config.tie_word_embeddings) yield ['lm_head.weight'];
  yield norms;
  yield [firstNames.bias('encoder')];
  yield [firstNames.bias('decoder')];
}
