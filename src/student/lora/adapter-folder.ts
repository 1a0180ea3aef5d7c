/** A folder of adapters, as peft saves it, put on the student that it was trained on. */
import { InputError } from '../../base/errors.ts';
import type { Student } from '../folder.ts';
import type { StudentFiles } from '../student-files.ts';
import { mergeAdapters } from './lora.ts';
import { adapterConfigFile, adapterModelFile, parseAdapterConfig, readAdapters } from './peft-folder.ts';

const nameOf = (path: string): string => path.split('/').at(-1)!;

/** Whether files are adapters alone, without a model. */
export function isAdapterFolder(files: StudentFiles): boolean {
  const names = files.names().map(nameOf);
  return names.includes(adapterConfigFile) && !names.includes('config.json');
}

/**
 * The base with the adapters merged in.
 * @param name What to call it, and how messages name the folder.
 * @throws InputError where a file is missing or damaged, or the adapters belong to another base.
 */
export async function withAdapters(base: Student, files: StudentFiles, name: string): Promise<Student> {
  const read = (fileName: string): Promise<Uint8Array> => {
    const path = files.names().find((one) => nameOf(one) === fileName);
    if (path !== undefined) return files.read(path);
    throw new InputError(`There is no ${fileName}.`, 'Choose the whole folder that peft saved.', {
      file: name,
    });
  };
  const text = new TextDecoder().decode(await read(adapterConfigFile));
  const lora = parseAdapterConfig(text, `${name}/${adapterConfigFile}`);
  const adapters = readAdapters(
    await read(adapterModelFile),
    `${name}/${adapterModelFile}`,
    base.config,
    lora,
  );
  return {
    ...base,
    name,
    weights: mergeAdapters(base, lora, adapters),
    notes: [...base.notes, `Adapters (LoRA) from ${name} were merged into ${base.name}.`],
  };
}
