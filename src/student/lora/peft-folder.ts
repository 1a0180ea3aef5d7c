/** Adapters as peft's folder: `adapter_config.json` and `adapter_model.safetensors`. */
import { InputError } from '../../base/errors.ts';
import { z } from '../../base/schemas.ts';
import { parseBounded } from '../../formats/json-values.ts';
import { parseSafetensors } from '../../formats/safetensors.ts';
import { safetensorsChunks, type ChunkedFile, type WrittenFloat } from '../../formats/safetensors-writer.ts';
import { parseTorchCheckpoint } from '../../formats/torch-checkpoint.ts';
import type { T5Config, Weights } from '../config.ts';
import { sizeOf } from '../parameters.ts';
import { mostSettings } from '../student-files.ts';
import { adaptedModules, adapterParameters, type Lora } from './lora.ts';

export const adapterConfigFile = 'adapter_config.json';
export const adapterModelFile = 'adapter_model.safetensors';
/** What peft wrote before it had safetensors. */
export const adapterBinFile = 'adapter_model.bin';

/** Last names of linear layers in T5, for peft's other way of saying "all". */
function targetList(config: T5Config, lora: Lora): string[] {
  const names = adaptedModules(config, lora).map(({ name }) => name.slice(name.lastIndexOf('.') + 1));
  return [...new Set(names)].sort();
}

/**
 * `adapter_config.json`, with the keys that decide what peft computes; what it leaves out takes peft's defaults.
 * @param base Where the base is, as peft is to look for it.
 */
export function adapterConfigText(config: T5Config, lora: Lora, base: string): string {
  const value = {
    base_model_name_or_path: base,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    modules_to_save: null,
    peft_type: 'LORA',
    r: lora.rank,
    target_modules: targetList(config, lora),
    task_type: 'SEQ_2_SEQ_LM',
    use_dora: false,
    use_rslora: false,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `adapter_model.safetensors`. */
export function adapterModel(
  config: T5Config,
  lora: Lora,
  adapters: Weights,
  dtype: WrittenFloat = 'f32',
): ChunkedFile {
  const tensors = adapterParameters(config, lora).map(
    ({ name, shape }) => [name, { shape, data: adapters.get(name)! }] as const,
  );
  return safetensorsChunks(new Map(tensors), { dtype, metadata: { format: 'pt' } });
}

const count = z.int().min(1).max(100_000);
const nothing = z.union([z.null(), z.literal(false), z.record(z.string(), z.never())]).optional();

/** Of what peft writes, what decides how adapters are computed; the rest is for training or for other models. */
const configSchema = z.looseObject({
  peft_type: z.literal('LORA', 'peft_type is not "LORA"'),
  r: count,
  lora_alpha: z.number().positive().max(1e6),
  lora_dropout: z.number().min(0).lt(1).optional(),
  target_modules: z.union([z.string().max(1000), z.array(z.string().max(1000)).max(1000)]),
  bias: z.literal('none', 'bias is not "none"').optional(),
});

/** Settings of peft that change what is computed, and are not known here. */
const unknown = [
  'use_dora',
  'use_rslora',
  'use_qalora',
  'fan_in_fan_out',
  'lora_bias',
  'modules_to_save',
  'rank_pattern',
  'alpha_pattern',
  'layers_to_transform',
  'layer_replication',
  'exclude_modules',
  'target_parameters',
  'trainable_token_indices',
  'use_bdlora',
  'alora_invocation_tokens',
] as const;

/**
 * Reads `adapter_config.json`.
 * @throws InputError where it is no LoRA, or one with settings that are not known here.
 */
export function parseAdapterConfig(text: string, file: string): Lora {
  let value: unknown;
  try {
    value = parseBounded(text, mostSettings, file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('this is not valid JSON.', 'Copy the adapter’s folder again.', { file });
  }
  const read = configSchema.safeParse(value);
  if (!read.success) {
    const issue = read.error.issues[0]!;
    throw new InputError(
      `this is no LoRA that can be read: ${issue.path.join('.') || 'it'}: ${issue.message}.`,
      'Use the folder that peft’s save_pretrained wrote for a LoRA.',
      { file },
    );
  }
  const other = unknown.find((key) => !nothing.safeParse(read.data[key]).success);
  if (other !== undefined) {
    throw new InputError(
      `"${other}" is set, and such adapters are not known here.`,
      'Merge them into their base with peft (merge_and_unload), then open the merged student.',
      { file },
    );
  }
  const { r, lora_alpha, lora_dropout = 0, target_modules } = read.data;
  if (typeof target_modules === 'string' && target_modules !== 'all-linear') {
    throw new InputError(
      'target_modules is a pattern, and only lists of names and "all-linear" are read.',
      'Write the list of last names of its modules instead, as ["q", "v"].',
      { file },
    );
  }
  return { rank: r, alpha: lora_alpha, dropout: lora_dropout, targets: target_modules };
}

/** The longest name of a base that is shown. */
const longestBase = 200;

/** `base_model_name_or_path` of an `adapter_config.json`; null where it says none. */
export function namedBase(text: string): string | null {
  let value: unknown;
  try {
    value = parseBounded(text, mostSettings, 'adapter_config.json');
  } catch {
    return null;
  }
  const base =
    typeof value === 'object' && value !== null && 'base_model_name_or_path' in value
      ? value.base_model_name_or_path
      : null;
  return typeof base === 'string' && base !== '' ? base.slice(0, longestBase) : null;
}

/**
 * Reads `adapter_model.safetensors`, or `adapter_model.bin`, for a base.
 * @throws InputError where its tensors are not those of such adapters on this base.
 */
export function readAdapters(bytes: Uint8Array, file: string, config: T5Config, lora: Lora): Weights {
  const tensors = file.endsWith('.bin')
    ? parseTorchCheckpoint(bytes, file)
    : parseSafetensors(bytes, file).tensors;
  const expected = adapterParameters(config, lora);
  const wrong = (what: string) =>
    new InputError(
      `these adapters belong to another base: ${what}.`,
      'Name the student that they were trained on (base_model_name_or_path in adapter_config.json).',
      { file },
    );
  const adapters: Weights = new Map();
  for (const { name, shape } of expected) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw wrong(`"${name}" is missing`);
    // Of a .bin it is made at each access.
    const { data } = tensor;
    if (tensor.shape.join() !== shape.join() || !(data instanceof Float32Array)) {
      throw wrong(`"${name}" is [${tensor.shape.join(', ')}] where this base has [${shape.join(', ')}]`);
    }
    if (data.length !== sizeOf(shape)) throw wrong(`"${name}" is cut off`);
    adapters.set(name, data);
  }
  const stray = [...tensors.keys()].find((name) => !adapters.has(name));
  if (stray !== undefined) throw wrong(`it has "${stray}", and this base has no such layer`);
  return adapters;
}
