/** What the studio has stored of its runs, read in the page as the browser has it. */
import type { Page } from '@playwright/test';

export interface StoredRun {
  id: string;
  steps: number[];
  losses: number[];
  /** Test accuracies, in order of steps. */
  evaluations: { step: number; correct: number; total: number }[];
  /** Of all steps, by the last point. */
  elapsedMs: number;
  checkpoints: { id: string; step: number; where: string; sha256: string[] }[];
}

/** The newest run, with its points and checkpoints in order of steps. */
export function runOnDisk(page: Page): Promise<StoredRun> {
  return page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error(request.error?.message));
      });
    interface Row {
      evaluations: { step: number; correct: number; total: number }[];
      runId: string;
      points: { step: number; loss: number; elapsedMs: number }[];
      id: string;
      step: number;
      where: string;
      createdAt: number;
      files: { name: string; sha256: string[] }[];
    }
    const database = await asked(indexedDB.open('stillroom'));
    const all = async (store: string): Promise<Row[]> =>
      (await asked(database.transaction(store).objectStore(store).getAll())) as Row[];
    const [runs, metrics, checkpoints] = await Promise.all([all('runs'), all('metrics'), all('checkpoints')]);
    database.close();
    const [run] = runs.sort((a, b) => b.createdAt - a.createdAt);
    const id = run?.id ?? '';
    const points = metrics.flatMap((row) => (row.runId === id ? row.points : []));
    return {
      id,
      steps: points.map(({ step }) => step),
      losses: points.map(({ loss }) => loss),
      evaluations: run?.evaluations ?? [],
      elapsedMs: points.at(-1)?.elapsedMs ?? 0,
      checkpoints: checkpoints
        .filter(({ runId }) => runId === id)
        .sort((a, b) => a.step - b.step)
        .map(({ id, step, where, files }) => ({ id, step, where, sha256: files[0]!.sha256 })),
    };
  });
}

/** SHA-256 of the weights of a run's last checkpoint, from its file. */
export function storedModelSha256(page: Page, { id, checkpoints }: StoredRun): Promise<string> {
  const { id: checkpoint } = checkpoints.at(-1)!;
  return page.evaluate(
    async ([run, folder]) => {
      const root = await navigator.storage.getDirectory();
      const runs = await root.getDirectoryHandle('checkpoints');
      const of = await (await runs.getDirectoryHandle(run)).getDirectoryHandle(folder);
      const file = await (await of.getFileHandle('model.safetensors')).getFile();
      const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
      return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
    },
    [id, checkpoint] as const,
  );
}

export type Damage = 'changed' | 'cut short' | 'deleted';

/** Harms the moments of the newest run's newest checkpoint: one byte in the middle, its second half, or all of it. */
export async function changeNewest(page: Page, damage: Damage = 'changed'): Promise<void> {
  const { id, checkpoints } = await runOnDisk(page);
  await change(page, id, checkpoints.at(-1)!.id, damage);
}

/** Changes one byte in every checkpoint of the newest run. */
export async function changeEvery(page: Page): Promise<void> {
  const { id, checkpoints } = await runOnDisk(page);
  for (const checkpoint of checkpoints) await change(page, id, checkpoint.id, 'changed');
}

async function change(page: Page, runId: string, checkpointId: string, damage: Damage): Promise<void> {
  await page.evaluate(
    async ([run, folder, damage]) => {
      const name = 'optimizer.safetensors';
      const root = await navigator.storage.getDirectory();
      const runs = await root.getDirectoryHandle('checkpoints');
      const of = await (await runs.getDirectoryHandle(run)).getDirectoryHandle(folder);
      if (damage === 'deleted') {
        await of.removeEntry(name);
        return;
      }
      const handle = await of.getFileHandle(name);
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      bytes[bytes.length >> 1]! ^= 1;
      const writable = await handle.createWritable();
      await writable.write(damage === 'changed' ? bytes : bytes.subarray(0, bytes.length >> 1));
      await writable.close();
    },
    [runId, checkpointId, damage] as const,
  );
}
