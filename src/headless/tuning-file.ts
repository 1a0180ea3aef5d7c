/** What was found out about each GPU, kept between sessions in a file of the user's cache folder. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from '../base/schemas.ts';
import type { AdapterMemory } from '../engine/gpu/adapter-notes.ts';
import { makeFolder } from './make-folder.ts';

const contents = z.record(z.string(), z.unknown());

/** @param path Left out: `stillroom/gpu-tuning.json` in $XDG_CACHE_HOME or ~/.cache. */
export function tuningFile(
  path = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stillroom', 'gpu-tuning.json'),
): AdapterMemory {
  // A file that is missing or not ours only means that the GPU is measured again.
  const readAll = async (): Promise<z.infer<typeof contents>> => {
    try {
      return contents.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch {
      return {};
    }
  };
  return {
    browser: `Node ${process.version}`,
    read: async (adapter) => (await readAll())[adapter],
    write: async (adapter, record) => {
      const all = { ...(await readAll()), [adapter]: record };
      try {
        await makeFolder(dirname(path));
        const draft = `${path}.${process.pid}`;
        await writeFile(draft, `${JSON.stringify(all, null, 2)}\n`);
        await rename(draft, path);
      } catch {
        // Read-only homes exist; then nothing is remembered.
      }
    },
  };
}
