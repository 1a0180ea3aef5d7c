/** Batches larger than the memory that there is: the engine cuts them, and says the same. */
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../base/errors.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { randomBatch, tinyEngineStudent, tinyUpdate } from '../plan/testing/tiny-engine.ts';
import { loadKernels } from './kernels.ts';
import { WasmExecutor } from './wasm-executor.ts';

const kernels = await loadKernels();
const student = tinyEngineStudent();
const rows = Array.from({ length: 24 }, (_, index) => [40 + index, 20] as const);
const answer = randomBatch(student.config, 1, rows);

const open = (maximumBytes?: number): PlanEngine =>
  new PlanEngine(student, {
    createExecutor: (layout) => new WasmExecutor(layout, { kernels, ...(maximumBytes && { maximumBytes }) }),
    reason: 'A test.',
  });

describe('with little memory', () => {
  test('training, evaluation and generation are cut, and give what they give with enough', async () => {
    const whole = open();
    const step = await whole.step([{ answer, rationale: answer }], tinyUpdate);
    const { loss } = await whole.evaluate(answer);
    const options = { maxNewTokens: 12, numBeams: 1 };
    const said = await whole.generate(answer.inputs, options);
    const most = whole.describe().bytesHeld / 2;
    const cut = open(most);
    const cutStep = await cut.step([{ answer, rationale: answer }], tinyUpdate);
    // Sums in another order: single precision.
    expect(Math.abs(cutStep.loss / step.loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(cutStep.gradNorm / step.gradNorm - 1)).toBeLessThan(1e-4);
    expect(Math.abs((await cut.evaluate(answer)).loss / loss - 1)).toBeLessThan(1e-5);
    expect((await cut.generate(answer.inputs, options)).map(({ ids }) => ids.length)).toEqual(
      said.map(({ ids }) => ids.length),
    );
    expect(cut.describe().bytesHeld).toBeLessThanOrEqual(most);
  });

  test('what does not fit even row by row is refused in words that say what would', async () => {
    const tight = open(500_000);
    await expect(tight.step([{ answer, rationale: null }], tinyUpdate)).rejects.toThrow(EngineError);
    await expect(tight.step([{ answer, rationale: null }], tinyUpdate)).rejects.toThrow('LoRA');
  });
});
