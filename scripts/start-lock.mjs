/**
 * One start at a time in this copy of the project: two that install and build beside each other would write the same
 * files. Uses nothing but Node itself.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const lockName = 'start.lock';
const waitMs = 200;

/** Whether a process is there. One of somebody else may not be signalled, but lives. */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The process that a lock names; null where there is none, or it names none (yet). */
function ownerOf(file) {
  try {
    return Number(readFileSync(file, 'utf8')) || null;
  } catch {
    return null;
  }
}

/** Creates a file and its content in one step, so that no process sees it empty. @returns False where it is there already. */
function create(file, text) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, text);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    // A file system without links.
    try {
      writeFileSync(file, text, { flag: 'wx' });
      return true;
    } catch (failed) {
      if (failed.code === 'EEXIST') return false;
      throw failed;
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes the lock of a process that is gone out of the way; of two that see it, one does. */
function removeDead(file, dead) {
  const moved = `${file}.${process.pid}.old`;
  try {
    renameSync(file, moved);
  } catch {
    return;
  }
  // Another process was faster, and this is its lock: it is put back.
  if (ownerOf(moved) !== dead) create(file, readFileSync(moved, 'utf8'));
  rmSync(moved, { force: true });
}

/**
 * Waits until no other start is at work in a folder. The lock is let go at the process's end at the latest.
 * @returns Lets it go.
 */
export async function takeTurn(folder) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, lockName);
  let told = false;
  while (!create(file, `${process.pid}\n`)) {
    const owner = ownerOf(file);
    if (owner !== null && !isRunning(owner)) {
      removeDead(file, owner);
      continue;
    }
    if (!told)
      console.log(
        `Another start (process ${owner ?? 'unknown'}) is at work; waiting for it. If there is none, delete ${file}.`,
      );
    told = true;
    await setTimeout(waitMs);
  }
  const letGo = () => {
    if (ownerOf(file) === process.pid) rmSync(file, { force: true });
  };
  process.once('exit', letGo);
  return letGo;
}

const folderName = /^studio-of-(\d+)$/;

/** The folder that this process builds to and serves: no other start touches it. */
export function ownFolder(build) {
  return join(build, `studio-of-${process.pid}`);
}

/** Removes the folders of starts whose process is gone. */
export function removeLeft(build) {
  for (const name of readdirSync(build)) {
    const pid = Number(folderName.exec(name)?.[1]);
    if (pid === process.pid || (pid > 0 && !isRunning(pid)))
      rmSync(join(build, name), { recursive: true, force: true });
  }
}
