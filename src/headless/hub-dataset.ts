/** Rows named by their place on a hub (`hub:datasets/cos_e@REV:v1.11/train`): kept in the user's cache, offline afterwards. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError, InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import { choosePart } from '../hub/dataset-files.ts';
import { datasetPrefix, hubPrefix, isCommit, parseDatasetName, type DatasetName } from '../hub/hub-name.ts';
import { replaceOutput } from './files.ts';
import { cacheRoot, fetchTold, hubOfEnvironment, isHubName, isOffline } from './hub-student.ts';

/** A split of a dataset in the cache. */
export interface PlacedDataset {
  folder: string;
  /** The name with its commit, configuration and split: good on another machine too. */
  recorded: string;
}

/** What names came to in this process: a job keeps them with their commit. */
const placed = new Map<string, string>();

/**
 * The files that a path means: itself, or those of a split on the hub, fetched where they are not here.
 * @param usual The split where the name has none.
 * @throws InputError, HubError, StorageError.
 */
export async function dataFiles(path: string, usual: string): Promise<string[]> {
  if (!isHubName(path)) return [path];
  if (!path.startsWith(`${hubPrefix}${datasetPrefix}`)) {
    throw new InputError(
      `"${path}" names a model, not rows.`,
      `Write ${hubPrefix}${datasetPrefix}NAME, or ${hubPrefix}${datasetPrefix}NAME@REVISION:CONFIG/SPLIT.`,
    );
  }
  const { folder, recorded } = await placeDataset(parseDatasetName(path), usual);
  placed.set(path, recorded);
  return (await readdir(folder)).sort().map((file) => join(folder, file));
}

/** What a job keeps of a hub's name: with the commit that it came to; null for a path of a file. */
export function recordedPlace(path: string): string | null {
  return isHubName(path) ? (placed.get(path) ?? path) : null;
}

/** As `dataFiles`: the folder of one split. */
export async function placeDataset(asked: DatasetName, usual: string): Promise<PlacedDataset> {
  const kept = await keptAs(asked, usual);
  const isExact = asked.revision !== null && isCommit(asked.revision);
  if (kept !== null && (isExact || isOffline())) return kept;
  const told = `${asked.name}, split ${asked.split ?? usual},`;
  if (isOffline()) {
    throw new HubError(
      `${told} is not in the cache, and HF_HUB_OFFLINE forbids to ask for it.`,
      'Unset HF_HUB_OFFLINE, or name a file.',
    );
  }
  const client = hubOfEnvironment();
  try {
    const dataset = await client.describeDataset(asked);
    const { config, split, files } = choosePart(dataset.parts, asked, usual);
    const found = { name: dataset.name, commit: dataset.commit, config, split };
    const place = placeOf(found);
    if (!existsSync(place.folder)) await fetchTold(client, { ...dataset, files }, place.folder);
    await rememberAs(asked, usual, found);
    return place;
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    if (kept === null) throw error;
    console.error(`${error.problem} ${told} is taken as it was fetched before: ${kept.recorded}.`);
    return kept;
  }
}

const foundSchema = z.object({
  name: z.string(),
  commit: z.string(),
  config: z.string(),
  split: z.string(),
});
type Found = z.infer<typeof foundSchema>;
const knownSchema = z.record(z.string(), foundSchema);

function placeOf({ name, commit, config, split }: Found): PlacedDataset {
  return {
    folder: join(cacheRoot(`${datasetPrefix}${name}`), commit, config, split),
    recorded: `${hubPrefix}${datasetPrefix}${name}@${commit}:${config}/${split}`,
  };
}

const knownFile = (name: string): string => join(cacheRoot(`${datasetPrefix}${name}`), 'splits.json');

const keyOf = ({ revision, config, split }: DatasetName, usual: string): string =>
  `${revision ?? ''}:${config ?? ''}/${split ?? usual}`;

/** What names came to when they were last asked for; nothing where the file is missing or not ours. */
async function knownOf(name: string): Promise<z.infer<typeof knownSchema>> {
  try {
    return knownSchema.parse(JSON.parse(await readFile(knownFile(name), 'utf8')));
  } catch {
    return {};
  }
}

/** What the cache has for a name, or null. */
async function keptAs(asked: DatasetName, usual: string): Promise<PlacedDataset | null> {
  const { name, revision, config, split } = asked;
  const exact =
    revision !== null && isCommit(revision) && config !== null
      ? { name, commit: revision, config, split: split ?? usual }
      : undefined;
  const found = exact ?? (await knownOf(name))[keyOf(asked, usual)];
  if (found === undefined || !isCommit(found.commit)) return null;
  // Its parts become folders, and the file is anybody's to write.
  const { recorded } = placeOf(found);
  const sound = parseDatasetName(recorded);
  const place = placeOf({
    name: sound.name,
    commit: found.commit,
    config: sound.config ?? '',
    split: sound.split ?? '',
  });
  return existsSync(place.folder) ? place : null;
}

async function rememberAs(asked: DatasetName, usual: string, found: Found): Promise<void> {
  const known = await knownOf(asked.name);
  const key = keyOf(asked, usual);
  if (known[key]?.commit === found.commit) return;
  await replaceOutput(knownFile(asked.name), `${JSON.stringify({ ...known, [key]: found }, null, 2)}\n`);
}
