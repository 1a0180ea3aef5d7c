import 'fake-indexeddb/auto';
import { beforeEach, expect, it } from 'vitest';
import { hostileArchives, hostileFolders, hostileRunFolders } from '../../tests/support/hostile.ts';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { StillroomError } from '../base/errors.ts';
import { openDatabase } from '../store/database.ts';
import { listRuns } from '../store/runs.ts';
import { listStudents } from '../store/students.ts';
import { importStudent } from './import-student.ts';
import { importRun, importRunFolder } from './run-archives.ts';

withWebLocks();
/** What a person waits for at most before words come. */
const mostMs = 2000;

beforeEach(async () => {
  const database = await openDatabase();
  for (const store of database.objectStoreNames) await database.clear(store);
});

/** Words for a person that fit on a screen, within the time; null where it was taken. */
async function outcome(work: () => Promise<unknown>): Promise<string | null> {
  // Of this process alone: a machine that is busy with something else is no fault of the file.
  const before = process.cpuUsage();
  let words: string | null = null;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StillroomError)) throw error;
    words = error.message;
    expect(words.length).toBeLessThan(1000);
    expect(words).toMatch(/[.!] /);
  }
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(mostMs);
  return words;
}

const folders = hostileFolders();
const archives = await hostileArchives();
const nothing = () => undefined;

it('there are sixty of each', () => {
  expect([folders.length, archives.length]).toEqual([60, 60]);
});

it.each(folders)('a folder, $name, fails with a clear message or is taken whole', async ({ content }) => {
  const files = [...content].map(([path, bytes]) => ({
    path: `x/${path}`,
    file: new File([bytes.slice()], path),
  }));
  const words = await outcome(() => importStudent({ type: 'import-student', files, baseId: null }, nothing));
  expect(await listStudents()).toHaveLength(words === null ? 1 : 0);
});

it.each(archives)('a run, $name, fails with a clear message or is taken whole', async ({ content }) => {
  const file = new File([content.slice()], 'x.run.zip');
  const words = await outcome(() => importRun({ type: 'import-run', file }, nothing));
  expect(await listRuns()).toHaveLength(words === null ? 1 : 0);
  if (words !== null) expect(words).toMatch(/^x\.run\.zip/);
});

it.each(hostileRunFolders())(
  'a run’s folder, $name, fails with a clear message or is taken whole',
  async ({ name, content }) => {
    const files = [...content].map(([path, bytes]) => ({ path, file: new File([bytes.slice()], path) }));
    const words = await outcome(() =>
      importRunFolder({ type: 'import-run-folder', name: 'mine', files }, nothing),
    );
    expect(await listRuns()).toHaveLength(words === null ? 1 : 0);
    if (name.endsWith('as the terminal leaves it')) expect(words).toBeNull();
    if (/: (?:weights|a weight|another student)/.test(name)) expect(words).not.toBeNull();
  },
);
