/**
 * LoRA as peft has it: beside the weight W [out, in] of a linear layer, which is frozen, lie A [rank, in] and B
 * [out, rank], and the layer computes x·Wᵀ + (alpha / rank)·drop(x)·Aᵀ·Bᵀ. Source: peft's `tuners/lora/layer.py`.
 * Tensors are called as peft saves them: `base_model.model.<module>.lora_A.weight`.
 */
import { InputError } from '../../base/errors.ts';
import { RandomSequence } from '../../base/random.ts';
import type { T5Config, Weights } from '../config.ts';
import { expectedParameters, sizeOf, type Parameter } from '../parameters.ts';

/** Under peft's names: r, lora_alpha, lora_dropout, target_modules. */
export interface Lora {
  rank: number;
  /** The adapters' share is multiplied by alpha / rank. */
  alpha: number;
  /** Rate of the dropout on A's input, in [0, 1). Each module has its own masks. */
  dropout: number;
  /** Last names of the linear layers that get adapters, in both stacks; or all of both stacks, without `lm_head`. */
  targets: 'all-linear' | readonly string[];
  /**
   * What the base's matrices are kept in while it is trained, under the name and values of transformers'
   * `from_pretrained(dtype=…)`; all is computed in single precision. Left out: float32.
   */
  baseDtype?: (typeof baseDtypes)[number];
}

export const baseDtypes = ['float32', 'float16'] as const;

/** peft's defaults: for T5 it targets q and v. */
export const defaultLora = { rank: 8, alpha: 8, dropout: 0, targets: ['q', 'v'] } as const satisfies Lora;

/** A linear layer that has adapters. */
export interface AdaptedModule {
  /** As `decoder.block.0.layer.1.EncDecAttention.q`. */
  name: string;
  outputs: number;
  inputs: number;
}

const prefix = 'base_model.model.';

/** What its factors are called. */
export function adapterName(module: string, factor: 'A' | 'B'): string {
  return `${prefix}${module}.lora_${factor}.weight`;
}

/** Whether a tensor is a factor of an adapter. */
export function isAdapterName(name: string): boolean {
  return name.startsWith(prefix);
}

/** The linear layers of both stacks, in the order of `expectedParameters`. */
function linearModules(config: T5Config): AdaptedModule[] {
  return expectedParameters(config).flatMap(({ name, shape }) => {
    const module = /^((?:en|de)coder\..*\.(?:q|k|v|o|wi|wi_0|wi_1|wo))\.weight$/.exec(name)?.[1];
    return module === undefined ? [] : [{ name: module, outputs: shape[0]!, inputs: shape[1]! }];
  });
}

function lastName(module: string): string {
  return module.slice(module.lastIndexOf('.') + 1);
}

/**
 * The layers that get adapters.
 * @throws InputError where a target is no linear layer of the student, or the rank is above a layer's width.
 */
export function adaptedModules(config: T5Config, { rank, targets }: Lora): AdaptedModule[] {
  const all = linearModules(config);
  const there = new Set(all.map(({ name }) => lastName(name)));
  const asked = targets === 'all-linear' ? there : new Set(targets);
  const missing = [...asked].find((target) => !there.has(target));
  if (missing !== undefined || asked.size === 0) {
    throw new InputError(
      missing === undefined
        ? 'LoRA has no targets, so that nothing would be trained.'
        : `LoRA cannot target "${missing}": this student has no such linear layer.`,
      `Choose among ${[...there].join(', ')}, or "all-linear".`,
    );
  }
  const found = all.filter(({ name }) => asked.has(lastName(name)));
  const width = Math.min(...found.flatMap(({ outputs, inputs }) => [outputs, inputs]));
  if (rank > width) {
    throw new InputError(
      `The LoRA rank ${rank} is above the width of a layer that it targets (${width}).`,
      `Choose a rank of at most ${width}; 4 to 64 is usual.`,
    );
  }
  return found;
}

/** Every factor, A before B, layer by layer. @throws InputError as `adaptedModules`. */
export function adapterParameters(config: T5Config, lora: Lora): Parameter[] {
  return adaptedModules(config, lora).flatMap(({ name, outputs, inputs }) => [
    { name: adapterName(name, 'A'), shape: [lora.rank, inputs] },
    { name: adapterName(name, 'B'), shape: [outputs, lora.rank] },
  ]);
}

/** Shape of a tensor of so many values: of a weight by its configuration, of a factor by its layer's. */
export function shapesOf(config: T5Config): (name: string, size: number) => readonly number[] {
  const shapes = new Map(expectedParameters(config).map(({ name, shape }) => [name, shape]));
  return (name, size) => {
    const own = shapes.get(name);
    if (own !== undefined) return own;
    const factor = /^base_model\.model\.(.*)\.lora_([AB])\.weight$/.exec(name);
    const [outputs, inputs] = (factor === null ? undefined : shapes.get(`${factor[1]!}.weight`)) ?? [];
    if (outputs === undefined || inputs === undefined) return [size];
    return factor![2] === 'A' ? [size / inputs, inputs] : [outputs, size / outputs];
  };
}

/**
 * Adapters that have learned nothing: A uniform in ±1/√inputs (`kaiming_uniform_` with a = √5, as peft has it), B zero,
 * so that the student answers as its base does. The same bits for a seed on every machine.
 */
export function initialiseAdapters(config: T5Config, lora: Lora, seed: number): Weights {
  const adapters: Weights = new Map();
  adapterParameters(config, lora).forEach(({ name, shape }, stream) => {
    const values = new Float32Array(sizeOf(shape));
    if (name.endsWith('lora_A.weight')) {
      // Streams of the weights themselves begin at 0.
      const random = new RandomSequence(seed, 0x10a + stream);
      const bound = shape[1]! ** -0.5;
      for (let i = 0; i < values.length; i += 1) values[i] = bound * (2 * random.next() - 1);
    }
    adapters.set(name, values);
  });
  return adapters;
}

/** A student's weights with its adapters in them: W + (alpha / rank)·B·A. Weights without adapters are not copied. */
export function mergeAdapters(
  { config, weights }: { config: T5Config; weights: Weights },
  lora: Lora,
  adapters: Weights,
): Weights {
  const merged: Weights = new Map(weights);
  const { rank, alpha } = lora;
  for (const { name, outputs, inputs } of adaptedModules(config, lora)) {
    const a = adapters.get(adapterName(name, 'A'))!;
    const b = adapters.get(adapterName(name, 'B'))!;
    const base = weights.get(`${name}.weight`)!;
    const values = new Float32Array(base.length);
    const sums = new Float64Array(inputs);
    for (let row = 0; row < outputs; row += 1) {
      sums.fill(0);
      for (let r = 0; r < rank; r += 1) {
        const factor = (alpha / rank) * b[row * rank + r]!;
        for (let column = 0; column < inputs; column += 1) sums[column]! += factor * a[r * inputs + column]!;
      }
      const start = row * inputs;
      for (let column = 0; column < inputs; column += 1)
        values[start + column] = base[start + column]! + sums[column]!;
    }
    merged.set(`${name}.weight`, values);
  }
  return merged;
}
