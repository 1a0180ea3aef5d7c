/** The weights that a run kept, back as weights. */
import { InputError } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { readWeights } from '../store/runs.ts';
import type { Weights } from '../student/config.ts';
import { parseSafetensors } from '../student/safetensors.ts';

/** @throws InputError where the run kept none. */
export async function storedWeights(runId: string): Promise<Weights> {
  const bytes = await readWeights(runId);
  if (bytes === null) {
    throw new InputError(
      'This run kept no weights: it ended before the first save.',
      'Train again, with a smaller “save every”.',
    );
  }
  const weights: Weights = new Map();
  for (const [name, tensor] of parseSafetensors(bytes, 'the stored weights').tensors) {
    if (tensor.data instanceof Float32Array) weights.set(name, tensor.data);
  }
  return weights;
}

/** Puts the weights that a run kept on an engine. */
export async function restoreWeights(engine: Engine, runId: string): Promise<void> {
  engine.restore({ weights: await storedWeights(runId), expAvg: new Map(), expAvgSq: new Map(), step: 0 });
}
