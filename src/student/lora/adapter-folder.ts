/** A folder of adapters, as peft saves it, put on the student that it was trained on. */
import { InputError } from '../../base/errors.ts';
import type { T5Config, Weights } from '../config.ts';
import type { Student } from '../folder.ts';
import { weightNames } from '../stored-weights.ts';
import type { StudentFiles } from '../student-files.ts';
import { mergeAdapters, type Lora } from './lora.ts';
import {
  adapterBinFile,
  adapterConfigFile,
  adapterModelFile,
  namedBase,
  parseAdapterConfig,
  readAdapters,
} from './peft-folder.ts';

const nameOf = (path: string): string => path.split('/').at(-1)!;
const depthOf = (path: string): number => path.split('/').length;

/** The paths of the adapter_config.json that lie highest: a training's checkpoints lie below. */
function highest(files: StudentFiles, fileName: string): string[] {
  const paths = files.names().filter((path) => nameOf(path) === fileName && !path.startsWith('__MACOSX/'));
  const least = Math.min(...paths.map(depthOf));
  return paths.filter((path) => depthOf(path) === least);
}

/** Whether files are adapters alone, without a model. Some folders have the base's config.json beside them. */
export function isAdapterFolder(files: StudentFiles): boolean {
  const [adapter] = highest(files, adapterConfigFile);
  if (adapter === undefined) return false;
  const [config] = highest(files, 'config.json');
  if (config === undefined || depthOf(config) > depthOf(adapter)) return true;
  const inside = adapter.slice(0, -adapterConfigFile.length);
  const names = files.names().flatMap((path) => (path.startsWith(inside) ? [path.slice(inside.length)] : []));
  return names.includes('config.json') && weightNames(names).length === 0;
}

/** Reads a file of the adapters' folder; null where there is none of this name. */
async function readBeside(
  files: StudentFiles,
  name: string,
  fileName: string,
): Promise<{ bytes: Uint8Array; file: string } | null> {
  const configs = highest(files, adapterConfigFile);
  if (configs.length > 1) {
    throw new InputError(
      `There are ${configs.length} folders with adapters (${configs.slice(0, 3).join(', ')}).`,
      'Choose one of them.',
      { file: name },
    );
  }
  const path = `${(configs[0] ?? '').slice(0, -adapterConfigFile.length)}${fileName}`;
  if (!files.names().includes(path)) return null;
  return { bytes: await files.read(path), file: path.startsWith(`${name}/`) ? path : `${name}/${path}` };
}

async function readConfig(files: StudentFiles, name: string): Promise<{ text: string; file: string }> {
  const found = await readBeside(files, name, adapterConfigFile);
  if (found === null) throw missing(adapterConfigFile, name);
  return { text: new TextDecoder().decode(found.bytes), file: found.file };
}

function missing(fileName: string, name: string): InputError {
  return new InputError(`There is no ${fileName}.`, 'Choose the whole folder that peft saved.', {
    file: name,
  });
}

/** The base that a folder of adapters names (`google/flan-t5-small`, or a path); null where it names none. */
export async function baseOf(files: StudentFiles, name: string): Promise<string | null> {
  return namedBase((await readConfig(files, name)).text);
}

/** Whether a student is the base that adapters name, by its own name or the hub's (`owner/name@commit`). */
export function isBase({ name, hub }: { name: string; hub?: string }, base: string): boolean {
  return hub?.split('@')[0] === base || name === base.split(/[\\/]/).findLast((part) => part !== '');
}

/**
 * Adapters for a base: of `adapter_model.safetensors`, or `adapter_model.bin` of older versions of peft.
 * @throws InputError where a file is missing or damaged, or the adapters belong to another base.
 */
export async function readAdapterFolder(
  files: StudentFiles,
  name: string,
  config: T5Config,
): Promise<{ lora: Lora; weights: Weights }> {
  const said = await readConfig(files, name);
  const lora = parseAdapterConfig(said.text, said.file);
  const model =
    (await readBeside(files, name, adapterModelFile)) ?? (await readBeside(files, name, adapterBinFile));
  if (model === null) throw missing(adapterModelFile, name);
  return { lora, weights: readAdapters(model.bytes, model.file, config, lora) };
}

/**
 * The base with the adapters merged in.
 * @param name What to call it, and how messages name the folder.
 * @throws InputError where a file is missing or damaged, or the adapters belong to another base.
 */
export async function withAdapters(base: Student, files: StudentFiles, name: string): Promise<Student> {
  const { lora, weights } = await readAdapterFolder(files, name, base.config);
  const named = await baseOf(files, name);
  // Students of one shape cannot be told apart by their tensors.
  const doubt =
    named === null || isBase(base, named)
      ? ''
      : ` They name ${named} as their base: if that is another model, choose it and bring them again.`;
  return {
    ...base,
    name,
    weights: mergeAdapters(base, lora, weights),
    notes: [...base.notes, `Adapters (LoRA) from ${name} were merged into ${base.name}.${doubt}`],
  };
}
