import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBundledStudent, sampleExamples } from '../../tests/support/sample.ts';
import type { Engine, EngineState } from '../engine/engine.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import type { Student } from '../student/folder.ts';
import { ask, type Asked } from './ask.ts';
import { untouched } from './compare.ts';
import { Questions } from './questions.ts';
import { recipeSchema } from './recipe.ts';
import { Session } from './session.ts';

// Dropout and moments are what a question could disturb.
const recipe = recipeSchema.parse({
  ...{ steps: 3, batchSize: 4, learningRate: 3e-2, dropout: 0.1, seed: 4 },
  ...{ generationMaxTokens: 6, evalEvery: 2, saveEvery: 0 },
});
const train = sampleExamples('train').slice(0, 12);
const test = sampleExamples('test').slice(0, 2);

describe('a question to a run at work', () => {
  let student: Student;
  let engine: Engine;
  const question = test[0]!.input;

  beforeAll(async () => {
    student = await openBundledStudent();
    engine = await createWasmEngine(student, { threads: 2, startThread: startNodeThread, reason: 'a test' });
  });
  afterAll(() => engine.dispose());

  const options = (step: number) => {
    return { engine, tokenizer: student.tokenizer, recipe, baseWeights: student.weights, step };
  };
  const watch = { report: () => undefined, stopped: () => false };

  async function trained(onStep: (step: number, phase: string) => Promise<void>): Promise<EngineState> {
    engine.restore(untouched(student.weights));
    const session = new Session({ engine, tokenizer: student.tokenizer, recipe, train, test });
    let state: EngineState | null = null;
    for await (const event of session.run()) {
      if (event.type === 'save') state = event.state;
      if (event.type === 'state') await onStep(session.step, event.state.phase);
    }
    return state!;
  }

  it('is answered by both, and leaves every byte of the training as it would have been', async () => {
    const undisturbed = await trained(() => Promise.resolve());
    const questions = new Questions();
    const answers: Asked[] = [];
    const said: string[] = [];
    const disturbed = await trained(async (step, phase) => {
      if (phase !== 'training' && phase !== 'evaluating') return;
      const asked = questions.ask(question, (what) => said.push(what));
      await questions.answer(options(step));
      answers.push((await asked)!);
    });

    expect(answers.length).toBeGreaterThan(3);
    expect(said.slice(0, 5)).toEqual([
      'waiting for the step in hand',
      'distilled student answers',
      'distilled student explains',
      'base student answers',
      'base student explains',
    ]);
    // The base student never learns: it says the same each time; the other one does learn.
    expect(new Set(answers.map(({ base }) => JSON.stringify([base.answer, base.rationale]))).size).toBe(1);
    expect(new Set(answers.map(({ distilled }) => distilled.rationale)).size).toBeGreaterThan(1);
    expect(answers.at(-1)).toMatchObject({ step: 3, truncated: false });
    expect(answers[0]!.distilled.answerMs).toBeGreaterThan(0);

    expect(disturbed.step).toBe(undisturbed.step);
    for (const part of ['weights', 'expAvg', 'expAvgSq'] as const) {
      expect(disturbed[part].size).toBe(undisturbed[part].size);
      for (const [name, values] of undisturbed[part]) {
        expect(sameBytes(disturbed[part].get(name)!, values), `${part} ${name}`).toBe(true);
      }
    }
  });

  it('stops between two texts with the trained weights back on the engine', async () => {
    engine.restore(untouched(student.weights));
    const before = await engine.read();
    const changed = new Map(
      [...before.weights].map(([name, values]) => [name, values.map((one) => one / 2)]),
    );
    engine.restore(untouched(changed));
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
});

function sameBytes(one: Float32Array, other: Float32Array): boolean {
  return Buffer.compare(Buffer.from(one.slice().buffer), Buffer.from(other.slice().buffer)) === 0;
}
