/** `job.lock` in a run's folder: the process that writes there, so that no second one does. */
import { rmSync } from 'node:fs';
import { readFile, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { InputError } from '../base/errors.ts';
import { createOutput, namesIn, removeOutput, renameOutput } from './files.ts';
import { makeFolder } from './make-folder.ts';

export const lockFileName = 'job.lock';

/** The locks that this process holds: its own number in any other is from a process before it. */
const held = new Set<string>();

/**
 * Does something in a run's folder while no other process may. The lock goes at the end, also after an error; the
 * lock of a process that ended without doing so is taken over. A folder that was made for the lock alone goes too.
 * @throws InputError where another process is at work there, or it is a file; StorageError where the disk refuses.
 */
export async function withRunLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const file = resolve(folder, lockFileName);
  const isNew = await takeLock(folder, file);
  held.add(file);
  // Where the program ends at once: the next one need not find out that nobody holds it.
  const letGo = (): void => rmSync(file, { force: true });
  process.on('exit', letGo);
  try {
    return await work();
  } finally {
    process.off('exit', letGo);
    held.delete(file);
    await rm(file, { force: true }).catch(() => undefined);
    // Refused where the work left something in it.
    if (isNew) await rmdir(folder).catch(() => undefined);
  }
}

/** Whether the folder was made for it. */
async function takeLock(folder: string, file: string): Promise<boolean> {
  // Where the folder cannot be made, the lock says so in words.
  const isNew = await makeFolder(folder).catch(() => false);
  // A file in its place would look like a lock that is held.
  await namesIn(folder);
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await createOutput(file, `${process.pid}\n`)) return isNew;
    const owner = await ownerOf(file);
    if (owner !== null && (await isAtWork(owner, file))) throw isLocked(folder, owner);
    // Moved away first: of two processes that see the old lock, one gets it.
    const old = join(folder, `${lockFileName}.${process.pid}.tmp`);
    await renameOutput(file, old).catch(() => undefined);
    const moved = await ownerOf(old);
    if (moved !== null && moved !== owner && (await isAtWork(moved, file))) {
      await renameOutput(old, file);
      throw isLocked(folder, moved);
    }
    await removeOutput(old);
  }
  throw isLocked(folder, null);
}

/** The process that a lock names; null where it names none, or is gone. */
async function ownerOf(file: string): Promise<number | null> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) return null;
    const pid = Number(text);
    if (Number.isInteger(pid) && pid > 0) return pid;
    // Made, but perhaps not written yet.
    await setTimeout(100);
  }
  return null;
}

/** Whether the process of a lock is still running. One that was just killed gets a moment to end. */
async function isAtWork(pid: number, file: string): Promise<boolean> {
  if (pid === process.pid) return held.has(file);
  for (let attempt = 0; attempt < 5; attempt++) {
    if (attempt > 0) await setTimeout(100);
    if (!isRunning(pid) || (await isZombie(pid))) return false;
  }
  return true;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else may not be signalled, but lives.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether a process has ended and only its parent has not asked for it yet, which Linux counts as there. */
async function isZombie(pid: number): Promise<boolean> {
  // "number (name) state …"; the name may hold brackets itself. Systems without /proc have no such file.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return /^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
}

function isLocked(folder: string, pid: number | null): InputError {
  const who = pid === null ? 'another process' : `another process (number ${pid})`;
  return new InputError(
    `${who} is at work here.`,
    `Wait until it ends or stop it, or choose another folder. If it is none of the studio’s, delete ${lockFileName} there.`,
    { file: folder },
  );
}
