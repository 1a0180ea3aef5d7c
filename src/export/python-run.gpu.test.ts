import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openBundledStudent, sampleExamples } from '../../tests/support/sample.ts';
import { recipeSchema } from '../distill/recipe.ts';
import { Session } from '../distill/session.ts';
import { startNodeThread } from '../engine/wasm/node-thread.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { pythonOf } from './python-run.ts';

/** A Python with what the program imports: the one that STILLROOM_PYTHON names, or the machine's own. */
const python = process.env['STILLROOM_PYTHON'] ?? 'python3';
const found = spawnSync(python, ['-c', 'import torch, transformers, accelerate'], { stdio: 'ignore' });
if (found.status !== 0) {
  console.log(`No torch, transformers and accelerate in ${python}: “Copy as Python” is not run here.`);
}

const folder = mkdtempSync(join(tmpdir(), 'stillroom-python-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.skipIf(found.status !== 0)('takes the same steps in Python as here', { timeout: 300_000 }, async () => {
  // Nothing left to chance, so that both see the same rows; the third batch is cut short by the end of the epoch.
  const recipe = recipeSchema.parse({
    ...{ alpha: 0.3, steps: 3, batchSize: 4, accumulation: 2, learningRate: 2e-3, warmupSteps: 1 },
    ...{ weightDecay: 0.01, dropout: 0, shuffle: false, maxInputTokens: 48, maxTargetTokens: 24 },
    ...{ evalEvery: 0, saveEvery: 0, generationMaxTokens: 4 },
  });
  const examples = sampleExamples('train').slice(0, 11);
  examples[1]!.rationale = null;
  const train = join(folder, 'rows.jsonl');
  writeFileSync(train, examples.map((row) => JSON.stringify(row)).join('\n'));
  const student = join(import.meta.dirname, '../../public/students/nano');
  const data = { train, trainRationales: null, test: train, testRationales: null };
  const program = join(folder, 'train.py');
  writeFileSync(program, pythonOf({ recipe, student, data, testRows: 2 }));
  const ran = spawnSync(python, [program, '--out', join(folder, 'out')], {
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' },
  });
  expect(ran.status, ran.stderr.slice(-3000)).toBe(0);
  const state = JSON.parse(readFileSync(join(folder, 'out', 'trainer_state.json'), 'utf8')) as {
    log_history: {
      answer_loss?: number;
      rationale_loss?: number;
      grad_norm?: number;
      learning_rate?: number;
    }[];
  };
  const theirs = state.log_history.filter((entry) => entry.answer_loss !== undefined);

  const opened = await openBundledStudent();
  const engine = await createWasmEngine(opened, { threads: 1, startThread: startNodeThread, reason: 'test' });
  const session = new Session({ engine, tokenizer: opened.tokenizer, recipe, train: examples, test: [] });
  const ours = [];
  for await (const event of session.run()) if (event.type === 'metrics') ours.push(event.point);
  engine.dispose();

  expect(theirs).toHaveLength(3);
  ours.forEach((point, index) => {
    const their = theirs[index]!;
    console.log(
      `step ${point.step}: answer ${point.answerLoss} / ${their.answer_loss}, rationale ${point.rationaleLoss} / ${their.rationale_loss}, norm ${point.gradNorm} / ${their.grad_norm}`,
    );
    // Sums of float32 in another order.
    expect(point.answerLoss / their.answer_loss!).toBeCloseTo(1, 4);
    expect(point.rationaleLoss! / their.rationale_loss!).toBeCloseTo(1, 4);
    expect(point.gradNorm / their.grad_norm!).toBeCloseTo(1, 3);
  });
});
