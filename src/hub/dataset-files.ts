/** Which files of a repository are rows, and of which configuration and split: by their paths, as the hub lays them out. */
import { InputError } from '../base/errors.ts';
import type { HubFile } from './file-hash.ts';
import type { DatasetName } from './hub-name.ts';

export interface DatasetPart {
  config: string;
  split: string;
  /** In the order of their numbers. */
  files: HubFile[];
}

const rowsFile = /^(.*)\.(?:parquet|jsonl|json|csv|tsv)(?:\.gz|\.zst)?$/;
/** What is no rows of a split by its name. */
const otherFile = /^(?:dataset_infos?|dataset_dict|state|config|package)$/;

/**
 * The parts of a dataset, as files of Parquet where it has them: `v1.11/train/0000.parquet` (what the hub makes),
 * `data/train-00000-of-00002.parquet`, `plain_text/test.jsonl`, `train.csv`.
 */
export function partsOf(files: readonly HubFile[]): DatasetPart[] {
  const parquet = files.filter(({ path }) => path.endsWith('.parquet'));
  const parts = new Map<string, DatasetPart>();
  for (const file of parquet.length > 0 ? parquet : files) {
    const stem = rowsFile.exec(file.path)?.[1];
    if (stem === undefined) continue;
    const folders = stem.split('/');
    const last = folders.pop()!;
    if (otherFile.test(last)) continue;
    // The hub numbers the files of a split, in its folder; others carry number and count in their name.
    const split = /^\d+$/.test(last) ? folders.pop() : last.replace(/-\d+-of-\d+$/, '');
    if (split === undefined || split === '') continue;
    const folder = folders.filter((one) => one !== 'data').join('-');
    const config = folder === '' ? 'default' : folder;
    const key = `${config}/${split}`;
    const part = parts.get(key) ?? { config, split: split.replace(/^partial-/, ''), files: [] };
    part.files.push(file);
    parts.set(key, part);
  }
  for (const { files: some } of parts.values()) some.sort((a, b) => (a.path < b.path ? -1 : 1));
  return [...parts.values()];
}

/**
 * The part that a name means.
 * @param usual The split where the name has none.
 * @throws InputError naming what there is, where it means none or several.
 */
export function choosePart(
  parts: readonly DatasetPart[],
  { name, config, split }: DatasetName,
  usual: string,
): DatasetPart {
  const configs = [...new Set(parts.map((part) => part.config))];
  const [only] = configs;
  const chosen = config ?? (configs.length === 1 || configs.includes('default') ? null : undefined);
  if (only === undefined) {
    throw new InputError('this dataset has no files of rows that are read here.', 'Choose another.', {
      file: name,
    });
  }
  if (chosen === undefined) {
    throw new InputError(
      `this dataset has several configurations: ${configs.join(', ')}.`,
      `Name one: ${name}:${only}/${split ?? usual}.`,
      { file: name },
    );
  }
  const wantedConfig = chosen ?? (configs.includes('default') ? 'default' : only);
  const ofConfig = parts.filter((part) => part.config === wantedConfig);
  if (ofConfig.length === 0) {
    throw new InputError(
      `this dataset has no configuration ${wantedConfig}; it has ${configs.join(', ')}.`,
      'Check its spelling.',
      { file: name },
    );
  }
  const found = ofConfig.find((part) => part.split === (split ?? usual));
  if (found !== undefined) return found;
  const splits = ofConfig.map((part) => part.split);
  throw new InputError(
    `${wantedConfig} has no split ${split ?? usual}; it has ${splits.join(', ')}.`,
    `Name one: ${name}:${wantedConfig}/${splits[0]!}.`,
    { file: name },
  );
}
