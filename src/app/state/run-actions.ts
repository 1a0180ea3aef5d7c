/** What a person does with stored runs. What a run is called is written by the page; its files come and go by the worker. */
import { InputError } from '../../base/errors.ts';
import { create } from 'zustand';
import type { RunLabels, RunRecord } from '../../store/records.ts';
import { labelRun, listDeletedRuns, removeDeleted, undoLeftMs } from '../../store/runs.ts';
import type { Results } from '../../worker/protocol.ts';
import { saveFile } from '../download.ts';
import type { DroppedFile } from '../drop.ts';
import { runIn, type FoundRun, type RunFolder } from '../run-drop.ts';
import { studio } from './studio.ts';
import { runLooks } from '../charts/overlay-series.ts';

interface Shelf {
  /** Deleted runs that can still be had back, the newest first. */
  deleted: readonly RunRecord[];
  /** Ids of the runs that are laid over each other. */
  overlaid: readonly string[];
}

export const useShelf = create<Shelf>(() => ({ deleted: [], overlaid: [] }));

/** More lines than this nobody tells apart. */
export const mostOverlaid = runLooks.length;

export function overlay(runId: string, laid: boolean): void {
  const others = useShelf.getState().overlaid.filter((id) => id !== runId);
  useShelf.setState({ overlaid: laid ? [...others, runId] : others });
}

export function clearOverlay(): void {
  useShelf.setState({ overlaid: [] });
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

/** Hides a run, and removes it for good when the way back has closed: here, or when the studio is next opened. */
export function deleteRun(runId: string): Promise<void> {
  return told(async () => {
    await labelRun(runId, { deletedAt: Date.now() });
    await studio.refresh();
    await clearAway();
  });
}

export function undoDelete(runId: string): Promise<void> {
  return told(async () => {
    await labelRun(runId, { deletedAt: null });
    await studio.refresh();
    await clearAway();
  });
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Removes deleted runs whose time has come, shows the others, and looks again when the next one's has. */
export async function clearAway(): Promise<void> {
  clearTimeout(timer);
  const now = Date.now();
  const waiting: RunRecord[] = [];
  for (const run of await listDeletedRuns()) {
    if (undoLeftMs(run.deletedAt ?? 0, now) === 0) await removeDeleted(run.id);
    else waiting.push(run);
  }
  useShelf.setState({ deleted: waiting.sort((a, b) => (b.deletedAt ?? 0) - (a.deletedAt ?? 0)) });
  const next = Math.min(...waiting.map(({ deletedAt = 0 }) => undoLeftMs(deletedAt, now)));
  if (waiting.length > 0) timer = setTimeout(() => void told(clearAway), next + 20);
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
  });
}
