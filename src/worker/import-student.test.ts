import 'fake-indexeddb/auto';
import { beforeEach, expect, it } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { joinChunks } from '../formats/safetensors-writer.ts';
import { openDatabase } from '../store/database.ts';
import { readStudentRecord } from '../store/students.ts';
import { readStudentFolder } from '../student/folder.ts';
import { initialiseAdapters, type Lora } from '../student/lora/lora.ts';
import { adapterConfigText, adapterModel } from '../student/lora/peft-folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { jsonBytes, tinyConfig, tinyFolder } from '../student/testing/tiny-student.ts';
import { importStudent } from './import-student.ts';

withWebLocks();

beforeEach(async () => {
  const database = await openDatabase();
  for (const store of database.objectStoreNames) await database.clear(store);
});

async function bring(name: string, files: ReadonlyMap<string, Uint8Array>, baseId: string | null) {
  const dropped = [...files].map(([path, bytes]) => ({
    path: `${name}/${path}`,
    file: new File([bytes.slice()], path),
  }));
  const command = { type: 'import-student', files: dropped, baseId } as const;
  const { studentId } = await importStudent(command, () => undefined);
  return (await readStudentRecord(studentId))!;
}

it('puts adapters on the base that they name where it is here, else on the one in use', async () => {
  const lora: Lora = { rank: 2, alpha: 4, dropout: 0, targets: ['q', 'v'] };
  const { config } = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
  const adapters = (base: string): ReadonlyMap<string, Uint8Array> =>
    new Map([
      ['adapter_config.json', new TextEncoder().encode(adapterConfigText(config, lora, base))],
      [
        'adapter_model.safetensors',
        joinChunks(adapterModel(config, lora, initialiseAdapters(config, lora, 3))),
      ],
    ]);
  const flan = await bring('flan', tinyFolder(), null);
  // Another student of the very same shape: its tensors cannot tell.
  const other = tinyFolder().set('config.json', jsonBytes(tinyConfig({ dropout_rate: 0 })));
  const inUse = await bring('other', other, flan.id);
  expect(inUse.id).not.toBe(flan.id);

  const merged = await bring('mine', adapters('google/flan'), inUse.id);
  expect(merged.notes.at(-1)).toBe('Adapters (LoRA) from mine were merged into flan.');
  const doubtful = await bring('theirs', adapters('google/else'), inUse.id);
  expect(doubtful.notes.at(-1)).toMatch(/were merged into other\. They name google\/else as their base/);
});
