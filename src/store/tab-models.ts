/** Language models from a hub that are kept in this browser, each with the pieces of its files (hub-pieces.ts). */
import { z } from '../base/schemas.ts';
import { openPieces } from './hub-pieces.ts';

const modelSchema = z.object({
  /** `OWNER/MODEL` on its hub. */
  name: z.string(),
  /** How its weights are kept; one entry for each. */
  precision: z.string(),
  files: z.array(z.object({ path: z.string(), id: z.string(), sizeBytes: z.number().int().nonnegative() })),
});
export type TabModelRecord = z.infer<typeof modelSchema>;

/** By what a kept model is known. */
export function tabModelId({ name, precision }: Pick<TabModelRecord, 'name' | 'precision'>): string {
  return JSON.stringify([name, precision]);
}

const indexName = 'index.json';

async function folder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle('hub-models', { create: true });
}

/** Whole models alone; what cannot be read counts as none. */
export async function listTabModels(): Promise<TabModelRecord[]> {
  try {
    const file = await (await (await folder()).getFileHandle(indexName)).getFile();
    return z.array(modelSchema).parse(JSON.parse(await file.text()));
  } catch {
    return [];
  }
}

/** One tab at a time: what another wrote meanwhile stays. */
function change(make: (known: TabModelRecord[]) => TabModelRecord[]): Promise<void> {
  return navigator.locks.request('stillroom-tab-models', async () => {
    const handle = await (await folder()).getFileHandle(indexName, { create: true });
    const next = make(await listTabModels());
    const writable = await handle.createWritable();
    await writable.write(JSON.stringify(next));
    await writable.close();
  });
}

const isSame = (one: TabModelRecord, other: TabModelRecord): boolean => tabModelId(one) === tabModelId(other);

export function keepTabModel(model: TabModelRecord): Promise<void> {
  return change((known) => [...known.filter((one) => !isSame(one, model)), model]);
}

/** Removes a model, and the files that no other one has. */
export async function removeTabModel(model: TabModelRecord): Promise<void> {
  let left: TabModelRecord[] = [];
  await change((known) => (left = known.filter((one) => !isSame(one, model))));
  const used = new Set(left.flatMap(({ files }) => files.map(({ id }) => id)));
  for (const { id } of model.files) {
    if (!used.has(id)) await (await openPieces(id, 'onnx')).clear();
  }
}

/** A kept model's files, by path; null where the browser has lost some of it. */
export async function readTabModel({
  files,
}: TabModelRecord): Promise<{ path: string; file: Blob }[] | null> {
  const found: { path: string; file: Blob }[] = [];
  for (const { path, id, sizeBytes } of files) {
    const file = new Blob(await (await openPieces(id, 'onnx')).blobs());
    if (file.size !== sizeBytes) return null;
    found.push({ path, file });
  }
  return found;
}
