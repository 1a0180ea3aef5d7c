/** Where a student's files come from: a dropped folder, IndexedDB, a disk, a zip. */
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { wholeOf } from '../formats/byte-stream.ts';

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
    read: (name) => wholeOf(get(name)),
  };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
/** The tokenizer of mT5, with 250,100 pieces, has 16 MB, and its spiece.model 4; its other texts have some kilobytes. */
const mostBytes: Readonly<Record<string, number>> = {
  'tokenizer.json': 60_000_000,
  'spiece.model': 60_000_000,
};
const mostTextBytes = 20_000_000;
/** What a configuration says at most, in values: some hundreds, and a few for each of a tokenizer's added tokens. */
export const mostSettings = 200_000;

/** A folder found among files. Its files are named as within it. */
export class Folder {
  /** What the person calls it. */
  readonly name: string;
  readonly #files: StudentFiles;
  /** Path by which a file is read, by name within the folder. */
  readonly #paths: ReadonlyMap<string, string>;

  constructor(files: StudentFiles, paths: ReadonlyMap<string, string>, name: string) {
    this.#files = files;
    this.#paths = paths;
    this.name = name;
  }

  names(): string[] {
    return [...this.#paths.keys()];
  }

  has(fileName: string): boolean {
    return this.#paths.has(fileName);
  }

  /** Where a file lies among the files that the folder was found in. */
  path(fileName: string): string | undefined {
    return this.#paths.get(fileName);
  }

  /** What messages call a file: its path, below the folder's name. */
  label(fileName: string): string {
    const path = this.#paths.get(fileName) ?? fileName;
    return path.startsWith(`${this.name}/`) ? path : `${this.name}/${path}`;
  }

  /** Null where it is not known without reading. */
  sizeBytes(fileName: string): number | null {
    return this.#files.sizeBytes?.(this.#known(fileName)) ?? null;
  }

  /** The bytes of a file that the folder has. */
  bytes(fileName: string): Promise<Uint8Array> {
    return this.#files.read(this.#known(fileName));
  }

  /** Reads so many bytes of a file's beginning; null where a part costs as much as the whole. */
  start(fileName: string): ((sizeBytes: number) => Promise<Uint8Array>) | null {
    const path = this.#known(fileName);
    const files = this.#files;
    return files.readStart === undefined ? null : (sizeBytes) => files.readStart!(path, sizeBytes);
  }

  /**
   * The bytes of a file that is read whole, beside weights; null where the folder has none.
   * @throws InputError where it is larger than any such file of a model.
   */
  async small(fileName: string): Promise<Uint8Array | null> {
    if (!this.has(fileName)) return null;
    const sizeBytes = this.sizeBytes(fileName) ?? 0;
    const most = mostBytes[fileName] ?? mostTextBytes;
    if (sizeBytes <= most) return this.bytes(fileName);
    throw new InputError(
      `This file has ${formatBytes(sizeBytes)}; more than ${formatBytes(most)} is not read.`,
      'Use the file that came with the model.',
      { file: this.label(fileName) },
    );
  }

  /**
   * The text of a file, or null where the folder has none.
   * @throws InputError where it is too large or not UTF-8.
   */
  async text(fileName: string): Promise<string | null> {
    const bytes = await this.small(fileName);
    try {
      return bytes && decoder.decode(bytes);
    } catch {
      throw new InputError('This file is not UTF-8 text.', 'Download or copy the file again.', {
        file: this.label(fileName),
      });
    }
  }

  #known(fileName: string): string {
    const path = this.#paths.get(fileName);
    if (path === undefined) throw new RangeError(`no file "${fileName}"`);
    return path;
  }
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
  return new Folder(files, new Map(inside.map((path) => [path.slice(prefix.length), path])), name);
}

/** What PEFT describes an adapter in. */
export const adapterConfig = 'adapter_config.json';

/** A folder that PEFT wrote: it holds what was learnt on top of a model, and not the model. */
export function adapterAlone(name: string): InputError {
  return new InputError(
    `This folder holds an adapter (LoRA, as PEFT saves it), which needs its base: the model that ${adapterConfig} names.`,
    'In the studio, choose its base and drop this folder then; in a terminal, `generate --student BASE --adapter` takes both. Or merge them once in Python: `AutoPeftModelForSeq2SeqLM.from_pretrained(folder).merge_and_unload().save_pretrained(merged)`, and choose the merged folder, with the tokenizer’s files of the base.',
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
