import { afterEach, beforeEach, expect, it, vi } from 'vitest';

/** Two tabs are two copies of the module, over one folder of files that lets only one at a time write a file. */
const files = new Map<string, { open: boolean }>();
let refuses = false;

beforeEach(() => {
  files.clear();
  refuses = false;
  const root = {
    getFileHandle: (name: string) => {
      const file = files.get(name) ?? { open: false };
      files.set(name, file);
      const createSyncAccessHandle = async (): Promise<{ close: () => void }> => {
        if (refuses || file.open) throw new DOMException('locked', 'NoModificationAllowedError');
        file.open = true;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { close: () => (file.open = false) };
      };
      return Promise.resolve({ createSyncAccessHandle });
    },
    removeEntry: (name: string) =>
      files.delete(name) ? Promise.resolve() : Promise.reject(new DOMException('gone', 'NotFoundError')),
  };
  vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.resolve(root) } });
});
afterEach(() => vi.unstubAllGlobals());

async function tab(): Promise<typeof import('./checkpoint-places.ts')> {
  vi.resetModules();
  return import('./checkpoint-places.ts');
}

it('finds files in two tabs that try at the same time, and leaves none behind', async () => {
  const [first, second] = [await tab(), await tab()];
  expect(await Promise.all([first.bestPlace(), second.bestPlace()])).toEqual(['files', 'files']);
  expect(files.size).toBe(0);
});

it('leaves no file behind where the browser refuses to write it', async () => {
  refuses = true;
  expect(await (await tab()).bestPlace()).toBe('database');
  expect(files.size).toBe(0);
});

it('a run without files has no checkpoints there; what else goes wrong is told', async () => {
  const { files: place } = (await tab()).places;
  const fail = (name: string) =>
    vi.stubGlobal('navigator', {
      storage: { getDirectory: () => Promise.reject(new DOMException('no', name)) },
    });
  const file = { name: 'model.safetensors', sizeBytes: 1, sha256: [] } as const;
  fail('NotFoundError');
  expect(await place.ids('run')).toEqual([]);
  await expect(place.remove('run', 'one')).resolves.toBeUndefined();
  await expect(place.open('run', 'one', file as never)).rejects.toThrow('the run has no files');
  await expect(place.write('run', 'one', file.name, {} as never)).rejects.toThrow(DOMException);
  fail('SecurityError');
  await expect(place.ids('run')).rejects.toThrow(DOMException);
  await expect(place.remove('run', 'one')).rejects.toThrow(DOMException);
});
