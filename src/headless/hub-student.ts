/** A student named by its place on a hub (`hub:google/flan-t5-small@REV`): kept in the user's cache, offline afterwards. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { HubError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import { formatBytes, formatDuration } from '../base/units.ts';
import { HubClient, type HubModel, type HubSource } from '../hub/hub-client.ts';
import { hubPrefix, isCommit, parseEndpoint, parseHubName, type HubName } from '../hub/hub-name.ts';
import { replaceOutput } from './files.ts';
import { fetchFolder } from './hub-folder.ts';
import { ProgressLine } from './progress-line.ts';

/** Where a student is, and what a run's job keeps of it. */
export interface StudentPlace {
  folder: string;
  /** An absolute path, or a hub's name with its commit: good on another machine too. */
  recorded: string;
}

export function isHubName(named: string): boolean {
  return named.startsWith(hubPrefix);
}

/** The folder of a student, fetched where it is on a hub and not here. @throws InputError, HubError, StorageError. */
export async function studentFolder(named: string): Promise<string> {
  return (await placeStudent(named)).folder;
}

/** As `studentFolder`. */
export async function placeStudent(named: string): Promise<StudentPlace> {
  if (!isHubName(named)) return { folder: named, recorded: resolve(named) };
  const asked = parseHubName(named);
  const { commit, folder, name } = await cachedModel(asked);
  return { folder, recorded: `${hubPrefix}${name}@${commit}` };
}

/** A hub as the environment names it. @throws InputError where it names none. */
export function hubOfEnvironment(): HubClient {
  const token = process.env['HF_TOKEN']?.trim();
  const endpoint = parseEndpoint(process.env['HF_ENDPOINT']);
  return new HubClient({
    endpoint,
    token: token === undefined || token === '' ? null : token,
    heldIn: 'environment',
  });
}

/** Whether the environment forbids to ask. */
export function isOffline(): boolean {
  return /^(1|on|yes|true)$/i.test(process.env['HF_HUB_OFFLINE'] ?? '');
}

interface Cached {
  folder: string;
  commit: string;
  name: string;
}

/** A model that is in the cache, or where it can be fetched from. */
export type FoundModel = Cached | { client: HubClient; model: HubModel };

/** A model in the cache, fetched where it is not there yet. @throws InputError, HubError, StorageError. */
export async function cachedModel(asked: HubName): Promise<Cached> {
  const found = await findModel(asked);
  if ('folder' in found) return found;
  const { client, model } = found;
  const { name, commit } = model;
  const folder = cacheFolder(name, commit);
  await fetchTold(client, model, folder);
  await rememberAs(asked, { name, commit });
  return { folder, commit, name };
}

/**
 * Asks the hub only for what the cache cannot know: what a branch is now, and what is not here.
 * @throws InputError where there is no such model or it may not be read; HubError where the hub does not answer.
 */
export async function findModel(asked: HubName): Promise<FoundModel> {
  const kept = await keptAs(asked);
  if (kept !== null && (isCommit(asked.revision) || isOffline())) return kept;
  if (isOffline()) {
    throw new HubError(
      `${asked.name}@${asked.revision} is not in the cache, and HF_HUB_OFFLINE forbids to ask for it.`,
      `Unset HF_HUB_OFFLINE, or fetch it elsewhere: ${otherWay(asked)}`,
    );
  }
  const client = hubOfEnvironment();
  try {
    const model = await client.describe(asked);
    const { commit, name } = model;
    const folder = cacheFolder(name, commit);
    if (!existsSync(folder)) return { client, model };
    await rememberAs(asked, { name, commit });
    return { folder, commit, name };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    if (kept === null)
      throw new HubError(error.problem, `${error.remedy} Where there is a network: ${otherWay(asked)}`);
    console.error(`${error.problem} ${asked.revision} is taken as it was fetched before: ${kept.commit}.`);
    return kept;
  }
}

/** Fetches a model or a part of a dataset, and says on the error stream what is fetched and how it goes. */
export async function fetchTold(client: HubClient, model: HubSource, folder: string): Promise<void> {
  const { name, commit, revision, files, license } = model;
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const line = new ProgressLine(process.stderr);
  line.say(
    `${name}: ${revision === commit ? '' : `${revision} is `}${commit.slice(0, 7)}, ${files.length} files, ` +
      `${formatBytes(totalBytes)}, licence ${license ?? 'not said'}.`,
  );
  const startedAt = performance.now();
  let firstBytes: number | null = null;
  await fetchFolder(client, model, folder, {
    onProgress: (gotBytes) => {
      firstBytes ??= gotBytes;
      const cameBytes = gotBytes - firstBytes;
      if (cameBytes === 0) return;
      const leftMs = ((performance.now() - startedAt) / cameBytes) * (totalBytes - gotBytes);
      line.show(`${formatBytes(gotBytes)} of ${formatBytes(totalBytes)}, ${formatDuration(leftMs)} left`);
    },
  });
  line.say(`${name} is in ${folder}.`);
}

/** The last part is the model's name, which cards and messages call it by. */
function cacheFolder(name: string, commit: string): string {
  return join(cacheRoot(name), commit, name.split('/').at(-1)!);
}

export function cacheRoot(name: string): string {
  const { env, platform } = process;
  const cache =
    env['XDG_CACHE_HOME'] ||
    (platform === 'win32' ? env['LOCALAPPDATA'] : undefined) ||
    join(homedir(), '.cache');
  return join(cache, 'stillroom', 'hub', ...name.split('/'));
}

const revisionsSchema = z.record(z.string(), z.object({ name: z.string(), commit: z.string() }));
type Revisions = z.infer<typeof revisionsSchema>;

/** What each revision was when it was last asked for; nothing where the file is missing or not ours. */
async function revisionsOf(name: string): Promise<Revisions> {
  try {
    return revisionsSchema.parse(JSON.parse(await readFile(revisionsFile(name), 'utf8')));
  } catch {
    return {};
  }
}

const revisionsFile = (name: string): string => join(cacheRoot(name), 'revisions.json');

/** What the cache has for a name, or null. */
async function keptAs({ name, revision }: HubName): Promise<Cached | null> {
  const known = isCommit(revision) ? { name, commit: revision } : (await revisionsOf(name))[revision];
  if (known === undefined || !isCommit(known.commit)) return null;
  const folder = cacheFolder(parseHubName(known.name).name, known.commit);
  return existsSync(folder) ? { ...known, folder } : null;
}

async function rememberAs({ name, revision }: HubName, found: Revisions[string]): Promise<void> {
  if (isCommit(revision)) return;
  const known = await revisionsOf(name);
  if (known[revision]?.commit === found.commit) return;
  await replaceOutput(revisionsFile(name), `${JSON.stringify({ ...known, [revision]: found }, null, 2)}\n`);
}

/** How a person gets the folder elsewhere and brings it. */
function otherWay({ name, revision }: HubName): string {
  const folder = name.split('/').at(-1)!;
  const at = revision === 'main' ? '' : `@${revision}`;
  return `\`headless download ${name}${at} --out ${folder}\`, then --student ${folder}.`;
}
