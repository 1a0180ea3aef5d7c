/** Files fetched from a hub into a folder: it is there whole and checked, or not at all; a break is resumed. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HubError, InputError, NoRoomError, StillroomError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import type { HubFile } from '../hub/file-hash.ts';
import type { HubClient, HubSource } from '../hub/hub-client.ts';
import { untilWhole, usualWaitsMs } from '../hub/until-whole.ts';
import { readT5Config } from '../student/config.ts';
import { checkEmpty, namesIn, notWritten } from './files.ts';
import { lockFileName, withRunLock } from './run-lock.ts';
import { makeFolder } from './make-folder.ts';

export interface FetchOptions {
  onProgress?: (gotBytes: number, totalBytes: number) => void;
  /** See `untilWhole`. */
  waitsMs?: readonly number[];
}

/**
 * Fetches the files of a model, or a part of a dataset, into a folder that is not there yet, or is empty. Until it is whole it is in `FOLDER.partial`,
 * where the next call finds what a break left.
 * @throws InputError where it is no T5, before its weights are asked for; HubError where the hub breaks off or sends
 * other bytes than it lists; NoRoomError where the disk is full.
 */
export async function fetchFolder(
  client: HubClient,
  model: HubSource,
  folder: string,
  { onProgress = () => undefined, waitsMs = usualWaitsMs }: FetchOptions = {},
): Promise<void> {
  await checkEmpty(folder);
  checkNames(model);
  const place = resolve(folder);
  const partial = `${place}.partial`;
  await checkPartial(partial);
  await withRunLock(partial, async () => {
    const whole = join(partial, 'whole');
    const totalBytes = model.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    try {
      await makeFolder(whole);
      await checkRoom(partial, totalBytes, model);
      let doneBytes = 0;
      // The configuration first: what is no T5 is refused before its weights are asked for.
      for (const file of [...model.files].sort(configFirst)) {
        const before = doneBytes;
        await new FileFetch(client, model, file, partial).run(waitsMs, (gotBytes) =>
          onProgress(before + gotBytes, totalBytes),
        );
        doneBytes += file.sizeBytes;
        if (model.kind === 'model' && file.path === 'config.json')
          await checkConfig(join(whole, file.path), model);
      }
      // What another revision left here goes.
      const names = new Set(model.files.map(localName));
      for (const name of await readdir(whole)) {
        if (!names.has(name)) await rm(join(whole, name), { recursive: true, force: true });
      }
      await rmdir(place).catch(() => undefined);
      await rename(whole, place);
      await rm(partial, { recursive: true, force: true });
    } catch (error) {
      // What trying again cannot fix is not kept: what is no T5 (an InputError of its configuration), and what has no room.
      const isHopeless = error instanceof InputError && error.file === configOf(model);
      if (isHopeless || error instanceof NoRoomError) await rm(partial, { recursive: true, force: true });
      if (error instanceof StillroomError) throw error;
      throw notWritten(folder, error);
    }
  });
}

const configFirst = (a: HubFile, b: HubFile): number =>
  Number(b.path === 'config.json') - Number(a.path === 'config.json') || a.sizeBytes - b.sizeBytes;

const configOf = ({ name }: HubSource): string => `${name}/config.json`;

/** What a file is called here: a repository's folders become part of it. */
function localName({ path }: HubFile): string {
  return path.replaceAll('/', '-');
}

/** @throws InputError where two files would be one here: some disks take capital letters for small ones. */
function checkNames(model: HubSource): void {
  const paths = new Map<string, string>();
  for (const file of model.files) {
    const name = localName(file).normalize('NFC').toLowerCase();
    const other = paths.get(name);
    if (other !== undefined)
      throw new InputError(
        `it has ${other} and ${file.path}, which would be one file on a disk.`,
        'Choose another revision, or ask whoever made it.',
        { file: model.name },
      );
    paths.set(name, file.path);
  }
}

/** @throws InputError where it is no T5 that can be trained. */
async function checkConfig(file: string, model: HubSource): Promise<void> {
  readT5Config(await readFile(file, 'utf8'), configOf(model));
}

/** @throws NoRoomError where the disk has no room for what is still to come. */
async function checkRoom(partial: string, totalBytes: number, { name }: HubSource): Promise<void> {
  const { bavail, bsize } = await statfs(partial);
  let haveBytes = 0;
  for (const entry of await readdir(partial, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) haveBytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  if (bavail * bsize >= totalBytes - haveBytes) return;
  throw noRoom(name, dirname(partial), totalBytes);
}

function noRoom(name: string, where: string, totalBytes: number): NoRoomError {
  return new NoRoomError(
    `${name} takes ${formatBytes(totalBytes)}, and the disk of ${where} has no room for it. Nothing of it is kept.`,
    'Free some space, or choose another --out.',
  );
}

/** @throws InputError where it holds what no download left: it is removed in the end. */
async function checkPartial(partial: string): Promise<void> {
  const isOurs = (name: string) =>
    name === 'whole' || name.startsWith(lockFileName) || name.endsWith('.part');
  const other = (await namesIn(partial)).find((name) => !isOurs(name));
  if (other === undefined) return;
  throw new InputError(
    `what is on its way would be kept in this folder, which holds something else (${other}).`,
    'Move it away, or choose another --out.',
    { file: partial },
  );
}

/** One file on its way to the disk. */
class FileFetch {
  readonly #client: HubClient;
  readonly #model: HubSource;
  readonly #file: HubFile;
  readonly #place: string;
  /** Named by the hash: what is left of another revision is never used. */
  readonly #part: string;
  readonly #partial: string;

  constructor(client: HubClient, model: HubSource, file: HubFile, partial: string) {
    this.#client = client;
    this.#model = model;
    this.#file = file;
    this.#partial = partial;
    this.#place = join(partial, 'whole', localName(file));
    this.#part = join(partial, `${localName(file)}.${file.hash.hex.slice(0, 16)}.part`);
  }

  async run(waitsMs: readonly number[], onProgress: (gotBytes: number) => void): Promise<void> {
    const { sizeBytes } = this.#file;
    if (await this.#isHere()) {
      onProgress(sizeBytes);
      return;
    }
    const left = await this.#left();
    const { hash } = left;
    let { gotBytes } = left;
    onProgress(gotBytes);
    const readOn = async (fromByte: number): Promise<void> => {
      for await (const chunk of this.#append(fromByte)) {
        hash.update(chunk);
        gotBytes += chunk.length;
        onProgress(gotBytes);
      }
    };
    try {
      await untilWhole({ sizeBytes, gotBytes: () => gotBytes, readOn }, waitsMs);
    } catch (error) {
      throw error instanceof HubError ? this.#brokeOff(gotBytes, error) : error;
    }
    if (gotBytes !== sizeBytes || hash.digest('hex') !== this.#file.hash.hex) {
      await rm(this.#part, { force: true });
      throw new HubError(
        `${this.#model.name}/${this.#file.path} came with other bytes than ${this.#client.host} lists (${this.#file.hash.algorithm === 'sha256' ? 'SHA-256' : 'git’s SHA-1'}). They are not kept.`,
        'Try again; if it happens again, something between here and the hub changes what is sent.',
      );
    }
    await rename(this.#part, this.#place);
  }

  /** Appends what comes to the part, and hands it on once it is written. */
  async *#append(fromByte: number): AsyncGenerator<Uint8Array> {
    const room = this.#file.sizeBytes - fromByte;
    let written = 0;
    const part = await open(this.#part, 'a').catch((error: unknown) => this.#refused(error));
    try {
      for await (const chunk of this.#client.read(this.#model, this.#file, fromByte)) {
        // Never more than was announced: an endless answer fills no disk.
        const taken = chunk.subarray(0, room - written + 1);
        await part.appendFile(taken).catch((error: unknown) => this.#refused(error));
        written += taken.length;
        yield taken;
        if (written > room) return;
      }
      await part.sync().catch(() => undefined);
    } finally {
      await part.close();
    }
  }

  #refused(error: unknown): never {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      const totalBytes = this.#model.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      throw noRoom(this.#model.name, dirname(this.#partial), totalBytes);
    }
    throw notWritten(this.#part, error);
  }

  /** What an earlier try left, read into its hash. */
  async #left(): Promise<{ gotBytes: number; hash: Hash }> {
    const found = await hashOf(this.#part, this.#file);
    if (found !== null && found.gotBytes <= this.#file.sizeBytes) return found;
    if (found !== null) await rm(this.#part, { force: true });
    return { gotBytes: 0, hash: newHash(this.#file) };
  }

  /** Whether an earlier try brought the whole file. */
  async #isHere(): Promise<boolean> {
    const found = await hashOf(this.#place, this.#file);
    return found !== null && found.hash.digest('hex') === this.#file.hash.hex;
  }

  #brokeOff(gotBytes: number, error: HubError): HubError {
    return new HubError(
      `${error.problem} Of ${this.#model.name}/${this.#file.path} ${formatBytes(gotBytes)} of ${formatBytes(this.#file.sizeBytes)} have come, and are kept.`,
      'The same command resumes from there.',
    );
  }
}

function newHash({ hash, sizeBytes }: HubFile): Hash {
  switch (hash.algorithm) {
    case 'sha256':
      return createHash('sha256');
    case 'git-sha1':
      return createHash('sha1').update(`blob ${sizeBytes}\0`);
    default:
      return hash.algorithm satisfies never;
  }
}

/** Null where there is no such file. */
async function hashOf(path: string, file: HubFile): Promise<{ gotBytes: number; hash: Hash } | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  const hash = newHash(file);
  let gotBytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    gotBytes += chunk.length;
  }
  return { gotBytes, hash };
}
