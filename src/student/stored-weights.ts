/** A student's weights out of a Hugging Face folder: safetensors or PyTorch's checkpoints, one file or shards with an index. */
import { z } from '../base/schemas.ts';
import { InputError } from '../base/errors.ts';
import type { T5Config, Weights } from './config.ts';
import { expectedParameters, type Parameter } from './parameters.ts';
import {
  mostTensors,
  parseSafetensors,
  readTensorHeads,
  type StoredDtype,
  type StoredTensor,
  type TensorHead,
} from '../formats/safetensors.ts';
import { parseBounded } from '../formats/json-values.ts';
import { parseTorchCheckpoint } from '../formats/torch-checkpoint.ts';
import { adapterAlone, adapterConfig, type Folder } from './student-files.ts';

export interface StoredWeights {
  weights: Weights;
  /** Of the embedding, which speaks for the rest. */
  storedDtype: StoredDtype;
  /** What was left aside or put right, in words. */
  notes: string[];
}

const single = 'model.safetensors';
const index = 'model.safetensors.index.json';

/** What weights are in, in the order in which transformers looks for them: whole, or shards by an index. */
const layouts = [
  { single, index, shard: /^[^/]+\.safetensors$/ },
  {
    single: 'pytorch_model.bin',
    index: 'pytorch_model.bin.index.json',
    shard: /^[^/]+\.bin$/,
  },
] as const;

/** Copies of `shared.weight` that older files carry; safetensors may have kept one of them instead of it. */
const embeddingCopies = new Set(['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight']);

/** A T5 v1.0 weight that no version of T5 uses. */
const ignored = new Set(['decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight']);

const headName = 'lm_head.weight';

/** Its tensors, and what is said of them all. */
const mostIndexValues = 2 * mostTensors;
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** The files that hold a folder's weights, and what names them. */
async function weightFiles(folder: Folder): Promise<{ files: string[]; named: string }> {
  const layout = layouts.find(({ single, index }) => folder.has(single) || folder.has(index));
  if (layout === undefined) throw withoutWeights(folder.names(), folder.name);
  if (folder.has(layout.single)) return { files: [layout.single], named: layout.single };
  const indexText = (await folder.text(layout.index))!;
  const file = folder.label(layout.index);
  let shards: string[];
  try {
    const value = parseBounded(indexText, mostIndexValues, file) as { weight_map?: object } | null;
    if (Object.keys(value?.weight_map ?? {}).length > mostTensors) throw new RangeError();
    shards = [...new Set(Object.values(indexSchema.parse(value).weight_map))].sort();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('The index has no readable "weight_map".', 'Download or copy the file again.', {
      file,
    });
  }
  const missing = shards.filter((shard) => !folder.has(shard));
  if (missing.length > 0 || shards.length === 0) {
    const which =
      shards.length === 0
        ? 'no file'
        : `${missing.length} of ${shards.length} files that are not there: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}`;
    throw new InputError(`The index names ${which}.`, 'Add the missing files and choose the folder again.', {
      file,
    });
  }
  return { files: shards, named: layout.index };
}

/** The tensors of a file with weights, by its kind. */
function parseTensors(bytes: Uint8Array, fileName: string, label: string): Map<string, StoredTensor> {
  return fileName.endsWith('.bin')
    ? parseTorchCheckpoint(bytes, label)
    : parseSafetensors(bytes, label).tensors;
}

function withoutWeights(names: readonly string[], name: string): InputError {
  const where = { file: name };
  const find = (test: RegExp): string | undefined => names.find((path) => test.test(path));
  if (names.includes(adapterConfig)) return adapterAlone(name);
  const torch = find(/\.(bin|pt|pth|ckpt)$/i);
  if (torch !== undefined) {
    return new InputError(
      `There is "${torch}", but neither ${single} nor pytorch_model.bin.`,
      'Rename it to pytorch_model.bin if it holds the whole model.',
      where,
    );
  }
  const other = find(/\.(gguf|onnx|h5|msgpack|tflite)$/i);
  if (other !== undefined) {
    return new InputError(
      `The weights are in "${other}", a format that cannot be trained here.`,
      'Choose the Hugging Face folder with model.safetensors.',
      where,
    );
  }
  const stray = find(/\.safetensors$/i);
  if (stray !== undefined) {
    return new InputError(
      `There is "${stray}", but neither ${single} nor ${index}.`,
      `Rename it to ${single} if it holds the whole model, or add the index.`,
      where,
    );
  }
  return new InputError(
    `There is no ${single}.`,
    'Choose the whole Hugging Face folder, weights included.',
    where,
  );
}

/** @throws InputError where a file has a weight in another shape or kind than the configuration asks for. */
function checkWeight({ name, shape }: Parameter, tensor: TensorHead, file: string): void {
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
    throw new InputError(
      `Tensor "${name}" has shape [${tensor.shape.join(', ')}], but config.json asks for [${shape.join(', ')}].`,
      'Use the config.json and the weights of the same model.',
      { file },
    );
  }
  if (tensor.dtype === 'I32' || tensor.dtype === 'I64') {
    throw new InputError(
      `Tensor "${name}" holds whole numbers (${tensor.dtype}), not weights.`,
      'Save the model as float32, float16 or bfloat16.',
      { file },
    );
  }
}

function takeWeight(parameter: Parameter, tensor: StoredTensor, file: string): Float32Array {
  checkWeight(parameter, tensor, file);
  const { name } = parameter;
  const { data } = tensor;
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) {
    throw new InputError(
      `Tensor "${name}" holds ${String(data[bad])} at position ${bad}: the weights are damaged, or training had diverged.`,
      'Use another copy or an earlier checkpoint of the model.',
      { file },
    );
  }
  return values;
}

function equal(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, position) => value === b[position]);
}

interface EmbeddingCopy {
  name: string;
  tensor: StoredTensor;
  /** What messages call the file that it is in. */
  file: string;
}

/**
 * The embedding of a file without `shared.weight`: its copies, where they are equal.
 * @throws InputError where they differ.
 */
function sharedFrom([first, second]: readonly EmbeddingCopy[], parameter: Parameter): Float32Array {
  const take = ({ name, tensor, file }: EmbeddingCopy): Float32Array =>
    takeWeight({ ...parameter, name }, tensor, file);
  const values = take(first!);
  if (second !== undefined && !equal(values, take(second))) {
    throw new InputError(
      `There is no "shared.weight", and "${first!.name}" and "${second.name}" differ. A T5 has one embedding for both.`,
      'Use another copy of the model, saved with its shared embedding.',
      { file: first!.file },
    );
  }
  return values;
}

/** The first of the weights that are missing, and how many. */
function missingError(missing: readonly Parameter[], folder: Folder, named: string): InputError {
  const [first] = missing;
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  const untied =
    first!.name === headName ? ' (tie_word_embeddings is false, so the output has its own weights)' : '';
  return new InputError(
    `Tensor "${first!.name}" [${first!.shape.join(', ')}]${more} is missing${untied}.`,
    'Use the config.json and the weights of the same model.',
    { file: folder.label(named) },
  );
}

/** What a file of weights holds by its header alone; null where that takes reading it whole. */
async function headsOf(folder: Folder, file: string, label: string) {
  const sizeBytes = folder.sizeBytes(file);
  const start = folder.start(file);
  if (!file.endsWith('.safetensors') || start === null || sizeBytes === null) return null;
  return readTensorHeads(start, sizeBytes, label);
}

/**
 * Holds the headers of a folder's weights against its configuration, before a byte of any weight is read.
 * @throws InputError as `readWeights`, but for values.
 */
async function checkHeads(
  folder: Folder,
  { files, named }: { files: readonly string[]; named: string },
  expected: ReadonlyMap<string, Parameter>,
): Promise<void> {
  const seen = new Set<string>();
  for (const file of files) {
    const label = folder.label(file);
    const heads = await headsOf(folder, file, label);
    if (heads === null) return;
    for (const [name, head] of heads) {
      const parameter = expected.get(name);
      if (parameter !== undefined) checkWeight(parameter, head, label);
      const isShared = embeddingCopies.has(name) || (name === headName && !expected.has(headName));
      seen.add(isShared ? 'shared.weight' : name);
    }
  }
  const missing = [...expected.values()].filter(({ name }) => !seen.has(name));
  if (missing.length > 0) throw missingError(missing, folder, named);
}

/**
 * Reads and checks every weight that the configuration asks for.
 * @param onRead Told the bytes of each file once it has been read.
 * @throws InputError naming the file and the tensor.
 */
export async function readWeights(
  folder: Folder,
  config: T5Config,
  onRead: (sizeBytes: number) => void = () => undefined,
): Promise<StoredWeights> {
  const expected = new Map(expectedParameters(config).map((parameter) => [parameter.name, parameter]));
  const head: Parameter = { name: headName, shape: [config.vocab_size, config.d_model] };
  const found: Weights = new Map();
  const copies: EmbeddingCopy[] = [];
  const unused: string[] = [];
  const notes: string[] = [];
  let storedDtype: StoredDtype = 'F32';
  const { files, named } = await weightFiles(folder);
  await checkHeads(folder, { files, named }, expected);
  for (const file of files) {
    const bytes = await folder.bytes(file);
    onRead(bytes.length);
    const label = folder.label(file);
    for (const [tensorName, tensor] of parseTensors(bytes, file, label)) {
      const parameter = expected.get(tensorName) ?? (tensorName === head.name ? head : undefined);
      if (parameter !== undefined) found.set(tensorName, takeWeight(parameter, tensor, label));
      else if (embeddingCopies.has(tensorName)) copies.push({ name: tensorName, tensor, file: label });
      else if (!ignored.has(tensorName)) unused.push(tensorName);
      if (tensorName === 'shared.weight') storedDtype = tensor.dtype;
    }
  }

  if (!found.has('shared.weight') && copies.length > 0) {
    found.set('shared.weight', sharedFrom(copies, expected.get('shared.weight')!));
    storedDtype = copies[0]!.tensor.dtype;
  }
  // One matrix under four names: safetensors may have kept any of them.
  const onlyHead = config.tie_word_embeddings ? found.get(head.name) : undefined;
  if (!found.has('shared.weight') && onlyHead !== undefined) found.set('shared.weight', onlyHead);
  const shared = found.get('shared.weight');
  const headValues = found.get(head.name);
  if (config.tie_word_embeddings && headValues !== undefined) {
    if (shared !== undefined && !equal(headValues, shared)) {
      notes.push(
        'config.json ties the output to the embedding (tie_word_embeddings: true), so the lm_head.weight in the file, which differs, is not used. This is what transformers 4 does.',
      );
    }
    found.delete(head.name);
  }
  const missing = [...expected.values()].filter((parameter) => !found.has(parameter.name));
  if (missing.length > 0) {
    throw missingError(missing, folder, named);
  }
  if (unused.length > 0) {
    const some = unused.slice(0, 3).join(', ');
    notes.push(
      `${unused.length} tensors that config.json does not ask for are not used (${some}${unused.length > 3 ? ', …' : ''}).`,
    );
  }
  // In the order of the parameters, whatever the file's.
  const weights: Weights = new Map([...expected.keys()].map((key) => [key, found.get(key)!]));
  return { weights, storedDtype, notes };
}

/** The names of a file's tensors, by its beginning where that is enough. */
async function tensorNames(folder: Folder, file: string, label: string): Promise<Iterable<string>> {
  const heads = await headsOf(folder, file, label);
  if (heads !== null) return heads.keys();
  return parseTensors(await folder.bytes(file), file, label).keys();
}

/** Whether a folder's weights have their own output. True where it has no weights. */
export async function hasOwnOutput(folder: Folder): Promise<boolean> {
  if (!layouts.some(({ single, index }) => folder.has(single) || folder.has(index))) return true;
  const { files } = await weightFiles(folder);
  const seen = new Set<string>();
  for (const file of files) {
    for (const name of await tensorNames(folder, file, folder.label(file))) seen.add(name);
    // The output alone is the one of the names of a tied embedding that was kept.
    if (seen.has(headName) && ['shared.weight', ...embeddingCopies].some((name) => seen.has(name)))
      return true;
  }
  return false;
}

/** Bytes that `readWeights` will read, for progress; 0 where the files' sizes are not known. */
export function weightBytes(folder: Folder): number {
  return weightNames(folder.names()).reduce((sum, name) => sum + (folder.sizeBytes(name) ?? 0), 0);
}

/** Of the names in a folder, those of the files with weights that are read: also of a hub's clone with every framework's. */
export function weightNames(names: readonly string[]): string[] {
  for (const { single, index, shard } of layouts) {
    if (names.includes(single)) return [single];
    if (names.includes(index)) return names.filter((name) => shard.test(name));
  }
  return [];
}
