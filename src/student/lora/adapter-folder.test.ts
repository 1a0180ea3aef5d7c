import { expect, it } from 'vitest';
import { joinChunks } from '../../formats/safetensors-writer.ts';
import { readStudentFolder } from '../folder.ts';
import { filesInMemory } from '../student-files.ts';
import { tinyFolder } from '../testing/tiny-student.ts';
import { isAdapterFolder, withAdapters } from './adapter-folder.ts';
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

  const other = await readStudentFolder(filesInMemory(tinyFolder({ d_kv: 4 })), 'other');
  await expect(withAdapters(other, files, 'mine')).rejects.toThrow('belong to another base');
});
