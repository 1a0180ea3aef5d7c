import { expect, it } from 'vitest';
import { joinChunks } from '../../formats/safetensors-writer.ts';
import { readStudentFolder } from '../folder.ts';
import { filesInMemory } from '../student-files.ts';
import { tinyFolder } from '../testing/tiny-student.ts';
import { isAdapterFolder, isBase, readAdapterFolder, withAdapters } from './adapter-folder.ts';
import { initialiseAdapters, mergeAdapters, type Lora } from './lora.ts';
import { adapterConfigText, adapterModel } from './peft-folder.ts';

const lora: Lora = { rank: 2, alpha: 4, dropout: 0, targets: ['q', 'v'] };

it('puts adapters on the student that they were trained on', async () => {
  const base = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
  const adapters = initialiseAdapters(base.config, lora, 3);
  for (const values of adapters.values()) values.forEach((_, at) => (values[at] = Math.fround(at / 100)));
  const files = filesInMemory(
    new Map([
      ['mine/adapter_config.json', new TextEncoder().encode(adapterConfigText(base.config, lora, 'tiny'))],
      ['mine/adapter_model.safetensors', joinChunks(adapterModel(base.config, lora, adapters))],
    ]),
  );
  expect(isAdapterFolder(files)).toBe(true);
  expect(isAdapterFolder(filesInMemory(tinyFolder()))).toBe(false);
  const { name, weights, notes } = await withAdapters(base, files, 'mine');
  expect(name).toBe('mine');
  expect(weights).toEqual(mergeAdapters(base, lora, adapters));
  expect(notes).toEqual(['Adapters (LoRA) from mine were merged into tiny.']);

  const twin = await withAdapters({ ...base, name: 'twin' }, files, 'mine');
  expect(twin.notes.at(-1)).toContain('were merged into twin. They name tiny as their base');

  const other = await readStudentFolder(filesInMemory(tinyFolder({ d_kv: 4 })), 'other');
  await expect(withAdapters(other, files, 'mine')).rejects.toThrow('belong to another base');
});

const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));

it('takes the adapters that lie highest, from one folder, and no model that has some below', async () => {
  const { config } = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
  const folderOf = (place: string, rank: number): [string, Uint8Array][] => {
    const own = { ...lora, rank };
    const adapters = initialiseAdapters(config, own, 3);
    return [
      [`${place}adapter_model.safetensors`, joinChunks(adapterModel(config, own, adapters))],
      [`${place}adapter_config.json`, new TextEncoder().encode(adapterConfigText(config, own, 'tiny'))],
    ];
  };
  const training = filesInMemory(
    new Map([...folderOf('mine/checkpoint-10/', 3), ...folderOf('mine/', 2), ['mine/README.md', json({})]]),
  );
  expect(isAdapterFolder(training)).toBe(true);
  expect((await readAdapterFolder(training, 'mine', config)).lora.rank).toBe(2);
  const beside = new Map([...folderOf('mine/', 2), ['mine/config.json', json({})] as const]);
  expect(isAdapterFolder(filesInMemory(beside))).toBe(true);
  beside.set('mine/model.safetensors', json({}));
  expect(isAdapterFolder(filesInMemory(beside))).toBe(false);
  const below = new Map([...tinyFolder(), ...folderOf('checkpoint-10/', 2)]);
  expect(isAdapterFolder(filesInMemory(below))).toBe(false);
  const two = filesInMemory(new Map([...folderOf('x/a/', 2), ...folderOf('x/b/', 2)]));
  await expect(readAdapterFolder(two, 'x', config)).rejects.toThrow('There are 2 folders with adapters');
  const cut = filesInMemory(new Map(folderOf('mine/', 2).slice(1)));
  await expect(readAdapterFolder(cut, 'mine', config)).rejects.toThrow(
    'There is no adapter_model.safetensors',
  );
  // A .bin is read as data, like a model's.
  const bin = new Map(folderOf('mine/', 2).slice(1)).set('mine/adapter_model.bin', json({}));
  await expect(readAdapterFolder(filesInMemory(bin), 'mine', config)).rejects.toThrow(
    'mine/adapter_model.bin: This is no PyTorch checkpoint',
  );
});

it('knows a base by its name, its last part, or its name on the hub', () => {
  expect(isBase({ name: 'flan-t5-small' }, 'google/flan-t5-small')).toBe(true);
  expect(isBase({ name: 'flan-t5-small' }, '/content/flan-t5-small/')).toBe(true);
  expect(isBase({ name: 'mine', hub: 'google/flan-t5-small@0123' }, 'google/flan-t5-small')).toBe(true);
  expect(isBase({ name: 'flan-t5-base' }, 'google/flan-t5-small')).toBe(false);
});
