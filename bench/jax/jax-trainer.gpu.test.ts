import { beforeAll, describe, expect, it } from 'vitest';
import { probeAdapter } from '../../src/engine/gpu/probe.ts';
import type { Engine, MicroBatch } from '../../src/engine/engine.ts';
import { tinyEngineStudent, tinyMicroBatch } from '../../src/engine/plan/testing/tiny-engine.ts';
import { openNodeGpu } from '../../src/engine/tfjs/node-backend.ts';
import { startNodeThread } from '../../src/engine/wasm/node-thread.ts';
import { createWasmEngine } from '../../src/engine/wasm/wasm-engine.ts';
import { compareRuns, refusal, runChecked, type CheckedRun } from '../check.ts';
import { asContender } from '../contender.ts';
import { openJax } from './open-jax.ts';

const probe = await probeAdapter(await openNodeGpu());
if (probe.kind === 'none') console.log(`Skipped: jax-js, because ${probe.description}.`);

describe.skipIf(probe.kind === 'none')('the jax-js step', () => {
  const student = tinyEngineStudent();
  // Rows of odd lengths: padding and its masks take part.
  const batch = tinyMicroBatch(student.config);
  let jax: CheckedRun;

  async function runEngine(rows: MicroBatch): Promise<CheckedRun> {
    const options = { threads: 1, startThread: startNodeThread, reason: 'A test.' };
    const engine: Engine = await createWasmEngine(student, options);
    const run = await runChecked(asContender(engine), rows);
    engine.dispose();
    return run;
  }

  beforeAll(async () => {
    const { JaxTrainer } = await openJax();
    const trainer = new JaxTrainer(student);
    jax = await runChecked(trainer, batch);
    trainer.dispose();
  });

  it('has the losses, gradients and weights of the compiled engine', async () => {
    const differences = compareRuns(jax, await runEngine(batch), student.weights);
    console.log('largest differences:', differences);
    expect(refusal(differences)).toBeNull();
    expect(jax.results.every(({ tokens }) => tokens === 89)).toBe(true);
  });

  it('is refused where a token of the batch differs', async () => {
    const [first, ...rest] = batch.answer.targets;
    const other = first!.slice();
    other[0] = other[0] === 2 ? 3 : 2;
    const run = await runEngine({ ...batch, answer: { ...batch.answer, targets: [other, ...rest] } });
    expect(refusal(compareRuns(jax, run, student.weights))).toMatch(/differs.*loss.*gradient/);
  });
});
