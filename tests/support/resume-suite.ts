/** Tests, for any engine, that a run resumed from its checkpoint on a newly opened engine is the same to the byte. */
import { describe, expect, test } from 'vitest';
import { checkpointParts, writeSlices } from '../../src/distill/checkpoint.ts';
import type { CheckpointFile, CheckpointFileName } from '../../src/distill/checkpoint.ts';
import { openCheckpoint } from '../../src/distill/checkpoint-source.ts';
import type { Engine, EngineStudent } from '../../src/engine/engine.ts';
import type { StateSource } from '../../src/engine/state-source.ts';
import { expectSameState } from './same-state.ts';
import { standInCases, standInStudent, trainTiny } from './stand-in-suite.ts';

/** What comes back of the files that an engine's state is written as. */
async function throughFiles(engine: Engine, { config }: EngineStudent): Promise<StateSource> {
  const source = engine.source();
  const bytesOf = new Map<CheckpointFileName, Uint8Array<ArrayBuffer>>();
  const files: CheckpointFile[] = [];
  for (const { name, file } of checkpointParts(source, config)) {
    const bytes = new Uint8Array(file.sizeBytes);
    files.push(await writeSlices(name, file, (slice, offset) => bytes.set(slice, offset)));
    bytesOf.set(name, bytes);
  }
  const facts = { step: source.step, files, elapsedMs: 0, engine: engine.describe() };
  return openCheckpoint(facts, ({ name }) => new Blob([bytesOf.get(name)!]));
}

/** The bytes of the weights and of all averages, and every figure of the steps, as if nothing had ended in between. */
export function describeResume(
  name: string,
  open: (student: EngineStudent) => Promise<Engine> | Engine,
  {
    skip = false,
    which = standInCases,
  }: { skip?: boolean; which?: readonly (typeof standInCases)[number][] } = {},
): void {
  describe.skipIf(skip)(name, () => {
    test.each(which)('%s', { timeout: 240_000 }, async (one) => {
      const { trained } = standInStudent(one);
      const whole = await open(trained);
      const expected = await trainTiny(whole, 1, 5);
      const state = await whole.read();
      whole.dispose();

      const ended = await open(trained);
      await trainTiny(ended, 1, 3);
      const kept = await throughFiles(ended, trained);
      await trainTiny(ended, 4, 4); // Of which nothing is kept.
      ended.dispose();

      const resumed = await open(trained);
      await resumed.restoreFrom(kept);
      expect(await trainTiny(resumed, 4, 5)).toEqual(expected.slice(3));
      expectSameState(await resumed.read(), state);
      resumed.dispose();
    });
  });
}
