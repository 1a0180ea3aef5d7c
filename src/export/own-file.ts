/** What of the studio's own a file is, by what is in it: a model's zip, a run's, a recipe, predictions. */
import { blobEntries, type BlobEntry } from '../formats/zip-blob.ts';
import { recipeSchema } from '../distill/recipe.ts';
import { recordName } from './unpack-archive.ts';

export type OwnFile =
  | { kind: 'run' }
  /** The files of the student's folder, each with its path. */
  | { kind: 'student'; files: { path: string; file: File }[] }
  | { kind: 'recipe' }
  | { kind: 'predictions' };

/** A recipe is no longer than this. */
const longestRecipe = 2 ** 20;
/** As much of predictions as has their first line. */
const firstLineBytes = 2 ** 18;
const weightsName = /^(?:.*\.safetensors(?:\.index\.json)?|pytorch_model.*\.bin)$/;
/** Columns that predictions have, and rows of people do not. */
const predictionColumns = ['row', 'input', 'label', 'base', 'distilled', 'rationale'];

/** Null where it is nothing of the studio's: rows, say. */
export async function ownFile(file: File): Promise<OwnFile | null> {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (start[0] === 0x50 && start[1] === 0x4b) return ownZip(file);
  if (start[0] !== 0x7b) return null;
  if (file.size <= longestRecipe && isRecipe(parsed(await file.text()))) return { kind: 'recipe' };
  const [line = ''] = (await file.slice(0, firstLineBytes).text()).split('\n', 1);
  const first = parsed(line);
  return predictionColumns.every((column) => Object.hasOwn(first, column)) ? { kind: 'predictions' } : null;
}

/** The object that a text is; an empty one where it is none. */
function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Settings of a recipe and nothing else; what is wrong with one is told where it is read. */
function isRecipe(value: object): boolean {
  const keys = Object.keys(value);
  const known = new Set([...Object.keys(recipeSchema.shape), 'data']);
  return !Array.isArray(value) && keys.length >= 2 && keys.every((key) => known.has(key));
}

async function ownZip(file: File): Promise<OwnFile | null> {
  const entries = (await blobEntries(file)) ?? [];
  const names = entries.map(({ path }) => path);
  if (
    names.some((path) => nameOf(path) === recordName) &&
    names.some((path) => nameOf(path) === 'metrics.jsonl')
  )
    return { kind: 'run' };
  const folder = studentFolderOf(entries);
  if (folder === null) return null;
  const root = file.name.replace(/(?:\.run)?\.zip$/i, '') || 'student';
  const files: { path: string; file: File }[] = [];
  for (const entry of entries) {
    if (folderOf(entry.path) !== folder) continue;
    const content = await entry.blob();
    if (content === null) return null;
    files.push({ path: `${root}/${nameOf(entry.path)}`, file: new File([content], nameOf(entry.path)) });
  }
  return { kind: 'student', files };
}

/** The folder with a configuration and weights; of several the first; null where there is none. */
function studentFolderOf(entries: readonly BlobEntry[]): string | null {
  const weights = entries
    .filter(({ path }) => weightsName.test(nameOf(path)))
    .map(({ path }) => folderOf(path));
  const configured = new Set(
    entries.filter(({ path }) => nameOf(path) === 'config.json').map(({ path }) => folderOf(path)),
  );
  return weights.find((folder) => configured.has(folder)) ?? null;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
