/** What it takes to write a checkpoint and to resume from one, above what a run takes anyway. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointParts, writeSlices, type CheckpointFile } from '../src/distill/checkpoint.ts';
import { openCheckpoint } from '../src/distill/checkpoint-source.ts';
import type { Engine } from '../src/engine/engine.ts';
import type { StateSource } from '../src/engine/state-source.ts';
import { appendOutput, openRaw } from '../src/headless/files.ts';
import type { T5Config } from '../src/student/config.ts';

/** The largest resident memory, looked at whenever a piece was read or written: garbage is in it. */
class Peak {
  bytes = 0;
  look(): void {
    this.bytes = Math.max(this.bytes, process.memoryUsage.rss());
  }
}

/** The same source, and a look at memory after each piece. */
function watched(source: StateSource, peak: Peak): StateSource {
  return {
    ...source,
    async *pieces(tensor) {
      for await (const piece of source.pieces(tensor)) {
        peak.look();
        yield piece;
        peak.look();
      }
    },
  };
}

/**
 * Writes an engine's state as a run does, and puts it back from the files.
 * @param resident Memory of this process after a collection of garbage.
 * @returns Bytes of the checkpoint, and by how much resident memory was above the run's while it was written and read.
 */
export async function measureSaving(
  engine: Engine,
  config: T5Config,
  resident: () => Promise<number>,
): Promise<{ checkpointBytes: number; savingBytes: number; resumingBytes: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'stillroom-checkpoint-'));
  try {
    const files: CheckpointFile[] = [];
    const saving = new Peak();
    const beforeSaving = await resident();
    const source = engine.source();
    for (const { name, file } of checkpointParts(watched(source, saving), config))
      files.push(await writeSlices(name, file, (slice) => appendOutput(join(folder, name), slice)));
    const { engine: name, backend, adapter } = engine.describe();
    if (backend === 'cpu') throw new Error('The twin is not measured.');
    const facts = { step: source.step, elapsedMs: 0, engine: { engine: name, backend, adapter }, files };
    const resuming = new Peak();
    const beforeResuming = await resident();
    const from = await openCheckpoint(facts, (file) => openRaw(join(folder, file.name)));
    resuming.look();
    await engine.restoreFrom(watched(from, resuming));
    resuming.look();
    return {
      checkpointBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      savingBytes: saving.bytes - beforeSaving,
      resumingBytes: resuming.bytes - beforeResuming,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
