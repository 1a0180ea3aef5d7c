/** Whether dropped files are a run: a zip that the studio or a project for more machines wrote, or a run's folder. */
import type { DroppedFile } from './drop.ts';

/** A run's folder, with its files by path within it, and the project's `scale.json` as `../scale.json`. */
export interface RunFolder {
  name: string;
  files: DroppedFile[];
}

export type FoundRun = { zip: File } | RunFolder;

/** Null where there is none. A folder that holds `run.zip` is brought in by that. */
export async function runIn(files: readonly DroppedFile[]): Promise<FoundRun | null> {
  const [first] = files;
  if (files.length === 1 && first && /\.zip$/i.test(first.path))
    return (await isRunZip(first.file)) ? { zip: first.file } : null;
  const paths = new Set(files.map(({ path }) => path));
  // The recipe alone is in a student's folder too.
  const recipe = [...paths]
    .filter((path) => /(?:^|\/)run\.json$/.test(path) && paths.has(beside(path, 'metrics.jsonl')))
    .sort((a, b) => a.split('/').length - b.split('/').length)[0];
  if (recipe === undefined) return null;
  const zip = files.find(({ path }) => path === beside(recipe, 'run.zip'));
  if (zip !== undefined) return { zip: zip.file };
  const folder = beside(recipe, '');
  const project = beside(folder.slice(0, -1), 'scale.json');
  const name = folder === '' ? 'run' : folder.slice(0, -1).split('/').at(-1)!;
  return {
    name,
    files: files.flatMap(({ path, file }) => {
      if (path.startsWith(folder)) return [{ path: path.slice(folder.length), file }];
      return path === project ? [{ path: '../scale.json', file }] : [];
    }),
  };
}

function beside(path: string, name: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) + name;
}

/** Names of a zip's files are at its end. */
async function isRunZip(file: File): Promise<boolean> {
  const end = new Uint8Array(await file.slice(-65_536).arrayBuffer());
  const text = new TextDecoder('latin1').decode(end);
  return text.includes('record.json') && text.includes('metrics.jsonl');
}
