/** A student's state on a GPU: set aside there within what the plan says, and kept in checkpoints. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryShape, memoryUpdate, rowsOf } from '../../../bench/memory.ts';
import { hasGpu } from '../../../tests/support/gpu.ts';
import { describeResume } from '../../../tests/support/resume-suite.ts';
import { expectSameState } from '../../../tests/support/same-state.ts';
import { describeStandIn, standInStudent } from '../../../tests/support/stand-in-suite.ts';
import type { Weights } from '../../student/config.ts';
import { initialiseAdapters, type Lora } from '../../student/lora/lora.ts';
import type { EngineStudent } from '../engine.ts';
import { runMemory } from '../plan/run-memory.ts';
import { tinyEngineStudent, tinyMicroBatch, tinyUpdate } from '../plan/testing/tiny-engine.ts';
import type { Gpu } from './gpu.ts';
import { openTestEngine } from './testing/open-engine.ts';
import { openTestGpu } from './testing/open-gpu.ts';
import { wgslModel } from './wgsl-bytes.ts';

const bytesOf = (weights: Weights): number =>
  [...weights.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);

// One GPU for all, so that kernels are compiled once.
let gpu: Gpu;
beforeAll(async () => {
  if (hasGpu) gpu = await openTestGpu();
});
afterAll(() => {
  if (hasGpu) gpu.close();
});

describeStandIn('WebGPU lets another student answer', (student) => openTestEngine(student, { gpu }), {
  skip: !hasGpu,
  which: ['whole', 'frozen', 'lora on a half base'],
});

describeResume(
  'WebGPU resumes from a checkpoint to the byte',
  (student) => openTestEngine(student, { gpu }),
  {
    skip: !hasGpu,
    which: ['adafactor', 'lora'],
  },
);

describe.skipIf(!hasGpu)('on WebGPU', () => {
  const { trained, base } = standInStudent('whole');

  test('a device without room for a copy has it in memory of the host', { timeout: 240_000 }, async () => {
    const engine = await openTestEngine(trained, { gpu });
    await engine.step([tinyMicroBatch(trained.config)], tinyUpdate);
    const state = await engine.read();
    const held = engine.describe().bytesHeld;
    const { device } = gpu;
    const popErrorScope = device.popErrorScope.bind(device);
    device.popErrorScope = async () => {
      await popErrorScope();
      return { message: 'there is no room' };
    };
    const putBack = await engine.standIn(base.weights);
    device.popErrorScope = popErrorScope;
    expect(engine.describe().bytesHeld).toBe(held);
    const { answer } = tinyMicroBatch(trained.config);
    const alone = await openTestEngine(base, { gpu });
    expect(await engine.evaluate(answer)).toEqual(await alone.evaluate(answer));
    await putBack();
    expectSameState(await engine.read(), state);
    alone.dispose();
    engine.dispose();
  });

  test('what is set aside when an engine is disposed of is freed too', { timeout: 240_000 }, async () => {
    const before = gpu.bytesHeld;
    const engine = await openTestEngine(trained, { gpu });
    await engine.standIn(base.weights);
    engine.dispose();
    expect(gpu.bytesHeld).toBe(before);
  });

  test.each([
    ['whole weights', null],
    ['adapters', { rank: 4, alpha: 4, dropout: 0, targets: ['q', 'v'] }],
  ])(
    'no more is held than the plan said, however often, of %s',
    { timeout: 240_000 },
    async (_name, lora: Lora | null) => {
      const student = tinyEngineStudent({ d_model: 64, d_kv: 16, d_ff: 96, vocab_size: 512 });
      const { config } = student;
      const adapted: EngineStudent =
        lora === null
          ? student
          : { ...student, adapters: { lora, weights: initialiseAdapters(config, lora, 1) } };
      const shape = { ...memoryShape(4, 32, 16), lora };
      const { steadyBytes, peakBytes } = runMemory(config, shape, wgslModel());
      const engine = await openTestEngine(adapted, { gpu, poison: false });
      const before = gpu.bytesHeld - engine.describe().bytesHeld;
      const rows = rowsOf(shape);
      await engine.step([rows], memoryUpdate);
      const steady = engine.describe().bytesHeld - before;
      const { inputs } = rows.answer;
      const options = { maxNewTokens: shape.generationTokens, numBeams: 1 };
      await engine.generate(inputs, options);
      const putBack = await engine.standIn(student.weights);
      await engine.generate(inputs, options);
      const peak = engine.describe().bytesHeld - before;
      await putBack();
      const settled = gpu.bytesHeld;
      for (let step = 2; step <= 6; step += 1) {
        await engine.step([rows], { ...memoryUpdate, step });
        const again = await engine.standIn(student.weights);
        await engine.generate(inputs, options);
        await again();
        expect(gpu.bytesHeld).toBe(settled);
      }
      engine.dispose();
      console.log(`steady ${steadyBytes}, held ${steady}; at most ${peakBytes}, held ${peak}`);
      // The rounding of buffers to 16 bytes.
      expect(Math.abs(steady / steadyBytes - 1)).toBeLessThan(0.02);
      // What is planned beside the buffers is a checkpoint on its way: so small a student's is whole, four times.
      const trainedBytes = bytesOf(adapted.adapters?.weights ?? student.weights);
      const asideBytes = lora === null ? trainedBytes : 0;
      expect(Math.abs(peak / (peakBytes - 4 * trainedBytes + asideBytes) - 1)).toBeLessThan(0.02);
    },
  );
});
