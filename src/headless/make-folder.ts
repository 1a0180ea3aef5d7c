/** A folder with those above it, made one by one. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder that may be there already. Node's own way (`recursive: true`) never returns where a file system answers
 * "no such file" in a folder that is there, as Linux's /proc does.
 * @returns Whether it was made.
 */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (await isFolder(folder)) return false;
    const above = dirname(folder);
    if (above === folder || !(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw error;
    await makeFolder(above);
  }
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    // Another process may have made it meanwhile.
    if (await isFolder(folder)) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
