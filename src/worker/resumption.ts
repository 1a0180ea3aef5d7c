/** What a run goes on with, and what becomes of it where nobody goes on. */
import { InputError } from '../base/errors.ts';
import { digestRows, type Resumption } from '../distill/checkpoint.ts';
import type { RunState } from '../distill/run-state.ts';
import { newestCheckpoint, trimRun } from '../store/checkpoints.ts';
import { readExamples } from '../store/datasets.ts';
import type { RunRecord } from '../store/records.ts';
import { readRun } from '../store/runs.ts';

export interface Prepared {
  record: RunRecord;
  /** Null: no checkpoint is left, so it begins again with the student as it was. */
  from: Resumption | null;
  /** What was found of damaged checkpoints, in words. */
  damaged: string[];
}

/**
 * Makes a run what it was at its newest checkpoint that is whole. Whoever calls this holds the run (run-lock.ts).
 * @throws InputError where the run or its rows are gone, or the rows are others now.
 */
export async function prepareResumption(runId: string): Promise<Prepared> {
  const run = await readRun(runId);
  if (run === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  if (run.imported) {
    throw new InputError(
      `${run.name} came as a file, with its weights alone: nothing is there to go on from.`,
      'Go on with it where it was trained, or train anew; what it kept can be compared and taken away.',
    );
  }
  if (run.rowsSha256 === null) {
    throw new InputError(
      `${run.name} was begun by an earlier version of the studio, which kept nothing to go on from.`,
      'Train anew; what it kept can still be taken away.',
    );
  }
  const rows = await readExamples(run.datasetId, 'train');
  if (rows.length === 0) {
    throw new InputError(
      `The rows that ${run.name} was trained on are no longer stored.`,
      'Train anew; what it kept can still be taken away.',
    );
  }
  if (run.rowsSha256 !== (await digestRows(rows))) {
    throw new InputError(
      `The rows of ${run.datasetName} are not those that ${run.name} began with.`,
      'Put its files back as they were on Data, or train anew.',
    );
  }
  const damaged: string[] = [];
  const from = await newestCheckpoint(runId, (damage) => damaged.push(damage.problem));
  return { record: await trimRun(run, from?.state.step ?? 0), from, damaged };
}

/** The state of a run that nobody goes on with. */
export function asStopped({ name, savedStep }: RunRecord): RunState {
  if (savedStep !== null) return { phase: 'done', step: savedStep, stopped: true };
  const message = `${name} was interrupted before its first checkpoint, so it kept no weights. Train again.`;
  return { phase: 'failed', step: 0, error: { name: 'Interrupted', message, file: null, line: null } };
}
