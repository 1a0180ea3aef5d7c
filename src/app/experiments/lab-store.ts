/** The experiments as they are stored, and what a person does with them. Statuses are the worker's, order the person's. */
import { useEffect } from 'react';
import { create } from 'zustand';
import { again, countsOf, moved, without } from '../../experiment/queue.ts';
import { changeExperiment, deleteExperiment, listExperiments } from '../../store/experiments.ts';
import { heldExperiments } from '../../store/locks.ts';
import type { Holder } from '../../store/holders.ts';
import type { ExperimentRecord } from '../../store/records.ts';
import type { CommandOf, NewExperiment } from '../../worker/protocol.ts';
import { busyObstacle } from '../actions/start-training.ts';
import { studio } from '../state/studio.ts';
import { studioStore, useStudio } from '../state/studio-store.ts';
import { experimentHash } from './experiment-address.ts';

interface Lab {
  /** Newest first; null until they were read. */
  experiments: readonly ExperimentRecord[] | null;
  /** Those that some page's worker holds, and whose it is; null where the browser cannot tell. */
  held: ReadonlyMap<string, Holder> | null;
}

export const useLab = create<Lab>(() => ({ experiments: null, held: null }));

/** Any failure is told where those of runs are. */
async function told(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    studio.fail('run', error);
  }
}

export function readLab(): Promise<void> {
  return told(async () => {
    const [experiments, held] = await Promise.all([listExperiments(), heldExperiments()]);
    useLab.setState({ experiments, held });
  });
}

/** Another tab may be at work. */
const readEveryMs = 1000;

/** Keeps the experiments as they are stored, while they are seen. */
export function useFreshLab(): void {
  // A run that begins, ends or pauses changes what is stored of its experiment.
  const phases = useStudio((state) => state.runs.map(({ id, state: { phase } }) => `${id} ${phase}`).join());
  const isRunning = useLab(
    ({ experiments }) => experiments?.some(({ phase }) => phase === 'running') ?? false,
  );
  useEffect(() => void readLab(), [phases]);
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => void readLab(), readEveryMs);
    return () => clearInterval(timer);
  }, [isRunning]);
}

export async function beginExperiment(experiment: NewExperiment): Promise<void> {
  const begun = await studio.request('run', { type: 'start-experiment', experiment });
  await readLab();
  if (begun !== null) location.hash = experimentHash(begun.experimentId);
}

export async function resumeExperiment(experimentId: string): Promise<void> {
  studioStore.setState({ asked: null });
  await studio.request('run', { type: 'resume-experiment', experimentId });
  await readLab();
}

export async function haltExperiment(
  experimentId: string,
  how: CommandOf<'halt-experiment'>['how'],
): Promise<void> {
  if (how !== 'after this run') studioStore.setState({ asked: how });
  await studio.request('run', { type: 'halt-experiment', experimentId, how });
  await readLab();
}

function changeQueue(
  id: string,
  change: (runs: ExperimentRecord['runs']) => ExperimentRecord['runs'],
): Promise<void> {
  return told(async () => {
    await changeExperiment(id, (record) => ({ ...record, runs: change(record.runs) }));
    await readLab();
  });
}

export function moveRun(id: string, name: string, by: number): Promise<void> {
  return changeQueue(id, (runs) => moved(runs, name, by));
}

export function leaveOut(id: string, name: string): Promise<void> {
  return changeQueue(id, (runs) => without(runs, name));
}

/** A failed run waits again; where its experiment had come to its end, it begins at once. */
export async function tryAgain(id: string, name: string): Promise<void> {
  const was = { over: false };
  await told(async () => {
    await changeExperiment(id, (record) => {
      const { waiting, atWork } = countsOf(record.runs);
      was.over = waiting + atWork === 0;
      // Should it not begin now, it waits until a person resumes it: nothing of it was interrupted.
      return { ...record, phase: was.over ? 'paused' : record.phase, runs: again(record.runs, name) };
    });
    await readLab();
  });
  if (was.over && busyObstacle(studioStore.getState()) === null) await resumeExperiment(id);
}

/** Removes an experiment; its runs stay. */
export function removeExperiment(id: string): Promise<void> {
  return told(async () => {
    await deleteExperiment(id);
    await readLab();
    location.hash = experimentHash(null);
  });
}
