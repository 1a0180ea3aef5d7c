/** What a plan says that a run takes, against what engines then hold and the process then has in memory. */
import { describe, expect, test } from 'vitest';
import {
  constantStudent,
  memoryShape,
  memoryUpdate,
  openWasmFor,
  residentBytes,
  rowsOf,
} from '../../bench/memory.ts';
import type { PlanEngine } from '../../src/engine/plan/plan-engine.ts';
import { runMemory, type RunShape } from '../../src/engine/plan/run-memory.ts';
import { tinyEngineStudent } from '../../src/engine/plan/testing/tiny-engine.ts';
import { wgslModel } from '../../src/engine/wgsl/wgsl-bytes.ts';
import { openTestEngine } from '../../src/engine/wgsl/testing/open-engine.ts';
import { loadKernels } from '../../src/engine/wasm/kernels.ts';
import { wasmModel } from '../../src/engine/wasm/memory-layout.ts';
import { checkpointParts, writeSlices } from '../../src/distill/checkpoint.ts';
import type { T5Config } from '../../src/student/config.ts';
import { publishedShapes } from '../../src/student/shapes.ts';
import { hasGpu } from '../support/gpu.ts';

const threads = 2;

/** The most that memory grows by while a checkpoint is written, seen at each slice. */
async function growthOfCheckpoint(engine: PlanEngine, config: T5Config): Promise<number> {
  const before = await residentBytes();
  let most = 0;
  for (const { name, file } of checkpointParts(engine.source(), config)) {
    await writeSlices(name, file, async () => {
      most = Math.max(most, (await residentBytes()) - before);
    });
  }
  return most;
}

const flanSmall = publishedShapes.get('flan-t5-small')!;

const narrow = { ...flanSmall, num_layers: 4, num_decoder_layers: 4 };
const cases: [string, T5Config, RunShape][] = [
  [
    '6 M parameters, 32 rows of 64',
    { ...narrow, vocab_size: 4096, d_model: 256, num_heads: 4, d_ff: 512 },
    memoryShape(16, 64, 32),
  ],
  ['32 M parameters, 4 rows of 128', { ...narrow, vocab_size: 8192 }, memoryShape(2, 128, 16)],
  ['the shape of flan-t5-small, 4 rows of 64', flanSmall, memoryShape(2, 64, 32)],
];

describe('on WebAssembly the estimate is what is held, and resident memory grows by it within 15 %', () => {
  for (const [name, config, shape] of cases) {
    test(name, { timeout: 120_000 }, async () => {
      const { steadyBytes, peakBytes } = runMemory(config, shape, wasmModel(await loadKernels(), threads));
      const student = constantStudent(config);
      const before = await residentBytes();
      const engine = await openWasmFor(student);
      await engine.step([rowsOf(shape)], memoryUpdate);
      await engine.step([rowsOf(shape)], { ...memoryUpdate, step: 2 });
      const grown = (await residentBytes()) - before;
      const { bytesHeld } = engine.describe();
      const beside = await growthOfCheckpoint(engine, config);
      // The comparison sets the trained weights aside.
      const putBack = await engine.standIn(student.weights);
      const grownAtPeak = (await residentBytes()) - before;
      await putBack();
      engine.dispose();
      console.log(
        `${name}: steady ${steadyBytes}, held ${bytesHeld}, grown by ${grown}; peak ${peakBytes}, grown by ${grownAtPeak}; a checkpoint ${beside}`,
      );
      expect(bytesHeld).toBe(steadyBytes);
      expect(Math.abs(grown / steadyBytes - 1)).toBeLessThan(0.15);
      expect(Math.abs(grownAtPeak / peakBytes - 1)).toBeLessThan(0.15);
      // Of a slice and pieces on their way, as many as garbage collection leaves.
      expect(beside).toBeLessThan(64e6);
    });
  }
});

test.skipIf(!hasGpu)('on WebGPU the buffers held are the estimate', { timeout: 120_000 }, async () => {
  const student = tinyEngineStudent({ d_model: 64, d_kv: 16, d_ff: 96, vocab_size: 512 });
  const shape = memoryShape(4, 32, 16);
  const { steadyBytes } = runMemory(student.config, shape, wgslModel());
  const engine = await openTestEngine(student);
  await engine.step([rowsOf(shape)], memoryUpdate);
  const { bytesHeld } = engine.describe();
  console.log(`estimate ${steadyBytes}, held ${bytesHeld}`);
  engine.dispose();
  // The rounding of buffers to 16 bytes, and what stays of tuning.
  expect(Math.abs(bytesHeld / steadyBytes - 1)).toBeLessThan(0.02);
});
