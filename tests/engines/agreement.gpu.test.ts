import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { joinTeacher } from '../../src/data/join.ts';
import { asDataset, asRationales, readDataFile } from '../../src/data/read-file.ts';
import { recipeSchema } from '../../src/distill/recipe.ts';
import type { MetricsPoint } from '../../src/distill/run-state.ts';
import { Session } from '../../src/distill/session.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openNodeBackend } from '../../src/engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../../src/engine/tfjs/tfjs-engine.ts';
import { startNodeThread } from '../../src/engine/wasm/node-thread.ts';
import { createWasmEngine } from '../../src/engine/wasm/wasm-engine.ts';
import { readStudentFolder } from '../../src/student/folder.ts';
import { filesInMemory } from '../../src/student/student-files.ts';

const shared = join(import.meta.dirname, '../../../shared');
const present = existsSync(join(shared, 'golden/cos-e-run'));
if (!present) console.log('Skipped: 50 steps of CoS-E on both engines, because ../shared is not there.');

describe.skipIf(!present)('50 steps of CoS-E', () => {
  it('are the same on the compiled plan and on TensorFlow.js, dropout included', async () => {
    const folder = join(shared, 'golden/cos-e-run/student');
    const files = new Map(
      readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
    );
    const student = await readStudentFolder(filesInMemory(files), 'student');
    const read = (file: string) => readDataFile(file, readFileSync(join(shared, 'data/cos_e', file), 'utf8'));
    const train = joinTeacher(
      asDataset(read('cos_e_v1.11_train.jsonl')),
      asRationales(read('PaLM_CoT_train.json')),
    ).examples.slice(0, 400);
    // Both make the same dropout masks (src/engine/dropout.ts) from the same seed.
    const recipe = recipeSchema.parse({
      steps: 50,
      batchSize: 4,
      learningRate: 1e-3,
      dropout: 0.1,
      evalEvery: 0,
      saveEvery: 0,
    });

    async function losses(engine: Engine): Promise<MetricsPoint[]> {
      const points: MetricsPoint[] = [];
      for await (const event of new Session({
        engine,
        tokenizer: student.tokenizer,
        recipe,
        train,
        test: [],
      }).run()) {
        if (event.type === 'metrics') points.push(event.point);
      }
      engine.dispose();
      return points;
    }
    const ours = await losses(
      await createWasmEngine(student, { threads: 2, startThread: startNodeThread, reason: 'A test.' }),
    );
    const reference = await losses(createTfjsEngine(student, await openNodeBackend({ backend: 'wasm' })));

    expect(ours).toHaveLength(50);
    // Twice the goldens' tolerance for 20 steps, since both engines may be off by it.
    ours.forEach((point, index) => {
      const other = reference[index]!;
      for (const key of ['answerLoss', 'rationaleLoss', 'loss'] as const) {
        expect(Math.abs(point[key]! - other[key]!), `${key} of step ${point.step}`).toBeLessThan(1e-4);
      }
      expect(Math.abs(point.gradNorm / other.gradNorm - 1), `gradNorm of step ${point.step}`).toBeLessThan(
        1e-4,
      );
    });
    const worst = Math.max(...ours.map((point, index) => Math.abs(point.loss - reference[index]!.loss)));
    console.log(`largest difference of a loss in 50 steps: ${worst.toExponential(1)}`);
  });
});
