import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBundledStudent, sampleExamples } from '../../tests/support/sample.ts';
import { stateOf, type Engine } from '../engine/engine.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import type { Student } from '../student/folder.ts';
import { ask, answerSome } from './ask.ts';
import { recipeSchema } from './recipe.ts';

// Dropout and moments are what a question could disturb.
const recipe = recipeSchema.parse({
  steps: 3,
  batchSize: 4,
  learningRate: 3e-2,
  dropout: 0.1,
  seed: 4,
  generationMaxTokens: 6,
  evalEvery: 2,
  saveEvery: 0,
});
const test = sampleExamples('test').slice(0, 2);

describe('a question', () => {
  let student: Student;
  let engine: Engine;
  const question = test[0]!.input;

  beforeAll(async () => {
    student = await openBundledStudent();
    engine = await createWasmEngine(student, { threads: 2, startThread: startNodeThread, reason: 'a test' });
  });
  afterAll(() => engine.dispose());

  const options = (step: number) => {
    const asking = { numBeams: 1, maxNewTokens: null, rationale: true, base: true };
    return { engine, tokenizer: student.tokenizer, recipe, baseWeights: student.weights, step, asking };
  };
  const watch = { report: () => undefined, stopped: () => false };

  it('stops between two texts with the trained weights back on the engine', async () => {
    engine.restore(stateOf(student.weights));
    const before = await engine.read();
    const changed = new Map(
      [...before.weights].map(([name, values]) => [name, values.map((one) => one / 2)]),
    );
    engine.restore(stateOf(changed));
    let reports = 0;
    const asked = await ask(options(1), question, {
      report: () => (reports += 1),
      stopped: () => reports === 3,
    });
    expect(asked).toBeNull();
    for (const [name, values] of (await engine.read()).weights)
      expect(sameBytes(values, changed.get(name)!), name).toBe(true);
  });

  it('teaches no rationale by the standard method, says where a question was cut, and refuses none', async () => {
    const standard = { ...options(0), recipe: { ...recipe, method: 'standard' as const, maxInputTokens: 4 } };
    const asked = await ask(standard, question, watch);
    expect(asked?.distilled.rationale).toBeNull();
    expect(asked?.truncated).toBe(true);
    await expect(ask(options(0), ' \n', watch)).rejects.toThrow(/The question is empty/);
  });

  it('writes with beams, shorter, without rationale and base, where a person wants it so', async () => {
    engine.restore(stateOf(student.weights));
    const plain = await ask(options(0), question, watch);
    expect(plain?.distilled.rationale).toBeTypeOf('string');
    expect(plain?.base).not.toBeNull();
    const asking = { numBeams: 3, maxNewTokens: 2, rationale: false, base: false };
    const asked = await ask({ ...options(0), asking }, question, watch);
    expect(asked).toMatchObject({ base: null, distilled: { rationale: null, rationaleMs: null } });
    const input = student.tokenizer.encode(`predict: ${question}`, recipe.maxInputTokens);
    const [written] = await engine.generate([input], { maxNewTokens: 2, numBeams: 3 });
    expect(asked?.distilled.answer).toBe(student.tokenizer.decode(written!.ids));
    const some = await answerSome(options(0), [question, test[1]!.input]);
    expect(some).toHaveLength(2);
    expect(some[0]).toEqual({ answer: plain?.distilled.answer, rationale: plain?.distilled.rationale });
  });
});

function sameBytes(one: Float32Array, other: Float32Array): boolean {
  return Buffer.compare(Buffer.from(one.slice().buffer), Buffer.from(other.slice().buffer)) === 0;
}
