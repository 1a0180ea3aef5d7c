/** Where a student's files come from: a dropped folder, IndexedDB, a disk, a zip. */
import { unzipSync } from 'fflate';
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';

/** The files of one folder, by path with `/`. Paths may all begin with the folder's own name. */
export interface StudentFiles {
  names(): readonly string[];
  /** Size without reading, for progress; left out where it is not known. */
  sizeBytes?(name: string): number;
  /** The first bytes of a file; left out where a part costs as much as the whole. */
  readStart?(name: string, sizeBytes: number): Promise<Uint8Array>;
  /** The bytes of a file that `names()` lists. */
  read(name: string): Promise<Uint8Array>;
}

/** Files that are in memory already. */
export function filesInMemory(files: ReadonlyMap<string, Uint8Array>): StudentFiles {
  const get = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new RangeError(`no file "${name}"`);
    return bytes;
  };
  return {
    names: () => [...files.keys()],
    sizeBytes: (name) => get(name).length,
    readStart: (name, size) => Promise.resolve(get(name).slice(0, size)),
    read: (name) => Promise.resolve(get(name)),
  };
}

/** Files that the browser holds (dropped, picked, or read back from IndexedDB); read one at a time. */
export function filesFromBlobs(files: ReadonlyMap<string, Blob>): StudentFiles {
  const get = (name: string): Blob => {
    const blob = files.get(name);
    if (blob === undefined) throw new RangeError(`no file "${name}"`);
    return blob;
  };
  return {
    names: () => [...files.keys()],
    sizeBytes: (name) => get(name).size,
    readStart: async (name, size) => new Uint8Array(await get(name).slice(0, size).arrayBuffer()),
    read: async (name) => new Uint8Array(await get(name).arrayBuffer()),
  };
}

/**
 * The files of a zip, unpacked in memory.
 * @throws InputError where the zip cannot be read.
 */
export function filesFromZip(bytes: Uint8Array, file: string): StudentFiles {
  try {
    const entries = Object.entries(unzipSync(bytes)).filter(([name]) => !name.endsWith('/'));
    return filesInMemory(new Map(entries));
  } catch {
    throw new InputError(
      'This zip could not be unpacked.',
      'Download or copy it again, or drop the unpacked folder.',
      {
        file,
      },
    );
  }
}

/** A folder found among files: its own files' short names, and what they are called by the person. */
export interface Folder {
  files: StudentFiles;
  /** Path by which a file is read, by name within the folder. */
  paths: ReadonlyMap<string, string>;
  /** What the person calls the folder. */
  name: string;
}

/** What messages call a file of a folder: its path, below the folder's name. */
export function labelOf(folder: Folder, fileName: string): string {
  const path = folder.paths.get(fileName) ?? fileName;
  return path.startsWith(`${folder.name}/`) ? path : `${folder.name}/${path}`;
}

/**
 * Finds the folder that holds `config.json`, at whatever depth all paths begin.
 * @throws InputError where there is none, or more than one.
 */
export function findFolder(files: StudentFiles, name: string): Folder {
  const names = files.names().filter((path) => !path.startsWith('__MACOSX/'));
  const depth = (path: string): number => path.split('/').length;
  const configs = names.filter((path) => path.split('/').at(-1) === 'config.json');
  const shallowest = Math.min(...configs.map(depth));
  const found = configs.filter((path) => depth(path) === shallowest);
  if (found.length > 1) {
    throw new InputError(
      `There are ${found.length} folders with a config.json (${found.slice(0, 3).join(', ')}).`,
      'Choose one model’s folder.',
      { file: name },
    );
  }
  const [config] = found;
  if (config === undefined) throw withoutConfig(names, name);
  const prefix = config.slice(0, -'config.json'.length);
  const inside = names.filter((path) => path.startsWith(prefix));
  return { files, paths: new Map(inside.map((path) => [path.slice(prefix.length), path])), name };
}

/** What PEFT describes an adapter in. */
export const adapterConfig = 'adapter_config.json';

/** A folder that PEFT wrote: it holds what was learnt on top of a model, and not the model. */
export function adapterAlone(name: string): InputError {
  return new InputError(
    `This folder holds an adapter (LoRA, as PEFT saves it), which needs its base: the model that ${adapterConfig} names.`,
    'Merge them once in Python: `AutoPeftModelForSeq2SeqLM.from_pretrained(folder).merge_and_unload().save_pretrained(merged)`, and choose the merged folder, with the tokenizer’s files of the base.',
    { file: name },
  );
}

function withoutConfig(names: readonly string[], name: string): InputError {
  const where = { file: name };
  if (names.length === 0)
    return new InputError('The folder is empty.', 'Choose a Hugging Face T5 folder.', where);
  if (names.some((path) => path.split('/').at(-1) === adapterConfig)) return adapterAlone(name);
  const gguf = names.find((path) => path.toLowerCase().endsWith('.gguf'));
  if (gguf !== undefined) {
    return new InputError(
      `"${gguf}" is a GGUF file, which is for answering only.`,
      'Choose the Hugging Face folder that it was made from (config.json, model.safetensors, tokenizer.json).',
      where,
    );
  }
  return new InputError(
    'There is no config.json.',
    'Choose the whole Hugging Face folder: config.json, model.safetensors, tokenizer.json, tokenizer_config.json.',
    where,
  );
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
/** No text of a model is near it: the tokenizer of mT5, with 250,000 pieces, has 16 MB. */
const mostTextBytes = 100_000_000;

/** @throws InputError where a file that is read whole, beside weights, is larger than any of a model. */
export function checkTextSize({ files, paths }: Folder, fileName: string, label: string): void {
  const path = paths.get(fileName);
  const sizeBytes = path === undefined ? 0 : (files.sizeBytes?.(path) ?? 0);
  if (sizeBytes <= mostTextBytes) return;
  throw new InputError(
    `This file has ${formatBytes(sizeBytes)}; more than ${formatBytes(mostTextBytes)} is not read.`,
    'Use the file that came with the model.',
    { file: label },
  );
}

/**
 * The text of a file in a folder, or null where the folder has none.
 * @throws InputError where it is too large or not UTF-8.
 */
export async function readText(folder: Folder, fileName: string): Promise<string | null> {
  const path = folder.paths.get(fileName);
  if (path === undefined) return null;
  checkTextSize(folder, fileName, labelOf(folder, fileName));
  const bytes = await folder.files.read(path);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new InputError('This file is not UTF-8 text.', 'Download or copy the file again.', {
      file: labelOf(folder, fileName),
    });
  }
}
