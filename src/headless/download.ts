/** `headless download`: a student, or rows, from a hub, to a folder or to the cache. */
import { constants } from 'node:fs';
import { cp, rename, rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InputError } from '../base/errors.ts';
import { datasetPrefix, hubPrefix, parseDatasetName, parseHubName } from '../hub/hub-name.ts';
import { readArguments } from './arguments.ts';
import { checkEmpty, notWritten } from './files.ts';
import { placeDataset } from './hub-dataset.ts';
import { cachedModel, fetchTold, findModel } from './hub-student.ts';
import { makeFolder } from './make-folder.ts';
import { withUnfinished } from './unfinished.ts';

export async function download(args: string[]): Promise<void> {
  const { values, positionals } = readArguments('download', args, { out: { type: 'string' } }, true);
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) {
    throw new InputError(
      name === undefined ? 'download needs a model’s name.' : 'download takes one model’s name.',
      'Write it like google/flan-t5-small, or google/flan-t5-small@REVISION.',
    );
  }
  const { out } = values;
  if (name.replace(hubPrefix, '').startsWith(datasetPrefix)) {
    await downloadDataset(name, out);
    return;
  }
  const asked = parseHubName(name);
  if (out === undefined) {
    const { folder, commit, name: found } = await cachedModel(asked);
    console.log(`${folder}: --student ${hubPrefix}${found}@${commit} finds it, without a network too.`);
    return;
  }
  await checkEmpty(out);
  const found = await findModel(asked);
  if ('folder' in found) await copyFolder(found.folder, out);
  else await fetchTold(found.client, found.model, out);
  console.log(`Everything is in ${out}.`);
}

/** A split of a dataset: the one that is named, else train. */
async function downloadDataset(name: string, out: string | undefined): Promise<void> {
  if (out !== undefined) await checkEmpty(out);
  const { folder, recorded } = await placeDataset(parseDatasetName(name), 'train');
  if (out === undefined) {
    console.log(`${folder}: --train ${recorded} finds it, without a network too.`);
    return;
  }
  await copyFolder(folder, out);
  console.log(`Everything is in ${out}.`);
}

/** Copies a folder so that it is there whole or not at all. */
async function copyFolder(from: string, to: string): Promise<void> {
  const place = resolve(to);
  const beside = `${place}.tmp-${process.pid}`;
  await withUnfinished(beside, async () => {
    await makeFolder(dirname(place));
    // Where the disk can, both share their bytes until one is changed.
    await cp(from, beside, { recursive: true, mode: constants.COPYFILE_FICLONE });
    await rmdir(place).catch(() => undefined);
    await rename(beside, place);
  }).catch((error: unknown) => {
    throw notWritten(to, error);
  });
}
