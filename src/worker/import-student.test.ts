import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import { joinChunks, writeSafetensors } from '../formats/safetensors-writer.ts';
import type { RunRecord } from '../store/records.ts';
import { deleteRun, writeRun } from '../store/runs.ts';
import { deleteStudent, readStudentFiles, readStudentRecord } from '../store/students.ts';
import { readStudentFolder } from '../student/folder.ts';
import { initialiseAdapters, type Lora } from '../student/lora/lora.ts';
import { adapterConfigText, adapterModel } from '../student/lora/peft-folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { jsonBytes, tinyConfig, tinyFolder, tinyTensors } from '../student/testing/tiny-student.ts';
import {
  importStudent,
  keepWith,
  loadBundledStudent,
  openRunOutline,
  openRunStudent,
  openStudent,
} from './import-student.ts';
import { probing } from './protocol.ts';
import { emptyStore, folderOf } from './testing/tiny-store.ts';

withWebLocks();

beforeEach(emptyStore);

type Told = [what: string, done: number, total: number];
async function bring(
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
  baseId: string | null,
  told: Told[] = [],
) {
  const command = { type: 'import-student', files: folderOf(name, files), baseId } as const;
  const { studentId } = await importStudent(command, (...one) => told.push(one));
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

  const told: Told[] = [];
  const merged = await bring('mine', adapters('google/flan'), inUse.id, told);
  expect(told.slice(-2)).toEqual([
    ['storing the student', 0, 1],
    ['storing the student', 1, 1],
  ]);
  expect(merged.notes.at(-1)).toBe('Adapters (LoRA) from mine were merged into flan.');
  const doubtful = await bring('theirs', adapters('google/else'), inUse.id);
  expect(doubtful.notes.at(-1)).toMatch(/were merged into other\. They name google\/else as their base/);
});

describe('a dropped folder', () => {
  it('is stored with the files that make it a student, and told of from its begin to its end', async () => {
    const told: Told[] = [];
    const files = tinyFolder().set('notes.txt', new Uint8Array([1]));
    const command = { type: 'import-student', files: folderOf('mine', files), baseId: null } as const;
    let signs = 0;
    const { studentId } = await importStudent(
      command,
      (what, done, total) => told.push([what, done, total]),
      () => (signs += 1),
    );
    const record = (await readStudentRecord(studentId))!;
    expect(record).toMatchObject({ name: 'mine', source: 'folder', storedDtype: 'F32' });
    expect(record.sizeBytes).toBe(4 * record.parameters);
    expect([...(await readStudentFiles(studentId)).keys()].sort()).toEqual(
      [...tinyFolder().keys()].map((path) => `mine/${path}`).sort(),
    );
    expect(signs).toBeGreaterThan(0);
    const whats = told.map(([what]) => what).filter((what, at, all) => what !== all[at - 1]);
    expect(whats).toEqual([probing, 'reading the student', 'storing the student']);
    expect(told.slice(-2)).toEqual([
      ['storing the student', 0, 1],
      ['storing the student', 1, 1],
    ]);
    for (const [, done, total] of told) expect(done).toBeLessThanOrEqual(total);
    expect(told.find(([what]) => what === probing)).toEqual([probing, 0, 1]);
  });

  it('is the same student a second time, whatever it is called, and learns from which hub it is', async () => {
    const first = await bring('mine', tinyFolder(), null);
    const again = await bring('other', tinyFolder(), null);
    expect(again).toEqual(first);
    const command = { type: 'import-student', files: folderOf('mine', tinyFolder()), baseId: null } as const;
    await importStudent({ ...command, hub: 'a/b@1' }, () => undefined);
    expect(await readStudentRecord(first.id)).toEqual({ ...first, hub: 'a/b@1' });
    // What is dropped from a disk says nothing of a hub.
    await importStudent(command, () => undefined);
    expect((await readStudentRecord(first.id))?.hub).toBe('a/b@1');
  });

  it('that was removed comes back under its id, where a run still names it', async () => {
    const first = await bring('mine', tinyFolder(), null);
    await writeRun({
      id: 'run',
      studentId: first.id,
      studentSha256: first.sha256,
      recipe: notebookRecipe,
    } as RunRecord);
    await deleteStudent(first.id);
    expect((await bring('mine', tinyFolder(), null)).id).toBe(first.id);
    await deleteStudent(first.id);
    await deleteRun('run');
    expect((await bring('mine', tinyFolder(), null)).id).not.toBe(first.id);
  });

  it('in half precision takes half as much', async () => {
    const halves = writeSafetensors(tinyTensors(tinyConfig()), { dtype: 'f16', metadata: { format: 'pt' } });
    const record = await bring('half', tinyFolder().set('model.safetensors', halves), null);
    expect(record).toMatchObject({ storedDtype: 'F16', sizeBytes: 2 * record.parameters });
  });

  it('asks for what its generation_config.json asks for', async () => {
    const beams = tinyFolder().set('generation_config.json', jsonBytes({ num_beams: 4 }));
    expect((await bring('beams', beams, null)).ownGeneration).toMatchObject({ numBeams: 4 });
    expect(await bring('greedy', tinyFolder(), null)).not.toHaveProperty('ownGeneration');
  });

  it('that breaks off while it is read is refused in words; a folder without a name is “student”', async () => {
    const broken = new File(['{}'], 'config.json');
    const gone = () => Promise.reject(new Error('The disk is gone.'));
    broken.slice = () => Object.assign(new Blob(), { arrayBuffer: gone, text: gone });
    const files = [
      ...folderOf('mine', tinyFolder()).filter(({ path }) => path !== 'mine/config.json'),
      { path: 'mine/config.json', file: broken },
    ];
    await expect(
      importStudent({ type: 'import-student', files, baseId: null }, () => undefined),
    ).rejects.toThrow(/^mine: The folder could not be read \(The disk is gone\)\. Close other tabs/);
    const bare = [...tinyFolder()].map(([path, bytes]) => ({ path, file: new File([bytes.slice()], path) }));
    const { studentId } = await importStudent(
      { type: 'import-student', files: bare, baseId: null },
      () => undefined,
    );
    expect((await readStudentRecord(studentId))?.name).toBe('student');
  });
});

describe('the student of a run', () => {
  it('is opened from its folder, with or without weights; else from what the run kept of it', async () => {
    const { id, sha256 } = await bring('mine', tinyFolder(), null);
    const student = await openStudent(id, () => undefined);
    const run = { name: 'copper-heron', studentId: id, studentName: 'mine' } as RunRecord;
    const kept = await keepWith(run, student);
    expect(kept).toEqual({ keptStudent: kept.keptStudent, studentSha256: sha256 });
    expect(await openRunStudent(run, () => undefined)).toHaveProperty('weights');
    expect(await openRunOutline(run)).not.toHaveProperty('weights');
    await deleteStudent(id);
    const outline = await openRunStudent({ ...run, ...kept }, () => undefined);
    expect(outline).not.toHaveProperty('weights');
    expect(outline).toMatchObject({ name: 'mine', config: student.config });
    await expect(openRunOutline(run)).rejects.toThrow(
      'The student of copper-heron (mine) is no longer stored, and an earlier version of the studio kept nothing',
    );
    await expect(openStudent(id, () => undefined)).rejects.toThrow('That student is no longer stored.');
  });

  it('is known by what its run knows of it, before what is stored', async () => {
    const { id } = await bring('mine', tinyFolder(), null);
    const student = await openStudent(id, () => undefined);
    const run = { studentId: id, studentSha256: 'ab', studentHub: 'a/b@1' } as RunRecord;
    expect(await keepWith(run, student)).toMatchObject({ studentSha256: 'ab', studentHub: 'a/b@1' });
  });
});

describe('the bundled student', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** The studio's origin with these files. */
  function serving(files: ReadonlyMap<string, Uint8Array>): URL[] {
    const asked: URL[] = [];
    vi.stubGlobal('self', { location: { href: 'http://studio.test/' } });
    vi.stubGlobal('fetch', (url: URL) => {
      asked.push(url);
      const bytes = files.get(url.pathname.split('/').at(-1)!);
      return Promise.resolve(
        bytes === undefined ? new Response('', { status: 404 }) : new Response(bytes.slice()),
      );
    });
    return asked;
  }
  const load = () => loadBundledStudent({ type: 'load-bundled-student' }, () => undefined);
  const bundle = tinyFolder()
    .set('generation_config.json', jsonBytes({}))
    .set('special_tokens_map.json', jsonBytes({}));

  it('is fetched from the studio once, its files each time that it is opened, and none are stored', async () => {
    const asked = serving(bundle);
    const { studentId } = await load();
    expect(await readStudentRecord(studentId)).toMatchObject({ source: 'bundled', name: studentId });
    expect((await readStudentFiles(studentId)).size).toBe(0);
    const count = asked.length;
    await load();
    expect(asked).toHaveLength(count);
    expect((await openStudent(studentId, () => undefined)).weights.size).toBeGreaterThan(5);
    expect(asked).toHaveLength(2 * count);
  });

  it('that does not come is refused with the file and what the host said', async () => {
    serving(new Map([...bundle].filter(([name]) => name !== 'tokenizer.json')));
    await expect(load()).rejects.toThrow('tokenizer.json: it could not be fetched (404). Reload the page.');
  });
});
