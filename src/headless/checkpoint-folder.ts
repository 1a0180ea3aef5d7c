/**
 * The checkpoints in a run's folder: `checkpoint-N/`, a student's folder of step N with AdamW's moments and
 * `checkpoint.json` beside it. Each is written under another name, flushed to the disk, and then named; the two newest
 * stay, so that a damaged one leaves another to resume from.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, UnreadableError } from '../base/errors.ts';
import {
  checkpointParts,
  isMissing,
  parseFacts,
  weightsOnly,
  writeSlices,
  type CheckpointFacts,
  type Resumption,
} from '../distill/checkpoint.ts';
import { openCheckpoint, type OpenPart } from '../distill/checkpoint-source.ts';
import type { EngineState } from '../engine/engine.ts';
import type { StateSource } from '../engine/state-source.ts';
import type { FolderFile } from '../export/model-folder.ts';
import type { T5Config } from '../student/config.ts';
import {
  appendOutput,
  flushOutput,
  namesIn,
  openRaw,
  removeOutput,
  renameOutput,
  writeOutput,
} from './files.ts';

/** How many are kept. */
const kept = 2;
const factsFile = 'checkpoint.json';

export type FoundCheckpoint = Resumption & Pick<CheckpointFacts, 'engine'>;

export class CheckpointFolder {
  readonly #run: string;

  /** @param run The run's folder. */
  constructor(run: string) {
    this.#run = run;
  }

  /** Steps of the checkpoints that are there, newest first. */
  async steps(): Promise<number[]> {
    const steps = (await namesIn(this.#run)).flatMap((name) => {
      const step = /^checkpoint-(\d+)$/.exec(name)?.[1];
      return step === undefined ? [] : [Number(step)];
    });
    return steps.sort((a, b) => b - a);
  }

  /**
   * Writes a checkpoint whole, then removes all but the newest. A step's state is the same whenever it is reached:
   * where its checkpoint is there, it stays.
   * @param beside What makes a student's folder of it: configuration, tokenizer, `run.json`.
   * @param also Steps that stay as well.
   * @throws StorageError where the disk refuses; what was there before is then unharmed.
   */
  async write(
    facts: Omit<CheckpointFacts, 'files'>,
    state: EngineState | StateSource,
    config: T5Config,
    beside: readonly FolderFile[],
    also: readonly number[] = [],
  ): Promise<void> {
    const steps = await this.steps();
    if (!steps.includes(facts.step)) {
      const folder = this.#of(facts.step);
      const unfinished = `${folder}.tmp`;
      await removeOutput(unfinished);
      const write = async (name: string, content: string | Uint8Array): Promise<void> => {
        await writeOutput(join(unfinished, name), content);
        await flushOutput(join(unfinished, name));
      };
      const files: CheckpointFacts['files'] = [];
      for (const { name, file } of checkpointParts(state, config)) {
        const path = join(unfinished, name);
        await writeOutput(path, new Uint8Array(0));
        files.push(await writeSlices(name, file, (slice) => appendOutput(path, slice)));
        await flushOutput(path);
      }
      const named = new Set<string>(files.map(({ name }) => name));
      for (const file of beside) if (!named.has(file.path)) await write(file.path, file.bytes);
      await write(factsFile, `${JSON.stringify({ ...facts, files }, null, 2)}\n`);
      await flushOutput(unfinished);
      await renameOutput(unfinished, folder);
      await flushOutput(this.#run);
    }
    const older = steps.filter((step) => step !== facts.step).slice(kept - 1);
    for (const old of older) if (!also.includes(old)) await this.remove(old);
  }

  /** The weights of the checkpoint of a step, piece by piece; null where it is not there, or they are not whole. */
  async openWeights(step: number): Promise<StateSource | null> {
    try {
      return await openCheckpoint(weightsOnly(await this.#facts(step)), this.#partsOf(step));
    } catch (error) {
      if (error instanceof CheckpointError) return null;
      throw error;
    }
  }

  #partsOf(step: number): OpenPart {
    return ({ name }) => openRaw(join(this.#of(step), name));
  }

  /**
   * The newest checkpoint that is whole; null where there is no checkpoint at all. Damaged ones are told. They are
   * removed only where an earlier one is whole: the run then writes these steps again.
   * @param options.keep Nothing is removed: somebody only looks.
   * @throws CheckpointError where all are damaged, UnreadableError where one could not be read now: nothing is removed.
   */
  async newest(
    tell: (words: string) => void,
    { keep = false }: { keep?: boolean } = {},
  ): Promise<FoundCheckpoint | null> {
    for (const name of keep ? [] : await namesIn(this.#run)) {
      if (/^checkpoint-\d+\.tmp$/.test(name)) await removeOutput(join(this.#run, name));
    }
    const damaged: number[] = [];
    for (const step of await this.steps()) {
      try {
        const facts = await this.#facts(step);
        const state = await openCheckpoint(facts, this.#partsOf(step));
        for (const later of keep ? [] : damaged) await this.remove(later);
        return { state, elapsedMs: facts.elapsedMs, engine: facts.engine };
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        tell(error.problem);
        damaged.push(step);
      }
    }
    if (damaged.length === 0) return null;
    throw new CheckpointError(
      `No checkpoint in ${this.#run} is whole.`,
      'Nothing was removed. Put its files back as they were, or train again with another --out.',
    );
  }

  async remove(step: number): Promise<void> {
    await removeOutput(this.#of(step));
  }

  async #facts(step: number): Promise<CheckpointFacts> {
    let text = '';
    try {
      text = await readFile(join(this.#of(step), factsFile), 'utf8');
    } catch (error) {
      if (!isMissing(error)) {
        throw new UnreadableError(
          `${factsFile} of the checkpoint of step ${step} could not be read (${String(error)}).`,
          'Nothing was removed. Check the disk and the rights of its folder, then resume again.',
        );
      }
    }
    const facts = parseFacts(text);
    if (facts?.step === step) return facts;
    throw new CheckpointError(
      `The checkpoint of step ${step} is damaged: its ${factsFile} is missing or not as it was written.`,
      'Resume from an earlier one, or train again.',
    );
  }

  #of(step: number): string {
    return join(this.#run, `checkpoint-${step}`);
  }
}
