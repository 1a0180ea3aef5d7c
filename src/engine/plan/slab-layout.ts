/**
 * Where every weight lives. Parameters, gradients and both moments are four slabs with this one layout. A slab is cut
 * into parts, each within one WebGPU binding; blocks begin at multiples of 64 floats. Weights that are multiplied
 * together lie end to end in one block, so that q, k and v (or wi_0 and wi_1, or all cross-attention keys and values)
 * are one matrix product. Frozen weights come last, in their own parts, which gradients and moments do not have.
 * Of a student with adapters all weights are frozen; the adapters of a block lie together: all A's, one over the other,
 * are one matrix, and each B is one. Where the adapters ask for it, the matrices of their base are 16-bit floats.
 */
import { bindableFloats } from '../../base/binding.ts';
import { EngineError } from '../../base/errors.ts';
import { formatBytes, formatCount } from '../../base/units.ts';
import type { T5Config } from '../../student/config.ts';
import { expectedParameters, hasBias, isGated, sizeOf, type Parameter } from '../../student/parameters.ts';
import { isHalfMatrix } from '../../student/lora/half-base.ts';
import { adaptedModules, adapterName, adapterParameters, type Lora } from '../../student/lora/lora.ts';
import { isDecayed, type OptimizerName } from '../engine.ts';
import { bytesPerValue, type SlabName, type Tensor } from './plan.ts';

/** Floats of the largest part, but for weights that are larger alone, where the device binds them. */
export const maxPartLength = bindableFloats;
const blockAlignment = 64;

/** One matrix of the plan: `members` end to end, all with the same number of columns. */
export interface Block {
  members: readonly { name: string; offset: number; length: number }[];
  part: number;
  offset: number;
  shape: readonly [number, number];
  /** Of each member, all alike. */
  memberShape: readonly number[];
  decayed: boolean;
  /** Its weights are never changed: it has no gradient and no moments. */
  frozen: boolean;
  /** Its weights are 16-bit floats, in a part that holds nothing else. */
  half: boolean;
}

/** The adapters of one block. */
export interface BlockAdapters {
  /** Their A's as one matrix, [modules · rank, inputs]. */
  a: Tensor;
  /** In the order of the block. */
  modules: readonly {
    /** As `encoder.block.0.layer.0.SelfAttention.q`. */
    name: string;
    /** Its first output among the block's. */
    firstOutput: number;
    outputs: number;
    /** [rank, inputs] and [outputs, rank]. */
    a: Tensor;
    b: Tensor;
  }[];
  rank: number;
  /** alpha / rank. */
  scale: number;
  dropout: number;
}

/** A run of floats that AdamW treats alike. */
export interface DecayRange {
  part: number;
  offset: number;
  length: number;
  decayed: boolean;
}

/** Where Adafactor's averages of a block are, in the slab `expAvgSq`. */
export interface BlockFactors {
  block: Block;
  count: number;
  rows: number;
  columns: number;
  /** Members are vectors, seen as [rows, 1]: the averages of columns are no state. */
  vector: boolean;
  rowState: Tensor;
  columnState: Tensor;
}

/** A part of the slab of parameters. */
interface Part {
  /** In values. */
  length: number;
  /** Its values are 16-bit floats. */
  half: boolean;
}

/** The layout of a student’s slabs. A block is called by the name of its first weight. */
export class SlabLayout {
  readonly #blocks = new Map<string, Block>();
  readonly #parts: Part[] = [];
  /** Parts of the slabs of gradients and moments: the first ones. */
  readonly #trainedParts: number;
  /** All that is trained, and nothing else. */
  readonly ranges: DecayRange[] = [];
  /** All that the slab of parameters holds. */
  readonly parameters: readonly Parameter[];
  /** What gradients and moments are of. */
  readonly trained: readonly Parameter[];
  readonly frozen: ReadonlySet<string>;
  /** Decoder layers whose cross-attention keys and values are one block. All of them in any T5 below 3 B. */
  readonly crossGroupLayers: number;
  /** Adafactor's averages, by the first names of the blocks that are trained; empty with AdamW. */
  readonly factors: ReadonlyMap<string, BlockFactors>;
  readonly #factorsLength: number;

  /**
   * @param frozen Names of the weights that are not trained: whole blocks.
   * @param lora Adapters, which alone are trained; null for none.
   * @param bindingBytes Of the largest buffer that the device binds.
   * @throws EngineError where one weight alone is larger than a binding; InputError where the adapters do not suit the
   *   student.
   */
  constructor(
    readonly config: T5Config,
    frozen: ReadonlySet<string> = new Set(),
    readonly lora: Lora | null = null,
    readonly optimizer: OptimizerName = 'adamw',
    readonly bindingBytes = 4 * maxPartLength,
  ) {
    const own = expectedParameters(config);
    const adapters = lora === null ? [] : adapterParameters(config, lora);
    this.frozen = lora === null ? frozen : new Set(own.map(({ name }) => name));
    this.parameters = [...own, ...adapters];
    this.trained = this.parameters.filter(({ name }) => !this.frozen.has(name));
    const shapes = new Map(this.parameters.map(({ name, shape }) => [name, shape]));
    const inner = config.num_heads * config.d_kv;
    const crossLength = 2 * inner * config.d_model;
    // As few groups as fit a part, all of about one size.
    const most = Math.max(1, Math.floor(maxPartLength / crossLength));
    this.crossGroupLayers = Math.ceil(
      config.num_decoder_layers / Math.ceil(config.num_decoder_layers / most),
    );
    const whole = [...blockNames(config, this.crossGroupLayers)];
    const modules = new Set(lora === null ? [] : adaptedModules(config, lora).map(({ name }) => name));
    const blocks = [
      ...whole.flatMap((names) => byFrozen(names, this.frozen)),
      ...whole.flatMap((names) => adapterBlocks(names, modules)),
    ];
    const isFrozen = ([first]: readonly string[]): boolean => this.frozen.has(first!);
    for (const names of blocks) if (!isFrozen(names)) this.#add(names, shapes, 0);
    this.#trainedParts = this.#parts.length;
    for (const names of blocks) if (isFrozen(names)) this.#add(names, shapes, this.#trainedParts);
    [this.factors, this.#factorsLength] = this.#placeFactors();
  }

  #placeFactors(): [Map<string, BlockFactors>, number] {
    const factors = new Map<string, BlockFactors>();
    let length = 0;
    const place = (shape: readonly number[]): Tensor => {
      const tensor: Tensor = { place: { kind: 'slab', slab: 'expAvgSq', part: 0 }, offset: length, shape };
      length += Math.ceil((shape[0]! * shape[1]!) / blockAlignment) * blockAlignment;
      return tensor;
    };
    if (this.optimizer === 'adamw') return [factors, 0];
    for (const [name, block] of this.#blocks) {
      if (block.frozen) continue;
      const count = block.members.length;
      const [rows, columns = 1] = block.memberShape as [number, number?];
      const vector = block.memberShape.length === 1;
      const states = { rowState: place([count, rows]), columnState: place([count, columns]) };
      factors.set(name, { block, count, rows, columns, vector, ...states });
    }
    return [factors, length];
  }

  /** Lengths of the parts, in values. */
  get partLengths(): readonly number[] {
    return this.#parts.map(({ length }) => length);
  }

  /**
   * Lengths of the parts of one slab: the slabs of gradients and moments end before the parts of frozen weights, and with
   * Adafactor moments are no slabs of this layout.
   */
  partLengthsOf(slab: SlabName): readonly number[] {
    if (this.optimizer !== 'adamw') {
      if (slab === 'expAvg') return [];
      if (slab === 'expAvgSq') return [this.#factorsLength];
    }
    return slab === 'parameters' ? this.partLengths : this.partLengths.slice(0, this.#trainedParts);
  }

  /** Parts of the slab of parameters that are trained: the first ones, all of 32-bit floats. */
  get trainedParts(): number {
    return this.#trainedParts;
  }

  /** Whether a part of a slab holds 16-bit floats. */
  isHalf(slab: SlabName, part: number): boolean {
    return slab === 'parameters' && this.#parts[part]!.half;
  }

  /** Bytes of each part of one slab. */
  partBytesOf(slab: SlabName): number[] {
    return this.partLengthsOf(slab).map((length, part) => (this.isHalf(slab, part) ? 2 : 4) * length);
  }

  /** Bytes of all four slabs together. */
  get bytesOfAll(): number {
    const slabs: readonly SlabName[] = ['parameters', 'gradients', 'expAvg', 'expAvgSq'];
    return slabs.flatMap((slab) => this.partBytesOf(slab)).reduce((sum, bytes) => sum + bytes, 0);
  }

  get blocks(): Iterable<Block> {
    return this.#blocks.values();
  }

  /** Values of the slab of parameters. */
  get length(): number {
    return this.partLengths.reduce((sum, length) => sum + length, 0);
  }

  /** The block that begins with this weight, as a tensor of a slab. */
  tensor(slab: 'parameters' | 'gradients', firstName: string): Tensor {
    const block = this.#blocks.get(firstName);
    if (block === undefined) throw new Error(`No block of the slab begins with ${firstName}.`);
    const { part, offset, shape, half } = block;
    const place = { kind: 'slab', slab, part } as const;
    return half ? { place, offset, shape, half } : { place, offset, shape };
  }

  /** The adapters of the block that begins with this weight; null where it has none. */
  adapters(slab: 'parameters' | 'gradients', firstName: string): BlockAdapters | null {
    const members = this.#blocks.get(firstName)?.members ?? [];
    const { lora } = this;
    if (lora === null) return null;
    const inputs = this.#blocks.get(firstName)!.shape[1];
    const adapted = members.flatMap(({ name, offset, length }) => {
      const module = moduleOf(name);
      const b = this.#blocks.get(adapterName(module, 'B'));
      if (b === undefined) return [];
      return [{ name: module, firstOutput: offset / inputs, outputs: length / inputs }];
    });
    if (adapted.length === 0) return null;
    const a = this.tensor(slab, adapterName(adapted[0]!.name, 'A'));
    const { rank, alpha, dropout } = lora;
    const modules = adapted.map((module, index) => ({
      ...module,
      a: { place: a.place, offset: a.offset + index * rank * inputs, shape: [rank, inputs] },
      b: this.tensor(slab, adapterName(module.name, 'B')),
    }));
    return { a, modules, rank, scale: alpha / rank, dropout };
  }

  /** Whether the block that begins with this weight is trained. */
  isTrained(firstName: string): boolean {
    return !this.frozen.has(firstName);
  }

  /** The weight of a layer norm, by its row among all norms (`normRow`). */
  norm(row: number): Tensor {
    const { firstName, firstRow } = this.normBlocks.findLast((block) => block.firstRow <= row)!;
    const block = this.tensor('parameters', firstName);
    const columns = block.shape[1]!;
    return { place: block.place, offset: block.offset + (row - firstRow) * columns, shape: [columns] };
  }

  /** The blocks that the norms are in, in order: one, or one a stack where only one of them is trained. */
  get normBlocks(): readonly { firstName: string; firstRow: number; rows: number }[] {
    const { config } = this;
    const count = normCount(config);
    const decoderRow = normRow(config, 'decoder', 0);
    if (this.isTrained(firstNames.norms) === this.isTrained(firstNames.decoderNorms)) {
      return [{ firstName: firstNames.norms, firstRow: 0, rows: count }];
    }
    return [
      { firstName: firstNames.norms, firstRow: 0, rows: decoderRow },
      { firstName: firstNames.decoderNorms, firstRow: decoderRow, rows: count - decoderRow },
    ];
  }

  #add(names: readonly string[], shapes: ReadonlyMap<string, readonly number[]>, firstPart: number): void {
    const members = [];
    let length = 0;
    for (const name of names) {
      const size = sizeOf(shapes.get(name)!);
      members.push({ name, offset: length, length: size });
      length += size;
    }
    const memberShape = shapes.get(names[0]!)!;
    const frozen = this.frozen.has(names[0]!);
    const half =
      frozen &&
      this.lora?.baseDtype === 'float16' &&
      names.every((name) => isHalfMatrix({ name, shape: shapes.get(name)! }));
    const bytes = bytesPerValue({ half }) * length;
    if (bytes > this.bindingBytes) throw tooLargeToBind(names[0]!, memberShape, bytes, this.bindingBytes);
    const decayed = isDecayed(names[0]!);
    const columns = memberShape.at(-1)!;
    const part = this.#partFor(length, firstPart, half);
    const offset = this.#parts[part]!.length;
    const aligned = Math.ceil(length / blockAlignment) * blockAlignment;
    this.#parts[part]!.length = offset + aligned;
    this.#blocks.set(names[0]!, {
      members,
      part,
      offset,
      shape: [length / columns, columns],
      memberShape,
      decayed,
      frozen,
      half,
    });
    if (frozen) return;
    const range: DecayRange | undefined = this.ranges[this.ranges.length - 1];
    if (range !== undefined && range.part === part && range.decayed === decayed) range.length += aligned;
    else this.ranges.push({ part, offset, length: aligned, decayed });
  }

  /** @param firstPart The first part that may be taken. */
  #partFor(length: number, firstPart: number, half: boolean): number {
    const last = this.#parts.findLastIndex((part) => part.half === half);
    const most = half ? 2 * maxPartLength : maxPartLength;
    if (last >= firstPart && this.#parts[last]!.length + length <= most) return last;
    return this.#parts.push({ length: 0, half }) - 1;
  }
}

function tooLargeToBind(name: string, shape: readonly number[], bytes: number, most: number): EngineError {
  const [rows, columns] = shape as [number, number];
  const isVocabulary = name === 'shared.weight' || name === 'lm_head.weight';
  const what = isVocabulary
    ? `The matrix of the vocabulary (${formatCount(rows)} pieces × ${formatCount(columns)})`
    : `The weight ${name} (${formatCount(rows)} × ${formatCount(columns)})`;
  return new EngineError(
    `${what} takes ${formatBytes(bytes)}, and this GPU binds at most ${formatBytes(most)} at once.`,
    isVocabulary
      ? 'Reduce the student first (Reduce keeps the pieces that your rows need), or train on WebAssembly.'
      : 'Train on WebAssembly, or choose a student of less width.',
  );
}

/** First weights of the blocks that the planner asks for. */
export const firstNames = {
  norms: 'encoder.block.0.layer.0.layer_norm.weight',
  /** A separate block only where one stack is frozen and the other is not. */
  decoderNorms: 'decoder.block.0.layer.0.layer_norm.weight',
  /** Of the block that owns the bias: block 0, or every block of a UMT5. */
  bias: (stack: 'encoder' | 'decoder', block: number) =>
    `${stack}.block.${block}.layer.0.SelfAttention.relative_attention_bias.weight`,
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

/** A block whose weights are all trained or all frozen as it is; any other (the norms) in runs of either. */
function byFrozen(names: readonly string[], frozen: ReadonlySet<string>): string[][] {
  const runs: string[][] = [];
  for (const name of names) {
    const run = runs.at(-1);
    if (run !== undefined && frozen.has(run[0]!) === frozen.has(name)) run.push(name);
    else runs.push([name]);
  }
  return runs;
}

function moduleOf(weight: string): string {
  return weight.slice(0, -'.weight'.length);
}

/** The blocks of a block's adapters: all A's, and each B. */
function adapterBlocks(names: readonly string[], adapted: ReadonlySet<string>): string[][] {
  const modules = names.map(moduleOf).filter((name) => adapted.has(name));
  if (modules.length === 0) return [];
  return [modules.map((name) => adapterName(name, 'A')), ...modules.map((name) => [adapterName(name, 'B')])];
}

/** Names of each block in the order of the slab: what decays first, norms and biases last. */
function* blockNames(config: T5Config, crossGroupLayers: number): Generator<string[]> {
  const gated = isGated(config);
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
  for (const stack of ['encoder', 'decoder'] as const) {
    const layers = stack === 'encoder' ? config.num_layers : config.num_decoder_layers;
    for (let block = 0; block < layers; block += 1) {
      if (hasBias(config, block)) yield [firstNames.bias(stack, block)];
    }
  }
}
