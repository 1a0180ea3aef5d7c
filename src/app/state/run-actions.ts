/** What a person does with stored runs. What a run is called is written by the page; its files come and go by the worker. */
import { InputError } from '../../base/errors.ts';
import { create } from 'zustand';
import type { RunLabels, RunRecord } from '../../store/records.ts';
import { refuseOfRunAtWork, whileAtRest } from '../../store/in-use.ts';
import { labelRun, listDeletedRuns, removeDeleted, undoLeftMs } from '../../store/runs.ts';
import type { Results } from '../../worker/protocol.ts';
import { saveFile } from '../download.ts';
import type { DroppedFile } from '../drop.ts';
import { runIn, type FoundRun, type RunFolder } from '../run-drop.ts';
import { studio } from './studio.ts';

interface Shelf {
  /** Deleted runs that can still be had back, the newest first. */
  deleted: readonly RunRecord[];
  /** Ids of the runs that are ticked: laid over each other, or removed together. In the order of the ticks. */
  ticked: readonly string[];
}

export const useShelf = create<Shelf>(() => ({ deleted: [], ticked: [] }));

/** Ticks runs, or takes their ticks away. */
export function tick(runIds: readonly string[], on: boolean): void {
  const others = useShelf.getState().ticked.filter((id) => !runIds.includes(id));
  useShelf.setState({ ticked: on ? [...others, ...runIds] : others });
}

export function clearTicks(): void {
  useShelf.setState({ ticked: [] });
}

/** Any failure is told where the runs are. */
async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    studio.fail('runs', error);
  }
}

export function changeLabels(runId: string, labels: Partial<Omit<RunLabels, 'deletedAt'>>): Promise<void> {
  return told(async () => {
    await labelRun(runId, labels);
    await studio.refresh();
  });
}

/**
 * Deletions and undos, one after the other: Ctrl+Z that is pressed while a deletion is still being written brings
 * back what that one deletes. The count is of those that have not ended.
 */
let deletions: Promise<void> = Promise.resolve();
let openDeletions = 0;

function inTurn(work: () => Promise<void>): Promise<void> {
  openDeletions += 1;
  deletions = deletions.then(() => told(work)).finally(() => (openDeletions -= 1));
  return deletions;
}

/** The run that was shown when it was deleted: it is shown again where it comes back. */
let shownBefore: string | null = null;

/** Hides runs, and removes them for good when the way back has closed: here, or when the studio is next opened. */
export function deleteRuns(runIds: readonly string[]): Promise<void> {
  return inTurn(async () => {
    // Another tab may have begun to train one a moment ago.
    const cannot = 'It cannot be deleted now.';
    for (const id of runIds) await refuseOfRunAtWork(id, cannot);
    const { runId } = studio.get();
    if (runId !== null && runIds.includes(runId)) shownBefore = runId;
    const deletedAt = Date.now();
    try {
      for (const id of runIds) await whileAtRest(id, cannot, () => labelRun(id, { deletedAt }));
    } finally {
      // Also where one of several could not be deleted: the others are.
      tick(runIds, false);
      await studio.refresh();
      await lookAgain();
    }
  });
}

export function undoDelete(runIds: readonly string[]): Promise<void> {
  return inTurn(() => bringBack(runIds));
}

async function bringBack(runIds: readonly string[]): Promise<void> {
  for (const id of runIds) await labelRun(id, { deletedAt: null });
  await studio.refresh();
  if (shownBefore !== null && runIds.includes(shownBefore)) {
    await studio.selectRun(shownBefore);
    shownBefore = null;
  }
  await lookAgain();
}

/** Brings back what was deleted last, all of it at once. False where there is nothing to bring back. */
export function undoLastDelete(): boolean {
  if (useShelf.getState().deleted.length === 0 && openDeletions === 0) return false;
  void inTurn(async () => {
    const { deleted } = useShelf.getState();
    const last = deleted[0]?.deletedAt;
    await bringBack(deleted.filter(({ deletedAt }) => deletedAt === last).map(({ id }) => id));
  });
  return true;
}

/** Gives runs a tag beside those that they have. */
export function addTag(runs: readonly RunRecord[], tag: string): Promise<void> {
  return told(async () => {
    for (const { id, tags = [] } of runs) {
      if (!tags.includes(tag)) await labelRun(id, { tags: [...tags, tag] });
    }
    await studio.refresh();
  });
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Removes deleted runs whose time has come, shows the others, and looks again when the next one's has. */
export function clearAway(): Promise<void> {
  return inTurn(lookAgain);
}

async function lookAgain(): Promise<void> {
  clearTimeout(timer);
  const now = Date.now();
  const waiting: RunRecord[] = [];
  for (const run of await listDeletedRuns()) {
    if (undoLeftMs(run.deletedAt ?? 0, now) === 0) await removeDeleted(run.id);
    else waiting.push(run);
  }
  useShelf.setState({ deleted: waiting.sort((a, b) => (b.deletedAt ?? 0) - (a.deletedAt ?? 0)) });
  const next = Math.min(...waiting.map(({ deletedAt = 0 }) => undoLeftMs(deletedAt, now)));
  if (waiting.length > 0) timer = setTimeout(() => void clearAway(), next + 20);
}

/** The page goes: what was deleted goes with it. What does not come to its end is done at the next opening. */
export function clearAwayAtOnce(): void {
  for (const { id } of useShelf.getState().deleted) void removeDeleted(id).catch(() => undefined);
}

export async function saveRun(runId: string): Promise<void> {
  const file = await studio.request('runs', { type: 'export-run', runId });
  if (file) saveFile(file.fileName, file.blob);
}

export async function importRun(file: File): Promise<void> {
  await showImported(studio.request('runs', { type: 'import-run', file }));
}

/** @param files By path within the run's folder. */
export async function importRunFolder({ name, files }: RunFolder): Promise<void> {
  await showImported(studio.request('runs', { type: 'import-run-folder', name, files }));
}

/** Brings in a run that was found among dropped files. */
export function importFound(found: FoundRun): Promise<void> {
  return 'zip' in found ? importRun(found.zip) : importRunFolder(found);
}

/** Brings in the run of a folder that was picked. */
export function takeRun(files: readonly DroppedFile[]): Promise<void> {
  return told(async () => {
    const found = await runIn(files);
    if (found !== null) return importFound(found);
    throw new InputError(
      'There is no run in this folder: none in it holds run.json and metrics.jsonl.',
      'Choose the folder that a run was written to, out/ of a project for more machines.',
    );
  });
}

async function showImported(importing: Promise<Results['import-run'] | null>): Promise<void> {
  const result = await importing;
  if (!result) return;
  await told(async () => {
    await studio.refresh();
    await studio.selectRun(result.runId);
    // What came in is what a person looks at next.
    useShelf.setState({ ticked: [result.runId] });
  });
}
