/** What a run resumes from. */
import { CheckpointError, InputError } from '../base/errors.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import type { Reading } from '../distill/checkpoint-source.ts';
import { newestCheckpoint, trimRun } from '../store/checkpoints.ts';
import { readDataset, trainSha256 } from '../store/datasets.ts';
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
 * Makes a run what it was at its newest checkpoint that is whole. Whoever calls this holds the run
 * (store/locks.ts) and has taken it over.
 * @param fromStart A person has agreed to begin again with step 1 where no checkpoint is whole.
 * @param watched How reading the checkpoint is watched, and ended.
 * @throws InputError where the run or its rows are gone, or the rows are others now; NothingWholeError where every
 * checkpoint is damaged, UnreadableError where one could not be read now. Nothing is removed then.
 */
export async function prepareResumption(
  { id: runId, revision }: Pick<RunRecord, 'id' | 'revision'>,
  fromStart = false,
  watched: Reading = {},
): Promise<Prepared> {
  const stored = await readRun(runId);
  if (stored === null) throw new InputError('That run is no longer stored.', 'Choose another.');
  // Under the revision of whoever asks: what another worker has taken since is not written over.
  const run: RunRecord = { ...stored, ...(revision === undefined ? {} : { revision }) };
  if (run.imported && run.imported.goesOn !== true) {
    throw new InputError(
      `${run.name} came as a file, with its weights alone: there is nothing to resume from.`,
      'Resume it where it was trained, or train again; what it kept can be compared and taken away.',
    );
  }
  if (run.rowsSha256 === null) {
    throw new InputError(
      `${run.name} was begun by an earlier version of the studio, which kept nothing to resume from.`,
      'Train again; what it kept can still be taken away.',
    );
  }
  const dataset = await readDataset(run.datasetId);
  if (dataset === null || (dataset.splits.train?.rows ?? 0) === 0) {
    throw new InputError(
      `The rows that ${run.name} was trained on are no longer stored.`,
      'Train again; what it kept can still be taken away.',
    );
  }
  if (run.rowsSha256 !== (await trainSha256(dataset))) {
    throw new InputError(
      `The rows of ${run.datasetName} are not those that ${run.name} began with.`,
      'Put its files back as they were on Data, or train again.',
    );
  }
  const damaged: string[] = [];
  const from = await newestCheckpoint(runId, (damage) => damaged.push(damage.problem), watched);
  // Without a checkpoint the run begins again with step 1, and its curve goes: where it had one, a person decides.
  if (from === null && run.savedStep !== null && !fromStart) throw new NothingWholeError(run, damaged);
  return { record: await trimRun(run, from?.state.step ?? 0), from, damaged };
}

/** Every checkpoint of a run is damaged. It can only begin again with step 1, which a person has to confirm first. */
export class NothingWholeError extends CheckpointError {
  constructor({ name, step }: RunRecord, damaged: readonly string[]) {
    const why = damaged.length > 0 ? damaged.join(' ') : 'They are no longer stored.';
    super(
      `No checkpoint of ${name} is whole. ${why} Its curve up to step ${step} is still there.`,
      'Nothing was removed. Save its curve if you need it, then begin again with step 1, or repeat the run as a new one.',
    );
  }
}
