/** What is stored, measured, and removed. */
import { create } from 'zustand';
import { removeRunFiles } from '../../store/checkpoint-places.ts';
import { removeCheckpoint } from '../../store/checkpoints.ts';
import { deleteDataset } from '../../store/datasets.ts';
import { deleteExperiment } from '../../store/experiments.ts';
import { heldExperiments } from '../../store/locks.ts';
import type { Holder } from '../../store/holders.ts';
import type { StoredSizes } from '../../store/sizes.ts';
import { deleteStudent } from '../../store/students.ts';
import { studio } from './studio.ts';
import { readRoom } from './room.ts';

interface Sizes {
  sizes: StoredSizes | null;
  /** Experiments that some page was at work on when it was measured; null where the browser cannot tell. */
  heldExperiments: ReadonlyMap<string, Holder> | null;
}

export const useSizes = create<Sizes>(() => ({ sizes: null, heldExperiments: null }));

/** Measures again; what was measured before stands until then. */
export async function measure(): Promise<void> {
  const sizes = await studio.request('storage', { type: 'measure-storage' });
  if (sizes) useSizes.setState({ sizes, heldExperiments: await heldExperiments() });
  await readRoom();
}

export type Removal =
  | { kind: 'dataset'; id: string }
  | { kind: 'student'; id: string }
  | { kind: 'tab-model'; id: string }
  | { kind: 'experiment'; id: string }
  | { kind: 'checkpoint'; runId: string; id: string }
  /** Files that no run names. */
  | { kind: 'left-over'; runId: string };

export async function remove(removal: Removal): Promise<void> {
  try {
    await removeFromStore(removal);
    await studio.refresh();
  } catch (error) {
    studio.fail('storage', error);
    return;
  }
  await measure();
}

async function removeModel(id: string): Promise<void> {
  const { listTabModels, removeTabModel, tabModelId } = await import('../../store/tab-models.ts');
  const model = (await listTabModels()).find((one) => tabModelId(one) === id);
  if (model !== undefined) await removeTabModel(model);
}

function removeFromStore(removal: Removal): Promise<void> {
  switch (removal.kind) {
    case 'dataset':
      return deleteDataset(removal.id);
    case 'student':
      return deleteStudent(removal.id);
    case 'tab-model':
      return removeModel(removal.id);
    case 'experiment':
      return deleteExperiment(removal.id);
    case 'checkpoint':
      return removeCheckpoint(removal.runId, removal.id);
    case 'left-over':
      return removeRunFiles(removal.runId);
    default:
      return removal satisfies never;
  }
}
